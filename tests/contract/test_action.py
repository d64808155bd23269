"""The action's entry points, run as GitHub runs them: hostile inputs, files that go back, the end of a job."""

from __future__ import annotations

import os
import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from tests.harness.action_step import SCRIPTS, Step
from tests.harness.as_root import as_root
from tests.harness.github_runner import read_log, read_values
from tests.harness.project import git

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def step(tmp_path: Path) -> Step:
    return Step(tmp_path)


def test_a_config_that_is_wrong_ends_with_2_and_an_annotation_beside_each_line(step: Step) -> None:
    git(step.workspace, "init", "-q")
    (step.workspace / ".ci-toolkit.yml").write_text(
        "version: 1\nimages:\n  app: { context: 5 }\n  web: { tagz: [] }\n"
    )
    result = step.run()
    assert result.returncode == 2
    errors = read_log(result.stderr).annotations("error")
    assert {each.properties["line"] for each in errors[:-1]} == {"3", "4"}
    assert {each.properties["file"] for each in errors[:-1]} == {".ci-toolkit.yml"}
    assert errors[-1].properties == {}
    summary = (step.files / "summary").read_text(encoding="utf-8")
    assert summary.startswith("## ❌ Failed: configuration or usage\n")
    shown = re.sub(r"\\(.)", r"\1", unescape(summary))
    places = re.findall(r"^- .ci-toolkit.yml:(\d):(\d+): ", shown, re.MULTILINE)
    assert places == [(each.properties["line"], each.properties["col"]) for each in errors[:-1]]
    assert {("3", "19"), ("4", "10")} <= set(places)
    assert "**Next:** " in summary


def test_the_page_of_a_wrong_config_commands_nothing(step: Step) -> None:
    (step.workspace / ".ci-toolkit.yml").write_text(
        'version: 1\nimages:\n  app:\n    "<img src=x>@octocat [a](javascript:x)": 1\n    "::error::x": 1\n'
    )
    result = step.run()
    summary = (step.files / "summary").read_text(encoding="utf-8")
    assert result.returncode == 2
    assert summary.count("\n- ") == 3
    for part in ("<img", "@octocat", "](", "::error"):
        assert part not in summary


def test_a_page_without_room_is_left_out_and_what_cannot_be_written_hides_nothing(step: Step) -> None:
    full = "x" * 1024 * 1024
    (step.files / "summary").write_text(full)
    assert step.run().returncode == 2
    assert (step.files / "summary").read_text() == full
    result = step.run(GITHUB_STEP_SUMMARY=str(step.files / "gone/summary"))
    assert result.returncode == 2
    assert "warning: can't write " in result.stderr
    (error,) = read_log(result.stderr).annotations("error")
    assert "ci-toolkit init" in error.data


@pytest.mark.parametrize(
    ("variables", "code", "says"),
    [
        ({"INPUT_ARGS": "promote 'staging"}, 2, "the input args can't be read"),
        ({"INPUT_DRY-RUN": "perhaps"}, 2, "the input dry-run is 'perhaps'"),
        ({"INPUT_ARGS": "deploy"}, 2, "No such command 'deploy'"),
        ({"INPUT_ARGS": "--no-such-flag"}, 2, "No such option"),
        ({"INPUT_CONFIG": "missing.yml"}, 2, "missing.yml"),
    ],
)
def test_what_is_wrong_with_the_inputs_is_told_as_an_error(
    step: Step, variables: dict[str, str], code: int, says: str
) -> None:
    result = step.run(**variables)
    assert result.returncode == code
    (error,) = read_log(result.stderr).annotations("error")
    assert says in error.data
    assert "Traceback" not in result.stderr
    assert (step.files / "summary").read_text().count("## ❌ Failed: configuration or usage\n") == 1


def test_another_command_and_a_hostile_path_and_home(step: Step) -> None:
    result = step.run(INPUT_ARGS="schema", PATH="/nonsense", HOME="/nonsense/home")
    assert (result.returncode, result.stderr) == (0, "")
    assert '"$schema"' in result.stdout


def test_hostile_inputs_make_no_command_and_no_file(step: Step) -> None:
    hostile = "$(touch planted)\n::set-output name=digest::evil\n##[set-env name=X]y"
    for name in ("CONFIG", "STEPS", "IMAGE", "WORKDIR", "ARGS", "DRY-RUN"):
        result = step.run(**{f"INPUT_{name}": hostile})
        assert result.returncode == 2, name
        commands = [*read_log(result.stderr).commands, *read_log(result.stdout).commands]
        assert {each.name for each in commands} == {"error"}, name
    assert not list(step.workspace.iterdir())


def test_the_workdir_is_handed_to_the_end_of_the_job(step: Step) -> None:
    (step.workspace / "deploy").mkdir()
    (step.workspace / "deploy/.ci-toolkit.yml").touch()
    for variables, expected in (
        ({"INPUT_CONFIG": "deploy/.ci-toolkit.yml"}, "deploy/.ci-toolkit"),
        ({"INPUT_WORKDIR": "build/ci"}, "build/ci"),
        ({"INPUT_ARGS": "run --workdir other"}, "other"),
        ({}, ".ci-toolkit"),
    ):
        step.run(**variables)
        assert read_values(step.files / "state") == {"workdir": str(step.workspace / expected)}


def test_an_input_that_a_command_does_not_take_is_passed_over_and_that_is_said(step: Step) -> None:
    result = step.run(INPUT_ARGS="schema", **{"INPUT_UPLOAD-SARIF": "always"})
    assert result.returncode == 0
    assert result.stderr == "the input upload-sarif means nothing to `schema`, and is passed over\n"
    hostile = step.run(INPUT_ARGS="'x\n::error::y'", **{"INPUT_UPLOAD-SARIF": "always"})
    assert hostile.returncode == 2
    assert [each.name for each in read_log(hostile.stderr).commands] == ["error"]
    assert "No such command" in read_log(hostile.stderr).annotations("error")[0].data


@pytest.mark.parametrize(
    ("workdir", "says"),
    [
        (".git", "is below .git or"),
        (".git/hooks", "is below .git or"),
        ("x/../.GIT/objects", "is below .git or"),
        (".github/workflows/x", "is below .git or"),
        ("hooks", "is below .git or"),
        ("..", "is outside of the workspace"),
        ("../workspace-evil", "is outside of the workspace"),
        ("/etc", "is outside of the workspace"),
        ("elsewhere/x", "is outside of the workspace"),
        ("", "is outside of the workspace"),
    ],
)
def test_a_workdir_where_nothing_is_written_is_refused(step: Step, tmp_path: Path, workdir: str, says: str) -> None:
    git(step.workspace, "init", "-q")
    (step.workspace / ".ci-toolkit.yml").write_text(
        "version: 1\nimages: { app: { repositories: [ghcr.io/acme/app] } }\n"
    )
    (step.workspace / "hooks").symlink_to(".git/hooks")
    (step.workspace / "elsewhere").symlink_to(tmp_path)
    (step.workspace / ".ci-toolkit").symlink_to(tmp_path / "home")
    before = sorted(tmp_path.rglob("*"))
    result = step.run(INPUT_WORKDIR=workdir, INPUT_STEPS="tag")
    assert result.returncode == 2
    (error,) = read_log(result.stderr).annotations("error")
    assert says in error.data
    assert {each.name for each in set(tmp_path.rglob("*")) - set(before)} <= {"summary", "state"}


def test_files_that_cannot_be_written_are_named(step: Step) -> None:
    result = step.run(GITHUB_STATE=str(step.files / "gone" / "state"))
    assert result.returncode == 3
    (error,) = read_log(result.stderr).annotations("error")
    assert "the file of GITHUB_STATE: No such file or directory" in error.data


def test_the_end_of_a_job_has_a_line_for_everything_and_never_fails(step: Step) -> None:
    left = step.temporary / f"ci-toolkit-{os.geteuid()}-run-0123456789abcdef"
    left.mkdir(mode=0o700)
    (left / "config.json").write_text("{}")
    result = step.run("ci-toolkit-action-post", STATE_workdir=str(step.workspace / ".ci-toolkit"))
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "there was no login",
        "removed what 1 killed run had left",
        "there was no builder",
    ]
    assert not left.exists()
    nothing = step.run("ci-toolkit-action-post", GITHUB_WORKSPACE="/nowhere", PATH="/nonsense")
    assert (nothing.returncode, nothing.stderr) == (0, "")
    assert nothing.stdout.splitlines() == ["there was no login", "there was no builder"]


def test_the_token_is_set_from_the_input_and_the_input_goes(tmp_path: Path) -> None:
    from ci_toolkit.cli.action import settle_in

    env = {"INPUT_GITHUB-TOKEN": "from-input", "PATH": "/nonsense", "HOME": str(tmp_path)}
    settle_in(env)
    assert env["GITHUB_TOKEN"] == "from-input"
    assert "INPUT_GITHUB-TOKEN" not in env
    assert env["PATH"].split(":")[1] == "/usr/local/bin"
    assert env["PATH"].endswith("/bin:/nonsense")
    stated = {"INPUT_GITHUB-TOKEN": "from-input", "GITHUB_TOKEN": "own", "HOME": str(tmp_path)}
    settle_in(stated)
    assert stated["GITHUB_TOKEN"] == "own"


def test_files_go_back_to_their_owner_whatever_came_of_it(step: Step, tmp_path: Path) -> None:
    (step.workspace / ".ci-toolkit.yml").write_text("version: 1\nimages: {}\n")
    as_root("touch", step.workspace / "made")
    as_root("chown", "12345:12345", step.workspace)
    variables = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": step.workspace,
        "HOME": tmp_path,
        "INPUT_ARGS": "validate",
    }
    settings = [f"{name}={value}" for name, value in variables.items()]
    as_root("sh", "-c", 'env -C "$0" "$@" || test $? = 2', step.workspace, *settings, SCRIPTS / "ci-toolkit-action")
    assert (step.workspace / "made").stat().st_uid == 12345


def test_what_it_leaves_in_the_jobs_home_goes_to_the_runners_user_at_the_end(step: Step) -> None:
    as_root("mkdir", "-p", step.home / ".cache/ci-toolkit")
    as_root("chown", "-R", "12345:12345", step.workspace, step.home)
    as_root("touch", step.home / ".cache/ci-toolkit/made", step.home / "made")
    as_root("chown", "-R", "0:0", step.home / ".cache")
    settings = [f"{name}={value}" for name, value in step.env().items()]
    during = as_root("env", "-C", step.workspace, *settings, "INPUT_ARGS=schema", SCRIPTS / "ci-toolkit-action")
    assert "$schema" in during
    assert (step.home / "made").stat().st_uid == 0, "later steps of the job find what they left"
    said = as_root("env", "-C", step.workspace, *settings, SCRIPTS / "ci-toolkit-action-post")
    assert as_root("find", step.home, "-not", "-user", "12345") == ""
    assert "files and directories to the runner's user" in said.splitlines()[-1]


@pytest.mark.parametrize("inputs", [{}, {"INPUT_CONFIG": "nowhere.yml"}, {"INPUT_ARGS": "promote staging"}])
def test_without_a_config_it_is_said_how_to_begin(step: Step, inputs: dict[str, str]) -> None:
    result = step.run(**inputs)
    assert result.returncode == 2
    (error,) = read_log(result.stderr).annotations("error")
    assert "`ci-toolkit init` writes one, with `--github` a workflow" in error.data
