"""`ci-toolkit commit` in every kind of clone: shallow, blobless, linked, with line ends of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.committing import (
    REGISTRY,
    Checkout,
    Remote,
    clone,
    config,
    digest,
    make_remote,
    project_files,
    push_as_somebody_else,
)
from tests.harness.pinning import pod
from tests.harness.project import git

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

APP = f"{REGISTRY}/app"
PINNED = f"{APP}:1.0@{digest('a')}"


@pytest.mark.parametrize("flags", [("--depth=1",), ("--depth=1", "--no-single-branch"), ("--filter=blob:none",)])
def test_clones_that_lack_history(remote: Remote, tmp_path: Path, flags: tuple[str, ...]) -> None:
    remote.git("config", "uploadpack.allowFilter", "true")
    push_as_somebody_else(remote, tmp_path / "other", {"notes.txt": "second\n"})
    checkout = clone(remote, tmp_path / "checkout", {"app": digest("a")}, *flags)
    push_as_somebody_else(remote, tmp_path / "another", {"notes.txt": "third\n"})
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert (remote.read("notes.txt"), remote.read("deploy/app.yaml")) == ("third\n", pod(PINNED))
    assert remote.count() == 4


def test_a_shallow_clone_and_a_branch_that_it_does_not_have(remote: Remote, tmp_path: Path) -> None:
    remote.git("branch", "live", "main")
    push_as_somebody_else(
        remote, tmp_path / "other", {".ci-toolkit.yml": config("app", commit="{ mode: push, branch: live }")}
    )
    checkout = clone(remote, tmp_path / "checkout", {"app": digest("a")}, "--depth=1")
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert (remote.count(), remote.count("live")) == (2, 2)
    assert remote.changed("live") == ["deploy/app.yaml"]
    assert checkout.git("status", "--porcelain") == "M deploy/app.yaml"


def test_a_whole_clone_stays_one(remote: Remote, checkout: Checkout, tmp_path: Path) -> None:
    push_as_somebody_else(remote, tmp_path / "other", {"notes.txt": "second\n"})
    assert checkout.pin_and_commit().returncode == 0
    assert checkout.git("rev-parse", "--is-shallow-repository") == "false"
    checkout.git("checkout", "-q", "--", "deploy")
    checkout.git("pull", "-q", "--ff-only", "origin", "main")
    assert checkout.git("rev-list", "--count", "HEAD") == "3"


@pytest.mark.parametrize(
    ("attributes", "settings", "committed", "written"),
    [
        ("*.yaml text eol=crlf\n", {}, "\n", "\r\n"),
        ("*.yaml text=auto\n", {"core.autocrlf": "true"}, "\n", "\r\n"),
        ("", {"core.autocrlf": "true"}, "\n", "\r\n"),
        ("", {"core.autocrlf": "input"}, "\n", "\n"),
        ("*.yaml -text\n", {"core.autocrlf": "true"}, "\r\n", "\r\n"),
        ("*.yaml text working-tree-encoding=UTF-8\n", {}, "\n", "\n"),
    ],
)
def test_line_ends_are_committed_as_git_would(
    tmp_path: Path, attributes: str, settings: Mapping[str, str], committed: str, written: str
) -> None:
    manifest = pod(f"{APP}:0.9").replace("\n", committed).encode()
    remote = make_remote(
        tmp_path / "remote.git", {**project_files(), ".gitattributes": attributes, "deploy/app.yaml": manifest}
    )
    flags = [flag for name, value in settings.items() for flag in ("-c", f"{name}={value}")]
    checkout = clone(remote, tmp_path / "checkout", {"app": digest("a")}, *flags)
    assert (checkout.root / "deploy/app.yaml").read_bytes() == pod(f"{APP}:0.9").replace("\n", written).encode()
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert remote.bytes("deploy/app.yaml") == pod(PINNED).replace("\n", committed).encode()
    assert (checkout.root / "deploy/app.yaml").read_bytes() == pod(PINNED).replace("\n", written).encode()
    assert checkout.git("status", "--porcelain") == ""


def test_the_executable_bit_is_kept(remote: Remote, checkout: Checkout, tmp_path: Path) -> None:
    other = tmp_path / "other"
    push_as_somebody_else(remote, other, {"notes.txt": "x\n"})
    checkout.git("pull", "-q")
    checkout.git("update-index", "--chmod=+x", "deploy/app.yaml")
    (checkout.root / "deploy/app.yaml").chmod(0o755)
    checkout.git("commit", "-q", "-m", "executable")
    checkout.git("push", "-q", "origin", "main")
    checkout.hand_state_on()
    assert checkout.pin_and_commit().returncode == 0
    assert remote.git("ls-tree", "main", "deploy/app.yaml").startswith("100755")
    assert remote.read("deploy/app.yaml") == pod(PINNED)


def test_a_config_in_a_subdirectory_and_a_link_to_a_manifest(tmp_path: Path) -> None:
    here = "services/a [1]*"
    remote = make_remote(
        tmp_path / "remote.git",
        {f"{here}/.ci-toolkit.yml": config("app"), f"{here}/base/app.yaml": pod(f"{APP}:0.9"), "other.yaml": pod(APP)},
    )
    seed = tmp_path / "link"
    push_as_somebody_else(remote, seed, {f"{here}/base/other.txt": "x"})
    (seed / here / "deploy").symlink_to("base")
    git(seed, "add", "-A")
    git(seed, "commit", "-q", "-m", "link")
    git(seed, "push", "-q", "origin", "HEAD:main")
    git(tmp_path, "clone", "-q", f"file://{remote.path}", str(tmp_path / "checkout"))
    checkout = Checkout(tmp_path / "checkout" / here, {"app": digest("a")})
    (checkout.root / ".ci-toolkit.yml").write_text(config("app").replace("deploy/**", "deploy"))
    checkout.hand_state_on()
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert remote.read(f"{here}/base/app.yaml") == pod(PINNED)
    assert checkout.state().commits[0].files == ("base/app.yaml",)
    assert checkout.git("status", "--porcelain") == 'M "services/a [1]*/.ci-toolkit.yml"'


def test_no_hook_runs_and_nothing_is_asked(remote: Remote, checkout: Checkout, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    for name in ("pre-commit", "commit-msg", "post-commit", "pre-push", "reference-transaction", "post-checkout"):
        path = checkout.root / ".git/hooks" / name
        path.write_text(f"#!/bin/sh\ntouch {ran}-{name}\nexit 1\n")
        path.chmod(0o755)
    for name, value in {
        "commit.gpgSign": "true",
        "gpg.program": "/bin/false",
        "core.fsmonitor": f"touch {ran}-fsmonitor",
        "core.editor": f"touch {ran}-editor",
        "push.gpgSign": "if-asked",
    }.items():
        checkout.git("config", name, value)
    checkout.env["GIT_EDITOR"] = f"touch {ran}-editor"
    assert checkout.pin_and_commit().returncode == 0
    assert remote.count() == 2
    assert list(tmp_path.glob("ran*")) == []


def test_a_linked_worktree(remote: Remote, checkout: Checkout, tmp_path: Path) -> None:
    checkout.git("worktree", "add", "-q", "-b", "live", str(tmp_path / "linked"))
    checkout.git("push", "-q", "origin", "live")
    linked = Checkout(tmp_path / "linked", checkout.digests)
    linked.hand_state_on()
    result = linked.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert remote.read("deploy/app.yaml", "live") == pod(PINNED)
    assert linked.git("status", "--porcelain") == ""
    assert linked.git("rev-parse", "HEAD") == remote.head("live")
    assert checkout.git("status", "--porcelain") == ""


def test_a_plain_clone_without_history_follows_its_commit(remote: Remote, tmp_path: Path) -> None:
    checkout = clone(remote, tmp_path / "shallow", {"app": digest("a")}, "--depth=1")
    assert checkout.pin_and_commit().returncode == 0
    assert checkout.git("rev-parse", "HEAD") == remote.head()
    assert checkout.git("status", "--porcelain") == ""
