"""The small commands, and what every command does with a user's mistake: a word, a hint, the right exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.project import git

if TYPE_CHECKING:
    from collections.abc import Callable

Completed = subprocess.CompletedProcess[str]
CONFIG = """\
version: 1
images:
  app:
    repositories: ["oci:out/app"]
    tags: [fixed]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".ci-toolkit.yml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(root: Path, run_command: Callable[..., Completed]) -> Callable[..., Completed]:
    return lambda *arguments, cwd=root, **options: run_command(*arguments, cwd=cwd, **options)


def test_every_command_of_a_group_is_told_in_full(run: Callable[..., Completed]) -> None:
    listed = run("triage", "--help", env={"COLUMNS": "80"}).stdout.partition("Commands:")[2]
    assert "import" in listed
    assert "..." not in listed


def test_validate_says_so(run: Callable[..., Completed], root: Path) -> None:
    result = run("validate")
    assert (result.returncode, result.stderr) == (0, "")
    assert "valid (1 image)" in result.stdout
    (root / ".git").mkdir()
    (root / "deep/er").mkdir(parents=True)
    assert run("validate", cwd=root / "deep/er").returncode == 0


def test_validate_tells_everything_at_once(run: Callable[..., Completed], root: Path) -> None:
    (root / ".ci-toolkit.yml").write_text(
        CONFIG + "    platform: [x]\n    target: 1.10\nscann: {}\n", encoding="utf-8"
    )
    result = run("validate")
    assert result.returncode == 2
    lines = result.stderr.splitlines()
    assert [line.split(": ")[0] for line in lines[:3]] == [
        ".ci-toolkit.yml:6:5",
        ".ci-toolkit.yml:7:13",
        ".ci-toolkit.yml:8:1",
    ]
    assert "platforms" in lines[0]
    as_json = run("validate", "--format", "json")
    assert as_json.returncode == 2
    assert len(json.loads(as_json.stdout)["violations"]) == 3


def test_no_config_names_init(run_command: Callable[..., Completed], tmp_path: Path) -> None:
    result = run_command("run", cwd=tmp_path)
    assert result.returncode == 2
    assert "ci-toolkit init" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["deploy"], "deploy"),
        (["run", "--stepz", "build"], "--stepz"),
        (["run", "--steps", "build,deploy"], "there is no step 'deploy'"),
        (["build", "--image", "ap"], "there is no image 'ap'"),
        (["validate", "-c", "nowhere.yml"], "nowhere.yml"),
        (["state"], "no state"),
        (["push"], "no state"),
        (["scan", "--format", "xml"], "xml"),
    ],
)
def test_a_mistake_is_2_with_a_word_and_no_traceback(
    run: Callable[..., Completed], arguments: list[str], word: str
) -> None:
    result = run(*arguments)
    assert result.returncode == 2, result.stderr
    assert word in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_debug_shows_the_traceback(run: Callable[..., Completed]) -> None:
    assert "Traceback" in run("build", "--image", "ap", "--debug").stderr


def test_without_an_engine_a_build_is_3_and_says_what_to_do(run: Callable[..., Completed], root: Path) -> None:
    result = run("build", env={"DOCKER_HOST": f"unix://{root}/nobody.sock"})
    assert result.returncode == 3, result.stderr
    assert "next:" in result.stderr
    assert not (root / ".ci-toolkit/state.json").exists()


def test_tag_needs_nothing_but_the_config(run: Callable[..., Completed], root: Path) -> None:
    result = run("tag", "--format", "json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["images"]["app"]["tags"] == ["fixed"]
    assert (root / ".ci-toolkit/.gitignore").read_text() == "*\n!/ignore.yml\n"


def test_the_schema_is_printed_whole(run: Callable[..., Completed]) -> None:
    assert json.loads(run("schema").stdout)["properties"]["images"]
    assert json.loads(run("schema", "--state").stdout)["title"] == "ci-toolkit state"
    assert json.loads(run("schema", "--ignore").stdout)["title"] == "ci-toolkit ignored findings"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_each_shell(run: Callable[..., Completed], shell: str) -> None:
    result = run("completion", shell)
    assert result.returncode == 0
    assert "_CI_TOOLKIT_COMPLETE" in result.stdout


def test_completion_completes(run: Callable[..., Completed]) -> None:
    env = {"_CI_TOOLKIT_COMPLETE": "bash_complete", "COMP_WORDS": "ci-toolkit s", "COMP_CWORD": "1"}
    assert run(env=env).stdout.split() == ["plain,scan", "plain,sarif", "plain,state", "plain,schema"]


def test_init_writes_what_validates_and_never_overwrites(
    run_command: Callable[..., Completed], tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    printed = run_command("init", "--print", cwd=tmp_path)
    assert run_command("init", cwd=tmp_path).returncode == 0
    written = (tmp_path / ".ci-toolkit.yml").read_text(encoding="utf-8")
    assert written == printed.stdout
    assert run_command("validate", cwd=tmp_path).returncode == 0
    (tmp_path / ".ci-toolkit.yml").write_text("mine\n", encoding="utf-8")
    again = run_command("init", cwd=tmp_path)
    assert again.returncode == 2
    assert (tmp_path / ".ci-toolkit.yml").read_text(encoding="utf-8") == "mine\n"


def test_a_reader_that_goes_away_is_no_error(root: Path) -> None:
    command = Path(sys.executable).parent / "ci-toolkit"
    script = f"set -o pipefail; {command} schema | head -1"
    result = subprocess.run(["bash", "-c", script], cwd=root, capture_output=True, text=True, check=False)
    assert result.stderr == ""


def test_a_full_disk_at_standard_output_is_3(root: Path) -> None:
    command = Path(sys.executable).parent / "ci-toolkit"
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [command, "schema"], cwd=root, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert result.returncode == 3
    assert "No space left" in result.stderr


def test_version(run: Callable[..., Completed]) -> None:
    assert run("--version").stdout.startswith("ci-toolkit, version ")


@pytest.mark.parametrize("workdir", [".git/x", "../project/.Git", "link", ".github/workflows"])
def test_a_workdir_among_gits_own_files_is_refused(
    tmp_path: Path, run_command: Callable[..., Completed], workdir: str
) -> None:
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    (root / ".ci-toolkit.yml").write_text(CONFIG, encoding="utf-8")
    (root / "link").symlink_to(".git")
    for arguments in (("tag",), ("run", "--dry-run"), ("push",)):
        result = run_command(*arguments, "--workdir", workdir, cwd=root)
        assert result.returncode == 2
        assert f"{workdir.split('/')[-1]} is below .git or .github/workflows" in result.stderr
    (root / ".ci-toolkit").symlink_to(".git")
    assert "is below .git or" in run_command("tag", cwd=root).stderr
    assert not list((root / ".git").iterdir())


def test_a_worktree_below_some_git_directory_has_a_workdir(
    tmp_path: Path, run_command: Callable[..., Completed]
) -> None:
    worktree = tmp_path / ".git/trees/one"
    worktree.mkdir(parents=True)
    git(worktree, "init", "-q")
    (worktree / ".ci-toolkit.yml").write_text(CONFIG, encoding="utf-8")
    git(worktree, "add", "-A")
    git(worktree, "commit", "-q", "-m", "x")
    result = run_command("tag", cwd=worktree)
    assert result.returncode == 0, result.stderr
    outside = run_command("tag", "--workdir", "../../hooks", cwd=worktree)
    assert "is below .git or" in outside.stderr
