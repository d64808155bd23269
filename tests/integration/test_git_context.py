"""The context that real git repositories give."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.ci.context import detect_context
from ci_toolkit.errors import ToolError
from ci_toolkit.model.context import CiContext
from ci_toolkit.process import SystemRunner
from ci_toolkit.redact import Redactor
from tests.harness.project import git

if TYPE_CHECKING:
    from pathlib import Path


def context_of(root: Path, env: dict[str, str] | None = None) -> CiContext:
    return detect_context(SystemRunner({**os.environ, "HOME": str(root)}, Redactor()), root, env or {})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q")
    (root / "file").write_text("1")
    git(root, "add", "file")
    git(root, "commit", "-q", "-m", "first", "--date=2026-01-02T03:04:05+02:00")
    return root


def test_a_checkout_with_tags_and_origin(repository: Path) -> None:
    git(repository, "tag", "v1.0.0-rc.1")
    git(repository, "tag", "-a", "v1.0.0", "-m", "annotated")
    git(repository, "tag", "zzz")
    git(repository, "remote", "add", "origin", "https://me:s3cret@example.com/acme/app.git")
    git(repository, "update-ref", "refs/remotes/origin/trunk", "HEAD")
    git(repository, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    context = context_of(repository)
    assert context.revision == git(repository, "rev-parse", "HEAD")
    assert context.committed_at is not None
    assert context.committed_at.isoformat() == git(repository, "log", "-1", "--format=%cI").replace("Z", "+00:00")
    assert (context.branch, context.tag, context.default_branch) == ("main", "v1.0.0", "trunk")
    assert set(context.tags) == {"v1.0.0", "v1.0.0-rc.1", "zzz"}
    assert context.source_url == "https://example.com/acme/app"
    assert (context.dirty, context.shallow, context.platform, context.event) == (False, False, "local", "local")


def test_a_subdirectory_belongs_to_its_repository(repository: Path) -> None:
    (repository / "a" / "b").mkdir(parents=True)
    assert context_of(repository / "a" / "b").revision == git(repository, "rev-parse", "HEAD")


def test_changes_of_tracked_files_make_it_dirty_and_others_do_not(repository: Path) -> None:
    (repository / "untracked").write_text("x")
    assert not context_of(repository).dirty
    (repository / "file").write_text("2")
    assert context_of(repository).dirty


def test_a_detached_head(repository: Path) -> None:
    git(repository, "tag", "v1.0.0")
    git(repository, "commit", "-q", "--allow-empty", "-m", "second")
    git(repository, "checkout", "-q", "v1.0.0")
    context = context_of(repository)
    assert (context.branch, context.tag) == (None, "v1.0.0")


def test_no_commit_yet(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    context = context_of(tmp_path)
    assert (context.revision, context.committed_at, context.branch) == (None, None, "main")


def test_no_repository(tmp_path: Path) -> None:
    assert context_of(tmp_path) == CiContext()


def test_a_shallow_clone_says_so(repository: Path, tmp_path: Path) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "second")
    git(repository, "tag", "v1.0.0")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", "shallow")
    context = context_of(tmp_path / "shallow")
    assert (context.shallow, context.tags, context.source_url) == (True, ("v1.0.0",), None)


def test_a_worktree(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    assert context_of(tmp_path / "side").branch == "side"


@pytest.mark.parametrize("branch", ["$(touch${IFS}p)", "-;id", "--upload-pack=x", "ünï/çode", "a##]b"])
def test_a_hostile_branch_is_only_a_name(repository: Path, branch: str) -> None:
    git(repository, "update-ref", f"refs/heads/{branch}", "HEAD")
    git(repository, "symbolic-ref", "HEAD", f"refs/heads/{branch}")
    assert context_of(repository).branch == branch
    assert not (repository / "p").exists()


def test_a_checkout_of_another_user_is_read_and_no_configuration_touched(repository: Path) -> None:
    wrapper = repository.parent / "bin" / "git"
    wrapper.parent.mkdir()
    # git's own switch for its tests: every owner is another one, without needing to be root.
    wrapper.write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {shutil.which("git")} "$@"\n')
    wrapper.chmod(0o755)
    refused = subprocess.run([wrapper, "status"], cwd=repository, capture_output=True, check=False)
    assert b"dubious ownership" in refused.stderr
    env = {**os.environ, "HOME": str(repository), "PATH": f"{wrapper.parent}:{os.environ['PATH']}"}
    context = detect_context(SystemRunner(env, Redactor()), repository, {})
    assert context.revision == git(repository, "rev-parse", "HEAD")
    assert not (repository / ".gitconfig").exists()


def test_a_checkouts_own_fsmonitor_is_not_started(repository: Path) -> None:
    program = repository.parent / "monitor"
    program.write_text(f"#!/bin/sh\ntouch {repository.parent}/started\n")
    program.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(program))
    context_of(repository)
    assert not (repository.parent / "started").exists()


def test_a_broken_repository_is_an_error(repository: Path) -> None:
    shutil.rmtree(repository / ".git" / "objects")
    (repository / ".git" / "HEAD").write_text("nonsense")
    with pytest.raises(ToolError, match="git"):
        context_of(repository)


def test_the_ci_systems_variables_go_over_it(repository: Path) -> None:
    env = {"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/tags/v9.0.0", "GITHUB_EVENT_NAME": "push"}
    context = context_of(repository, env)
    assert (context.platform, context.tag, context.branch) == ("github", "v9.0.0", None)
    assert context_of(repository, {"GITLAB_CI": "true"}).platform == "gitlab"
