#!/usr/bin/env python3
"""Write the generated parts of the documentation; with --check, only say whether they are as generated.

A generated part stands between `<!-- NAME: begin -->` and `<!-- NAME: end -->`. To add one, write a function that
returns its Markdown and name it in GENERATED.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

from ci_toolkit.cli.main import cli
from ci_toolkit.config import schema
from ci_toolkit.manifests.formats import DESCRIPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
STEPS = ("build", "scan", "push", "pin", "promote")
SCHEMA = schema.load()
Node = dict[str, Any]


def option_tables() -> str:
    """A table for the top level of the config, and one for every mapping below it."""
    return "\n\n".join(_tables("", SCHEMA.document))


def _tables(path: str, node: Node) -> Iterator[str]:
    heading = f"### `{path}`\n\n{node['description']}" if path else "### Top level"
    rows = [
        _row(name, option, required=name in node.get("required", ())) for name, option in node["properties"].items()
    ]
    yield "\n".join([heading, "", "| option | type | default | meaning |", "|---|---|---|---|", *rows])
    for name, option in node["properties"].items():
        yield from _tables_below(f"{path}.{name}".strip("."), option)


def _tables_below(path: str, option: Node) -> Iterator[str]:
    node = SCHEMA.resolved(option)
    for branch in map(SCHEMA.resolved, node.get("oneOf", [node])):
        if "properties" in branch:
            yield from _tables(path, branch)
        elif isinstance(extra := branch.get("additionalProperties"), dict):
            yield from _tables_below(f"{path}.{ {'registries': 'HOST', 'images': 'NAME'}.get(path, 'ID') }", extra)
        elif "items" in branch:
            yield from _tables_below(f"{path}[]", branch["items"])


def _row(name: str, option: Node, *, required: bool) -> str:
    node = SCHEMA.resolved(option)
    default = "*required*" if required else _code(node["default"]) if node.get("default") not in (None, {}, []) else ""
    examples = [_code(example) for example in node["examples"] if "{" not in json.dumps(example) or _holds_text(node)]
    meaning = f"{node['description']} Example: {examples[0]}" if examples else node["description"]
    cells = (f"`{name}`", _type(node), default, meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _holds_text(node: Node) -> bool:
    return node.get("type") == "string"


def _type(option: Node) -> str:
    node = SCHEMA.resolved(option)
    if "oneOf" in node:
        return " or ".join(_type(branch) for branch in node["oneOf"])
    if "enum" in node:
        return ", ".join(f"`{word}`" for word in node["enum"])
    if node["type"] == "array":
        items = _type(node["items"])
        return "list of mappings" if items == "mapping" else f"list of {items}"
    words = {"object": "mapping", "integer": "whole number", "boolean": "true or false", "string": "text"}
    return {"duration": "duration", "date": "date"}.get(node.get("format", ""), words[node["type"]])


def _code(value: object) -> str:
    text = (
        value if isinstance(value, str) else re.sub(r'"([A-Za-z-]+)":', r"\1:", json.dumps(value, ensure_ascii=False))
    )
    return f"`{text}`"


def command_help() -> str:
    """A section for every command: what it does, its flags, its example."""
    context = click.Context(cli, info_name="ci-toolkit")
    return "\n\n".join(_command(context, name) for name in cli.list_commands(context))


def _command(parent: click.Context, name: str, level: str = "##") -> str:
    command = parent.command.get_command(parent, name) if isinstance(parent.command, click.Group) else None
    if command is None:
        sys.exit(f"generate_docs: no command {name}")
    context = click.Context(command, parent=parent, info_name=name)
    usage = " ".join(command.collect_usage_pieces(context))
    records = [p.get_help_record(context) for p in command.params if isinstance(p, click.Option)]
    cells = [tuple(re.sub(r"  +", " ", cell).replace("|", "\\|") for cell in record) for record in records if record]
    rows = [f"| `{flag}` | {meaning} |" for flag, meaning in cells]
    table = ["| flag | meaning |", "|---|---|", *rows] if rows else []
    example = (command.epilog or "").removeprefix("Example: ")
    page = "\n".join(
        [
            f"{level} `{context.command_path.removeprefix('ci-toolkit ')}`",
            "",
            inspect.cleandoc(command.help or ""),
            "",
            "```console",
            f"$ {example}",
            "```",
            "",
            f"`{context.command_path} {usage}`",
            "",
            *table,
        ]
    ).strip()
    below = command.list_commands(context) if isinstance(command, click.Group) else ()
    return "\n\n".join([page, *(_command(context, one, f"{level}#") for one in below)])


def action_inputs() -> str:
    """A table of the GitHub Action's inputs."""
    rows = [
        f"| `{name}` | {_code(one['default']) if one.get('default') else ''} | {_cell(one['description'])} |"
        for name, one in _action()["inputs"].items()
    ]
    return "\n".join(["| input | default | meaning |", "|---|---|---|", *rows])


def action_outputs() -> str:
    """A table of the GitHub Action's outputs."""
    rows = [f"| `{name}` | {_cell(one['description'])} |" for name, one in _action()["outputs"].items()]
    return "\n".join(["| output | meaning |", "|---|---|", *rows])


def _action() -> Node:
    action: Node = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return action


def gitlab_inputs() -> str:
    """A table of inputs for every GitLab template, the whole pipeline first."""
    files = sorted((ROOT / "templates/gitlab").glob("*.yml"), key=lambda file: ("template", *STEPS).index(file.stem))
    return "\n\n".join(_gitlab_template(file) for file in files)


def _gitlab_template(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    header = yaml.safe_load(text.partition("\n---\n")[0])
    rows = [
        f"| `{name}` | {one['type']} | {_gitlab_default(name, one)} | {_cell(one['description'])}{_choice(one)} |"
        for name, one in header["spec"]["inputs"].items()
    ]
    said = text.partition("\n")[0].removeprefix("# ")
    return "\n".join(
        [f"## `{file.name}`", "", said, "", "| input | type | default | meaning |", "|---|---|---|---|", *rows]
    )


def _gitlab_default(name: str, one: Node) -> str:
    if "default" not in one:
        return "*required*"
    default = one["default"]
    if name == "image":
        return "the release's own"
    if isinstance(default, str) and "@sha256:" in default:
        return f"`{default.partition('@')[0]}`, by digest"
    return _cell(_code(default)) if default != "" else ""


def _choice(one: Node) -> str:
    return f" One of {', '.join(_code(word) for word in one['options'])}." if "options" in one else ""


def manifest_formats() -> str:
    """A table of the formats that can be pinned."""
    rows = [
        f"| {_cell(each.name)} | {_cell(each.files)} | {_cell('; '.join(each.places))} | {_cell(each.writes)} |"
        for each in DESCRIPTIONS
    ]
    return "\n".join(["| format | files | places | written |", "|---|---|---|---|", *rows])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


GENERATED: dict[tuple[str, str], Callable[[], str]] = {
    ("docs/configuration.md", "options"): option_tables,
    ("docs/commands.md", "commands"): command_help,
    ("docs/action.md", "inputs"): action_inputs,
    ("docs/action.md", "outputs"): action_outputs,
    ("docs/gitlab-inputs.md", "inputs"): gitlab_inputs,
    ("docs/pin.md", "formats"): manifest_formats,
}
"""By file and name of the part: what makes it."""


def with_part(text: str, name: str, part: str) -> str:
    """The text with one generated part replaced."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        sys.exit(f"generate_docs: no {begin} … {end}")
    return f"{before}{begin}\n\n{part.strip()}\n\n{end}{after}"


def main() -> int:
    """Write what differs, or with --check say so and return 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if something would change")
    check = parser.parse_args().check
    stale = 0
    for (file, name), make in GENERATED.items():
        path = ROOT / file
        old = path.read_text(encoding="utf-8")
        new = with_part(old, name, make())
        if new != old and check:
            print(f"{file}: the part {name!r} is not as generated: run `make docs`")
            stale = 1
        elif new != old:
            path.write_text(new, encoding="utf-8")
            print(f"{file}: wrote the part {name!r}")
    return stale


if __name__ == "__main__":
    sys.exit(main())
