#!/usr/bin/env python3
"""Write templates/gitlab out of templates/parts; with --check, only say whether it is as generated.

A part is what a template is in GitLab: inputs, `---`, jobs. `base.yml` has what every job has; a template of one step
is the base and its part, with those inputs that it uses. `template.yml` is all of them in one file, since a file that
is included from elsewhere can't include its neighbours; there an input that means something else in each part has the
part's name before its own. `integrity.txt` has the hashes for `include: integrity`.

It works on text, so that comments stay and a release needs nothing but Python.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTICE = "# Made by scripts/generate_templates.py: change templates/parts and run `make docs`.\n"
STEPS = ("build", "scan", "push", "pin", "promote")
WHOLE = "# The whole pipeline: build, scan, push, pin, and two promotions that are off until their rules are given.\n"
OWN = ("stage", "rules", "url", "after", "when")
"""The inputs that mean something else in each part."""
BASE = '".$[[ inputs.job-prefix ]]-base"'


@dataclass(frozen=True)
class Part:
    """A file of templates/parts, taken apart."""

    comment: str
    inputs: dict[str, str]
    """By name: the lines of its definition, the first being the name."""
    body: str

    @classmethod
    def read(cls, file: Path) -> Part:
        """Take a part apart."""
        header, _, body = file.read_text(encoding="utf-8").partition("\n---\n")
        comment, found, inputs = header.partition("spec:\n  inputs:\n")
        if not found or not body:
            sys.exit(f"generate_templates: {file} isn't `spec:`, `  inputs:`, `---` and jobs")
        blocks = re.split(r"^(?=    \S)", f"{inputs}\n", flags=re.MULTILINE)
        return cls(comment, {block.split(":")[0].strip(): block for block in blocks if block}, body)

    def renamed(self, names: dict[str, str], definitions: dict[str, str]) -> Part:
        """The part with inputs of other names, some of them defined otherwise."""
        inputs = {
            names.get(name, name): re.sub(r"^    [\w-]+", f"    {names.get(name, name)}", block)
            for name, block in self.inputs.items()
        }
        body = re.sub(
            r"\$\[\[ inputs\.([\w-]+) \]\]", lambda use: f"$[[ inputs.{names.get(use[1], use[1])} ]]", self.body
        )
        return Part(self.comment, inputs | {k: v for k, v in definitions.items() if k in inputs}, body)


def _promotion(environment: str, after: str, when: str) -> tuple[dict[str, str], dict[str, str]]:
    """New names and definitions for the inputs of a promotion in the whole pipeline."""
    names = {"environment": environment} | {name: f"{environment}-{name}" for name in OWN}
    meant = {
        environment: f"The environment of the config, and of GitLab, that the {environment} promotion is to.",
        f"{environment}-after": "The job whose state is promoted, without the prefix.",
        f"{environment}-when": "Whether somebody starts it, `manual`, or it starts by itself, `on_success`.",
        f"{environment}-rules": "Where images may be promoted. The job isn't there by default.",
    }
    word = "      regex: ^[A-Za-z0-9][A-Za-z0-9._-]*$\n"
    rest = {
        environment: f"      default: {environment}\n{word}",
        f"{environment}-after": f"      default: {after}\n{word}",
        f"{environment}-when": f"      default: {when}\n      options: [manual, on_success]\n",
        f"{environment}-rules": "      default:\n        - when: never\n",
    }
    kind = {name: "array" if name.endswith("-rules") else "string" for name in meant}
    return names, {
        name: f"    {name}:\n      description: {text}\n      type: {kind[name]}\n{rest[name]}"
        for name, text in meant.items()
    }


def generated() -> dict[str, str]:
    """Every template by its file name."""
    parts = ROOT / "templates/parts"
    base = Part.read(parts / "base.yml")
    steps = {name: Part.read(parts / f"{name}.yml") for name in STEPS}
    own = {name: name for name in STEPS} | {"promote": "promote-$[[ inputs.environment ]]"}
    files = {
        f"{name}.yml": _template(part.comment, base, [part], base_name=BASE.replace("-base", f"-{own[name]}-base"))
        for name, part in steps.items()
    }
    whole = [steps[name].renamed({own: f"{name}-{own}" for own in OWN}, {}) for name in STEPS[:-1]]
    whole.append(steps["promote"].renamed(*_promotion("staging", "pin", "on_success")))
    whole.append(steps["promote"].renamed(*_promotion("production", "promote-staging", "manual")))
    files["template.yml"] = _template(WHOLE, base, whole, base_name=BASE)
    return files


def _template(comment: str, base: Part, parts: list[Part], *, base_name: str) -> str:
    body = "\n".join([base.body, *(part.body for part in parts)]).replace(BASE, base_name)
    used = set(re.findall(r"\$\[\[ inputs\.([\w-]+) \]\]", body))
    inputs = base.inputs | {name: block for part in parts for name, block in part.inputs.items()}
    if missing := used - inputs.keys():
        sys.exit(f"generate_templates: no part defines {', '.join(sorted(missing))}")
    header = "".join(block for name, block in inputs.items() if name in used)
    return f"{comment}{NOTICE}spec:\n  inputs:\n{header}---\n{body}"


def integrity(files: dict[str, str]) -> str:
    """A line for each file: its name and what `include: integrity` wants of it (W3C, Subresource Integrity)."""
    hashes = {name: hashlib.sha256(text.encode()).digest() for name, text in files.items()}
    return "".join(f"{name} sha256-{base64.b64encode(digest).decode()}\n" for name, digest in hashes.items())


def write(*, check: bool = False) -> int:
    """Write what differs; with `check` say so and return 1."""
    files = generated()
    stale = 0
    for name, text in {**files, "integrity.txt": integrity(files)}.items():
        path = ROOT / "templates/gitlab" / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale = 1
        if check:
            print(f"templates/gitlab/{name} is not as generated: run `make docs`")
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote templates/gitlab/{name}")
    return stale if check else 0


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if something would change")
    return write(check=parser.parse_args().check)


if __name__ == "__main__":
    sys.exit(main())
