"""Several at one branch: pushes that are refused, heads that moved, runs that are killed; nobody's work is lost."""

from __future__ import annotations

import shutil
import signal
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
    push_as_somebody_else,
)
from tests.harness.pinning import pod
from tests.harness.workplace import until

if TYPE_CHECKING:
    from pathlib import Path

APP, WEB = f"{REGISTRY}/app", f"{REGISTRY}/web"
PINNED = f"{APP}:1.0@{digest('a')}"
BEFORE = pod(f"{APP}:0.9", f"{WEB}:0.9")


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return make_remote(tmp_path / "remote.git", {".ci-toolkit.yml": config("app"), "deploy/app.yaml": BEFORE})


def at_the_push(checkout: Checkout, script: str) -> None:
    """Have this done once, right before git's first push; `$REAL` is git itself."""
    place = checkout.root.parent / "bin"
    place.mkdir()
    real = shutil.which("git")
    wrapper = place / "git"
    wrapper.write_text(
        f'#!/bin/sh\nREAL={real}\ncase " $* " in *" push --porcelain "*)\n'
        f'if mkdir {place}/once 2>/dev/null; then\n{script}\nfi;; esac\nexec $REAL "$@"\n'
    )
    wrapper.chmod(0o755)
    checkout.env["PATH"] = f"{place}:{checkout.environment()['PATH']}"


def meanwhile(remote: Remote, checkout: Checkout, files: dict[str, str | bytes | None]) -> str:
    """Have somebody else's commit come in right before the first push."""
    before = remote.head()
    theirs = push_as_somebody_else(remote, checkout.root.parent / "somebody", files)
    remote.git("update-ref", "refs/heads/main", before)
    remote.git("update-ref", "refs/heads/theirs", theirs)
    at_the_push(checkout, f"$REAL -C {remote.path} update-ref refs/heads/main {theirs}")
    return theirs


def test_another_line_of_the_same_file(remote: Remote, checkout: Checkout) -> None:
    here = checkout.git("rev-parse", "HEAD")
    web = f"{WEB}:2.0@{digest('b')}"
    theirs = meanwhile(remote, checkout, {"deploy/app.yaml": "# new\n" + pod(f"{APP}:0.9", web), "other": "x"})
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert "has moved on; trying again" in result.stderr
    assert remote.read("deploy/app.yaml") == "# new\n" + pod(PINNED, web)
    assert remote.git("rev-parse", "main^") == theirs
    assert remote.changed() == ["deploy/app.yaml"]
    assert checkout.git("rev-parse", "HEAD") == here
    assert checkout.git("diff", "--name-only", "HEAD") == "deploy/app.yaml"
    assert "git pull" in result.stderr


def test_the_same_line_with_another_digest_is_replaced_with_a_word(remote: Remote, checkout: Checkout) -> None:
    theirs = meanwhile(remote, checkout, {"deploy/app.yaml": pod(f"{APP}:0.9.5@{digest('c')}", f"{WEB}:0.9")})
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert f"0.9.5@{digest('c')} came meanwhile" in result.stderr
    assert remote.read("deploy/app.yaml") == pod(PINNED, f"{WEB}:0.9")
    assert remote.git("rev-parse", "main^") == theirs


def test_a_head_that_holds_the_digest_already_needs_no_commit(remote: Remote, checkout: Checkout) -> None:
    theirs = meanwhile(remote, checkout, {"deploy/app.yaml": pod(PINNED, f"{WEB}:0.9")})
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert "nothing to commit" in result.stderr
    assert remote.head() == theirs
    assert checkout.git("rev-parse", "HEAD") == theirs
    assert checkout.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    "files",
    [
        {"deploy/app.yaml": None, "deploy/new.yaml": pod(f"{APP}:0.9")},
        {"deploy/app.yaml": pod(f"{WEB}:0.9"), "deploy/new.yaml": pod(f"{APP}:0.9")},
        {"deploy/app.yaml": None},
        {"deploy/app.yaml": "kind: [\n"},
    ],
    ids=["moved", "place gone", "file gone", "unreadable"],
)
def test_a_place_that_is_gone_is_5_and_named(
    remote: Remote, checkout: Checkout, files: dict[str, str | bytes | None]
) -> None:
    theirs = meanwhile(remote, checkout, files)
    result = checkout.pin_and_commit()
    assert result.returncode == 5, result.stderr
    assert theirs[:12] in result.stderr
    assert "deploy/" in result.stderr
    assert "pull the branch" in result.stderr
    assert remote.head() == theirs
    assert checkout.state().commits == ()
    assert len(checkout.state().pins) == 1


def test_a_branch_that_was_moved_back_gets_nothing_of_it_again(
    remote: Remote, checkout: Checkout, tmp_path: Path
) -> None:
    first = remote.head()
    push_as_somebody_else(remote, tmp_path / "bad", {"bad": "taken off again\n"})
    checkout.git("pull", "-q")
    checkout.hand_state_on()
    at_the_push(checkout, f"$REAL -C {remote.path} update-ref refs/heads/main {first}")
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert remote.git("rev-parse", "main^") == first
    assert remote.read("deploy/app.yaml") == pod(PINNED, f"{WEB}:0.9")


def test_a_server_that_cannot_lock_the_branch_is_asked_again(remote: Remote, checkout: Checkout) -> None:
    theirs = meanwhile(remote, checkout, {"other": "x"})
    shutil.rmtree(checkout.root.parent / "bin")
    del checkout.env["PATH"]
    once = remote.path / "once"
    remote.hook("update", f"mkdir {once} 2>/dev/null && git update-ref refs/heads/main {theirs}; exit 0")
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert once.is_dir()
    assert "has moved on; trying again" in result.stderr
    assert remote.git("rev-parse", "main^") == theirs


def test_ten_at_once_all_get_theirs_in(tmp_path: Path) -> None:
    names = [f"image{number}" for number in range(10)]
    images = {name: digest(f"{number:x}") for number, name in enumerate(names)}
    manifest = pod(*(f"{REGISTRY}/{name}:0.9" for name in names))
    remote = make_remote(tmp_path / "remote.git", {".ci-toolkit.yml": config(*names), "deploy/all.yaml": manifest})
    remote.git("config", "receive.denyNonFastForwards", "true")
    checkouts = []
    for name in names:
        checkout = clone(remote, tmp_path / name, images)
        assert checkout.run("pin", "--image", name).returncode == 0
        checkouts.append((name, checkout))
    running = [(name, checkout, checkout.start("commit", "--image", name)) for name, checkout in checkouts]
    for _, _, process in running:
        _, err = process.communicate(timeout=180)
        assert process.returncode == 0, err
    assert remote.count() == 11
    assert remote.read("deploy/all.yaml") == pod(*(f"{REGISTRY}/{n}:1.0@{images[n]}" for n in names))
    subjects = remote.git("log", "--format=%s", "main").split("\n")
    assert sorted(subjects) == sorted([f"deploy: {name}" for name in names] + ["first"])
    made = {commit.revision for _, checkout, _ in running for commit in checkout.state().commits}
    assert made <= set(remote.git("rev-list", "main").split())
    assert len(made) == 10
    assert remote.git("log", "--format=%P", "main").count(" ") == 0


def test_killed_before_the_push_and_run_again(remote: Remote, checkout: Checkout) -> None:
    before = checkout.git("status", "--porcelain"), checkout.git("rev-parse", "HEAD")
    at_the_push(checkout, "kill -9 $PPID; exit 1")
    assert checkout.run("pin").returncode == 0
    assert checkout.run("commit").returncode == -signal.SIGKILL
    assert (checkout.git("status", "--porcelain"), checkout.git("rev-parse", "HEAD")) == (
        "M deploy/app.yaml",
        before[1],
    )
    assert remote.count() == 1
    result = checkout.run("commit")
    assert result.returncode == 0, result.stderr
    assert remote.count() == 2
    assert checkout.git("status", "--porcelain") == ""
    assert sorted(p.name for p in (checkout.root / ".ci-toolkit").iterdir()) == [".gitignore", "lock", "state.json"]


def test_killed_after_the_push_and_run_again(remote: Remote, checkout: Checkout) -> None:
    at_the_push(checkout, '$REAL "$@"; kill -9 $PPID; exit 1')
    assert checkout.run("pin").returncode == 0
    assert checkout.run("commit").returncode == -signal.SIGKILL
    assert remote.count() == 2
    result = checkout.run("commit")
    assert result.returncode == 0, result.stderr
    assert remote.count() == 2
    assert checkout.git("rev-parse", "HEAD") == remote.head()
    assert checkout.git("status", "--porcelain") == ""


def test_a_reply_that_is_lost_makes_no_second_commit(remote: Remote, checkout: Checkout) -> None:
    at_the_push(checkout, '$REAL "$@" >/dev/null 2>&1; echo "fatal: early EOF" >&2; exit 128')
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert remote.count() == 2
    (commit,) = checkout.state().commits
    assert commit.revision == remote.head()


def test_terminated_during_the_push_nothing_is_left_behind(remote: Remote, checkout: Checkout) -> None:
    reached = checkout.root.parent / "reached"
    at_the_push(checkout, f"touch {reached}; sleep 60")
    assert checkout.run("pin").returncode == 0
    process = checkout.start("commit")
    until(reached.exists)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=5)
    assert process.returncode == 143
    assert sorted(p.name for p in (checkout.root / ".ci-toolkit").iterdir()) == [".gitignore", "lock", "state.json"]
    assert list((checkout.root / ".git").glob("*.lock")) == []
    assert checkout.git("status", "--porcelain") == "M deploy/app.yaml"
    assert remote.count() == 1
