"""action.yml, the command line, the outputs and the docs say the same."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import click
import yaml

from ci_toolkit.cli import action_inputs
from ci_toolkit.cli.main import cli
from ci_toolkit.report.outputs import outputs_of
from ci_toolkit.state import Source, State
from tests.harness.action_step import SCRIPTS

ROOT = Path(__file__).parent.parent.parent
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def test_action_yml_is_valid() -> None:
    command = [str(SCRIPTS / "check-jsonschema"), "--builtin-schema=vendor.github-actions", str(ROOT / "action.yml")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_every_input_is_read_and_every_input_that_is_read_is_there() -> None:
    read = {*action_inputs.VALUES, *action_inputs.SWITCHES, *action_inputs.LISTS, *action_inputs.OTHERS}
    assert read == set(ACTION["inputs"])


def test_inputs_are_named_as_the_flags_of_run() -> None:
    command = cli.get_command(click.Context(cli), "run")
    assert command is not None
    flags = {option: parameter for parameter in command.params for option in parameter.opts}
    for name in set(ACTION["inputs"]) - set(action_inputs.OTHERS):
        parameter = flags[f"--{name}"]
        assert isinstance(parameter, click.Option)
        assert parameter.is_flag == (name in action_inputs.SWITCHES), name
        assert parameter.multiple == (name in action_inputs.LISTS), name


def test_inputs_that_few_commands_take_are_handed_to_those() -> None:
    context = click.Context(cli)
    for name, takers in action_inputs.ONLY_FOR.items():
        commands = {each: cli.get_command(context, each) for each in cli.list_commands(context)}
        assert {
            each for each, command in commands.items() if command for p in command.params if f"--{name}" in p.opts
        } == set(takers)


def test_what_inputs_take_and_outputs_hold_is_what_the_schemas_say() -> None:
    config, state = (
        json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
        for name in ("ci-toolkit", "state")
    )
    command = cli.get_command(click.Context(cli), "run")
    assert command is not None
    (flag,) = (parameter for parameter in command.params if "--upload-sarif" in parameter.opts)
    assert isinstance(flag.type, click.Choice)
    assert list(flag.type.choices) == config["properties"]["sarif"]["properties"]["upload"]["enum"]
    described = ACTION["inputs"]["upload-sarif"]["description"]
    assert re.findall("`([a-z]+)`", described) == list(flag.type.choices)
    verdicts = re.findall("`([a-z]+)`", ACTION["outputs"]["verdict"]["description"])
    assert verdicts == state["$defs"]["verdict"]["enum"]


def test_every_output_is_made_and_every_output_that_is_made_is_there() -> None:
    state = State(tool_version="1", source=Source(images_hash="x"))
    for environment in (None, "staging"):
        made = outputs_of(state, ["app"], state_file="s", environment=environment, shown=str)
        assert list(made) == list(ACTION["outputs"])


def test_the_entry_points_are_the_packages_own_and_ignore_arguments() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    runs = ACTION["runs"]
    assert runs["using"] == "docker"
    for key in ("entrypoint", "post-entrypoint"):
        directory, _, name = runs[key].rpartition("/")
        assert directory == "/opt/ci-toolkit/bin"
        assert name in scripts
    assert "args" not in runs


def test_descriptions_are_sentences_and_defaults_are_text() -> None:
    for one in (*ACTION["inputs"].values(), *ACTION["outputs"].values()):
        assert re.fullmatch(r"[A-Z].*\.\n?", one["description"], re.DOTALL)
        assert isinstance(one.get("default", ""), str)
        assert not one.get("required")
