"""Files made as root go back to the workspace's owner; really as root, on real files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.harness.as_root import as_root

OWNER = 12345, 23456
ROOT = Path(__file__).parent.parent.parent
_SCRIPT = (
    "import sys, pathlib; from ci_toolkit.cli.hand_back import hand_back; print(hand_back(pathlib.Path(sys.argv[1])))"
)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace of another user, with a file of a third."""
    workspace = tmp_path / "workspace"
    (workspace / "src").mkdir(parents=True)
    (workspace / "src" / "theirs").touch()
    (workspace / "src" / "third").touch()
    as_root("chown", "-R", ":".join(map(str, OWNER)), workspace)
    as_root("chown", "777:777", workspace / "src" / "third")
    as_root("chmod", "-R", "a+rX", workspace)
    return workspace


def hand_back(workspace: Path) -> int:
    return int(as_root(sys.executable, "-c", _SCRIPT, workspace, cwd=ROOT))


def owner(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_uid, found.st_gid


def test_everything_of_roots_is_given_and_nothing_else(workspace: Path) -> None:
    as_root("mkdir", "-p", workspace / ".ci-toolkit/images/app", workspace / ".git/objects/ab")
    as_root("touch", workspace / ".ci-toolkit/state.json", workspace / ".git/objects/ab/cd", workspace / "src/made")
    as_root("mkfifo", workspace / "src" / "pipe")
    assert hand_back(workspace) == 9
    left = [path for path in workspace.rglob("*") if owner(path) != OWNER]
    assert sorted(path.name for path in left) == ["pipe", "third"]
    assert owner(workspace / "src" / "third") == (777, 777)
    assert hand_back(workspace) == 0


def test_no_link_is_followed(workspace: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    as_root("mkdir", outside)
    as_root("touch", outside / "file")
    as_root("ln", "-s", outside, workspace / "directory")
    as_root("ln", "-s", outside / "file", workspace / "file")
    as_root("ln", "-s", "nowhere", workspace / "dangling")
    assert hand_back(workspace) == 3
    assert owner(outside) == owner(outside / "file") == (0, 0)
    assert owner(workspace / "file") == owner(workspace / "dangling") == OWNER


def test_a_file_with_a_name_outside_stays_roots(workspace: Path, tmp_path: Path) -> None:
    secret = tmp_path / "shadow"
    as_root("touch", secret)
    as_root("ln", secret, workspace / "planted")
    as_root("touch", workspace / "blob")
    as_root("ln", workspace / "blob", workspace / "src" / "same-blob")
    assert hand_back(workspace) == 1
    assert owner(secret) == (0, 0)
    assert owner(workspace / "blob") == OWNER


def test_another_file_system_is_not_entered(workspace: Path) -> None:
    mounted = workspace / "mounted"
    as_root("mkdir", mounted)
    as_root("mount", "-t", "tmpfs", "tmpfs", mounted)
    try:
        as_root("touch", mounted / "file")
        assert hand_back(workspace) == 0
        assert owner(mounted / "file") == (0, 0)
    finally:
        as_root("umount", mounted)


def test_roots_own_workspace_is_left_alone(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    as_root("mkdir", workspace)
    as_root("touch", workspace / "file")
    assert hand_back(workspace) == 0
    assert owner(workspace / "file") == (0, 0)


def test_a_workspace_that_is_gone_is_no_failure(tmp_path: Path) -> None:
    assert hand_back(tmp_path / "gone") == 0


def test_one_file_of_roots_in_a_large_tree_is_found(workspace: Path) -> None:
    big = workspace / "node_modules"
    as_root(
        sys.executable,
        "-c",
        "import sys, pathlib\n"
        "for d in range(200):\n"
        "    at = pathlib.Path(sys.argv[1]) / str(d); at.mkdir(parents=True)\n"
        "    for f in range(100): (at / str(f)).touch()\n",
        big,
    )
    as_root("chown", "-R", ":".join(map(str, OWNER)), big)
    as_root("touch", big / "7" / "made")
    assert hand_back(workspace) == 1
    assert owner(big / "7" / "made") == OWNER


def test_nothing_is_given_by_who_is_not_root(workspace: Path) -> None:
    as_root("touch", workspace / "made")
    given = as_root("setpriv", "--reuid=12345", "--clear-groups", sys.executable, "-c", _SCRIPT, workspace, cwd=ROOT)
    assert given == "0\n"
    assert owner(workspace / "made") == (0, 0)
