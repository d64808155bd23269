"""The action's inputs as a command line."""

from __future__ import annotations

import pytest

from ci_toolkit.cli.action_inputs import arguments, value_of
from ci_toolkit.errors import UsageError


def env(**inputs: str) -> dict[str, str]:
    """As the runner sets it: capitals, hyphens kept."""
    return {f"INPUT_{name.replace('_', '-').upper()}": value for name, value in inputs.items()}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, ["run"]),
        ({"config": "", "image": " ", "dry_run": "false", "args": ""}, ["run"]),
        ({"config": "deploy/.ci-toolkit.yml"}, ["run", "--config=deploy/.ci-toolkit.yml"]),
        ({"steps": "build,tag,scan"}, ["run", "--steps=build,tag,scan"]),
        ({"image": "app, web\n worker \n\n"}, ["run", "--image=app", "--image=web", "--image=worker"]),
        ({"dry_run": "True"}, ["run", "--dry-run"]),
        ({"workdir": "build/ci", "upload_sarif": "never"}, ["run", "--workdir=build/ci", "--upload-sarif=never"]),
        ({"args": "-v --no-gate", "steps": "push"}, ["run", "--steps=push", "-v", "--no-gate"]),
        (
            {"args": "promote staging --from build", "config": "c.yml"},
            ["promote", "--config=c.yml", "staging", "--from", "build"],
        ),
        ({"args": "promote prod --override 'it is \"urgent\"'"}, ["promote", "prod", "--override", 'it is "urgent"']),
        ({"args": "promote staging", "upload_sarif": "always", "config": "c"}, ["promote", "--config=c", "staging"]),
        ({"args": "sarif", "upload_sarif": "always"}, ["sarif", "--upload-sarif=always"]),
        ({"config": "--debug"}, ["run", "--config=--debug"]),
        ({"image": "$(touch p)"}, ["run", "--image=$(touch p)"]),
    ],
)
def test_inputs_are_flags(inputs: dict[str, str], expected: list[str]) -> None:
    assert arguments(env(**inputs)) == expected


def test_only_what_the_runner_sets_is_an_input() -> None:
    assert arguments({"INPUT_DRY_RUN": "true", "DRY-RUN": "true"}) == ["run"]


@pytest.mark.parametrize("value", ["yes", "1", "on", "tRUE", "falsch"])
def test_a_switch_is_true_or_false(value: str) -> None:
    with pytest.raises(UsageError, match=r"the input dry-run is .* takes true or false"):
        arguments(env(dry_run=value))


@pytest.mark.parametrize("value", ["promote 'staging", 'run "', "run \\"])
def test_an_open_quote_is_told(value: str) -> None:
    with pytest.raises(UsageError, match="the input args can't be read: No "):
        arguments(env(args=value))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["run"], None),
        (["run", "--workdir=a"], "a"),
        (["run", "--workdir", "b"], "b"),
        (["run", "--workdir=a", "--workdir", "b"], "b"),
        (["run", "--workdir"], None),
        (["run", "--workdirs=x"], None),
        (["run", "-w", "c"], "c"),
        (["run", "-wd"], "d"),
        (["run", "-w=e"], "=e"),
    ],
)
def test_the_last_value_of_a_flag_counts(line: list[str], expected: str | None) -> None:
    assert value_of(line, "--workdir", "-w") == expected
