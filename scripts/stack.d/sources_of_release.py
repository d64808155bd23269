"""Print apt sources like the machine's own, for another release of the same distribution.

usage: sources_of_release.py CODENAME RELEASE FILE...

Reads one-line (.list) and deb822 (.sources) files. Keeps what serves CODENAME's
``main`` component, with its options and keys, and asks it for RELEASE instead;
third parties, updates and backports have no such release and are left out.
The answer is in deb822 form.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<parts>[^#]+)")


def stanzas(path: Path) -> Iterator[dict[str, str]]:
    """The entries of a file as deb822 fields, names in lower case."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".sources":
        for block in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text)):
            fields = re.findall(r"(?m)^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", block)
            yield {name.lower(): value.rstrip() for name, value in fields}
        return
    for line in text.splitlines():
        if match := ONE_LINE.match(line.strip()):
            options = dict(option.split("=", 1) for option in (match["options"] or "").split() if "=" in option)
            kept = {name: options[name] for name in ("signed-by", "trusted") if name in options}
            parts = match["parts"].strip()
            yield {"types": "deb", "uris": match["uri"], "suites": match["suite"], "components": parts} | kept


def main(codename: str, release: str, *files: str) -> None:
    for file in files:
        for entry in stanzas(Path(file)):
            wanted = codename in entry.get("suites", "").split() and "main" in entry.get("components", "").split()
            if wanted and "deb" in entry.get("types", "").split() and entry.get("enabled", "yes") != "no":
                entry |= {"types": "deb", "suites": release, "components": "main"}
                print("\n".join(f"{name.title()}: {value}" for name, value in entry.items()), end="\n\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
