"""Which places `ci-toolkit pin` takes: `exclude`, `paths` and comments say it; all files are written or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.committing import REGISTRY, Checkout, Remote, clone, config, digest, make_remote, write
from tests.harness.pinning import pod

if TYPE_CHECKING:
    from pathlib import Path

APP = f"{REGISTRY}/app"
D = f"@{digest('a')}"
OLD, NEW = pod(f"{APP}:0.9"), pod(f"{APP}:1.0{D}")
OWN = f"""\
kind: Fleet
spec:
  image: {APP}:0.9
jobs:
  a.b: {{ image: "{APP}" }}
  other: {{ image: busybox:1 }}
versions:
  app: 0.9  # ci-toolkit: image=app:tag
"""


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    files: dict[str, str | bytes] = {
        ".ci-toolkit.yml": config("app"),
        "deploy/app.yaml": OLD,
        "deploy/old/app.yaml": OLD,
        "deploy/own.yaml": OWN,
    }
    return make_remote(tmp_path / "remote.git", files)


def pinned(checkout: Checkout, *lines: str) -> str:
    """What `pin` says with these lines in its entry; it has to fail."""
    added(checkout, *lines)
    done = checkout.run("pin")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def added(checkout: Checkout, *lines: str) -> None:
    more = "".join(f"    {line}\n" for line in lines)
    write(checkout.root, {".ci-toolkit.yml": config("app").replace('.yaml"]\n', f'.yaml"]\n{more}')})


def read(checkout: Checkout, name: str) -> str:
    return (checkout.root / "deploy" / name).read_text()


def test_excluded_files_are_left_alone_by_the_pin_and_by_the_commit(remote: Remote, checkout: Checkout) -> None:
    added(checkout, 'exclude: ["deploy/old/**", "deploy/nothing/*.yaml"]')
    write(checkout.root, {"deploy/old/broken.yaml": "[", "deploy/own.yaml": ""})
    done = checkout.pin_and_commit()
    assert done.returncode == 0, done.stderr
    assert (read(checkout, "app.yaml"), read(checkout, "old/app.yaml")) == (NEW, OLD)
    assert remote.changed() == ["deploy/app.yaml", "deploy/own.yaml"]
    assert (remote.read("deploy/app.yaml"), remote.read("deploy/old/app.yaml")) == (NEW, OLD)


def test_what_is_excluded_through_a_link_is_not_committed_either(tmp_path: Path) -> None:
    there = make_remote(tmp_path / "linked.git", {".ci-toolkit.yml": config("app"), "deploy/app.yaml": OLD})
    checkout = clone(there, tmp_path / "linked", {"app": digest("a")})
    write(checkout.root, {"deploy/kept/app.yaml": OLD})
    (checkout.root / "frozen").symlink_to("deploy/kept")
    checkout.git("add", "-A")
    checkout.git("commit", "-q", "-m", "a link")
    checkout.git("push", "-q", "origin", "HEAD:main")
    checkout.hand_state_on()
    added(checkout, 'exclude: ["frozen/*.yaml"]')
    done = checkout.pin_and_commit()
    assert done.returncode == 0, done.stderr
    assert there.changed() == ["deploy/app.yaml"]
    assert there.read("deploy/kept/app.yaml") == OLD


def test_paths_and_comments_name_what_no_format_knows(remote: Remote, checkout: Checkout) -> None:
    added(checkout, "paths: [spec.image, \"jobs.'a.b'.image\"]", "expect: 5")
    done = checkout.pin_and_commit()
    assert done.returncode == 0, done.stderr
    expected = OWN.replace(f"{APP}:0.9", f"{APP}:1.0{D}").replace(f'"{APP}"', f'"{APP}:1.0{D}"')
    assert remote.read("deploy/own.yaml") == expected.replace("app: 0.9 ", f"app: 1.0{D} ")
    assert read(checkout, "app.yaml") == NEW
    assert checkout.run("pin", "--check").returncode == 0


def test_a_path_to_nothing_tells_what_is_there(checkout: Checkout) -> None:
    said = pinned(checkout, 'paths: ["jobs.*.picture"]')
    assert "pin[0]: jobs.*.picture leads to nothing in deploy/**/*.yaml" in said
    assert "deploy/app.yaml: at the top the keys are kind, spec" in said
    assert "deploy/own.yaml: at jobs.a.b the keys are image" in said
    assert read(checkout, "own.yaml") == OWN


def test_a_path_that_is_none_is_told_with_its_place(checkout: Checkout) -> None:
    said = pinned(checkout, 'paths: ["spec[0]"]')
    assert ".ci-toolkit.yml:6:13: pin[0].paths[0]: 'spec[0]' is no path: '[0]' can't stand there" in said


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("imgae=app", "'imgae' says nothing to ci-toolkit: did you mean `image=`?"),
        ("image=apq", "a comment marks it as apq, which is no image of the config: did you mean app?"),
        ("image=app", "a comment marks it as app, which is REGISTRY/app, but it is 'busybox:1'"),
    ],
)
def test_a_comment_that_cannot_be_meant_is_told_with_its_place(checkout: Checkout, comment: str, reason: str) -> None:
    write(checkout.root, {"deploy/a.yaml": f"x:\n  y: busybox:1 # ci-toolkit: {comment}\n"})
    said = pinned(checkout)
    assert "deploy/a.yaml:2:" in said
    assert reason.replace("REGISTRY", REGISTRY) in said
    assert read(checkout, "app.yaml") == OLD


def test_files_that_cannot_be_read_leave_all_others_as_they_are(checkout: Checkout) -> None:
    write(checkout.root, {"deploy/x.yaml": f"x: {APP}\ny: [", "deploy/y.yaml": b"\xff" + APP.encode()})
    done = checkout.run("pin")
    assert done.returncode == 2
    assert "deploy/x.yaml:" in done.stderr
    assert "deploy/y.yaml:1:1: not UTF-8" in done.stderr
    assert "nothing was written" in done.stderr
    assert (read(checkout, "app.yaml"), read(checkout, "own.yaml")) == (OLD, OWN)
