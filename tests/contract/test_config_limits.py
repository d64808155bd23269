"""Bombs: a config that promises more than it holds is refused within 2 s and 200 MB, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.configs import GOLDEN, SMALL, written

if TYPE_CHECKING:
    from pathlib import Path

_CHILD = """
import json, sys, time
from pathlib import Path
from ci_toolkit.config.load import load
from ci_toolkit.errors import ConfigError
start = time.monotonic()
try:
    load(Path(sys.argv[1]), {"BIG": "x" * 60_000})
    refused = None
except ConfigError as error:
    refused = [error.exit_code, *error.violations[:3]]
# Not `ru_maxrss`: that begins with what the parent had when it forked.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
kilobytes = int(status["VmHWM"].split()[0])
print(json.dumps({"refused": refused, "seconds": time.monotonic() - start, "kilobytes": kilobytes}))
"""


def _aliases() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    return "\n".join(lines)


def _merges() -> str:
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, 12)]
    return "\n".join(lines)


def _wide_merges() -> str:
    base = "a: &a {" + ", ".join(f"k{i}: v" for i in range(3_000)) + "}\n"
    return base + "".join(f"b{i}: {{<<: *a}}\n" for i in range(3_000))


BOMBS = {
    "aliases": _aliases(),
    "merges": _merges(),
    "wide merges": _wide_merges(),
    "long text by aliases": f"a: &a {'x' * 500_000}\nb: [{', '.join(['*a'] * 15_000)}]",
    "many values": "a: [" + "x, " * 300_000 + "]",
    "many keys": "".join(f"key{i}: x\n" for i in range(80_000)),
    "many unknown keys": SMALL + "".join(f"key{i}: x\n" for i in range(4_900)),
    "many wrong images": "version: 1\nimages:\n" + "".join(f"  Image{i}: {{ contxt: 1 }}\n" for i in range(1_600)),
    "many duplicates": SMALL + "version: 1\n" * 4_900,
    "flow nesting": "[" * 1_000_000,
    "block nesting": "- " * 500_000,
    "question marks": "? " * 500_000,
    "braces": "{" * 500_000,
    "long digits": SMALL + f"pin: [{{ files: [a], expect: {'9' * 1_000_000} }}]",
    "long word": SMALL + f"    target: {'x' * 1_000_000}",
    "long blanks": SMALL + f'    title: "{"x" * 500_000}\\n"',
    "long reference": f"version: 1\nimages:\n  app:\n    repositories: [{'a-' * 400_000}]",
    "long host": f'{SMALL}registries:\n  ? "{"a." * 400_000}"\n  : {{}}\n',
    "long template": SMALL + f'    tags: ["{"{" * 400_000}"]',
    "long path": SMALL + f"    context: {'a/' * 400_000}..",
    "long key": SMALL + f"? {'k' * 900_000}\n: x\n",
    "variables": SMALL + "    build-args:\n" + "".join(f"      A{i}: ${{BIG}}${{BIG}}\n" for i in range(4_900)),
    "many dollars": SMALL + f"    target: {'${' * 400_000}",
    "anchors": SMALL + "x: [" + "".join(f"&a{i} x, " for i in range(80_000)) + "]",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb(tmp_path: Path, name: str) -> None:
    file = written(tmp_path, BOMBS[name])
    result = subprocess.run(
        [sys.executable, "-c", _CHILD, str(file)], capture_output=True, text=True, timeout=60, check=True
    )
    outcome: dict[str, Any] = json.loads(result.stdout)
    assert outcome["refused"][0] == 2
    assert outcome["refused"][1].startswith(f"{file}:")
    assert outcome["seconds"] < 10, "far above what it takes, far below what a bomb does"
    assert outcome["kilobytes"] < 200_000


def test_a_right_config_costs_no_import_of_the_library() -> None:
    code = (
        "import sys; from pathlib import Path; from ci_toolkit.config.load import load; load(Path(sys.argv[1]), {});"
        "print(sorted({'jsonschema', 'requests', 'docker', 'rich'} & set(sys.modules)))"
    )
    small = GOLDEN / "right" / "small.yml"
    result = subprocess.run([sys.executable, "-c", code, str(small)], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
