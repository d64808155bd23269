"""Where logins are written: whose directories are taken, which are swept, and that nothing stays."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import ToolError
from ci_toolkit.private import forget, is_ours, make, sweep, temporary_directory
from ci_toolkit.registry.login_place import base_directory, login_directory

if TYPE_CHECKING:
    from collections.abc import Callable


def foreign(path: Path) -> Path:
    """A directory of another user."""
    if os.geteuid():
        return Path("/")
    path.mkdir(mode=0o700)
    os.chown(path, 12345, 12345)
    return path


def link(path: Path) -> Path:
    path.with_suffix(".real").mkdir(mode=0o700)
    path.symlink_to(path.with_suffix(".real"))
    return path


def file(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def is_open(path: Path) -> Path:
    path.mkdir()
    path.chmod(0o750)
    return path


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"RUNNER_TEMP": "{}/runner", "XDG_RUNTIME_DIR": "{}/user", "TMPDIR": "{}/tmp"}, "runner"),
        ({"XDG_RUNTIME_DIR": "{}/user", "TMPDIR": "{}/tmp"}, "user"),
        ({"RUNNER_TEMP": "", "TMPDIR": "{}/tmp"}, "tmp"),
        ({"RUNNER_TEMP": "{}/gone", "TMPDIR": "{}/tmp"}, "tmp"),
        ({"RUNNER_TEMP": "tmp", "TMPDIR": "{}/tmp"}, "tmp"),
        ({"RUNNER_TEMP": "{}/project", "TMPDIR": "{}/tmp"}, "tmp"),
        ({"RUNNER_TEMP": "{}/project/below", "TMPDIR": "{}/tmp"}, "tmp"),
        ({"RUNNER_TEMP": "{}/link", "TMPDIR": "{}/tmp"}, "tmp"),
        ({"RUNNER_TEMP": "{}/shared", "TMPDIR": "{}/tmp"}, "tmp"),
        ({"RUNNER_TEMP": "{}/sticky", "TMPDIR": "{}/tmp"}, "sticky"),
    ],
)
def test_the_base_is_outside_the_project_and_nobody_can_exchange_what_is_in_it(
    tmp_path: Path, variables: dict[str, str], expected: str
) -> None:
    for name in ("runner", "user", "tmp", "project/below", "shared", "sticky"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "project")
    (tmp_path / "shared").chmod(0o777)
    (tmp_path / "sticky").chmod(0o1777)
    env = {name: value.format(tmp_path) for name, value in variables.items()}
    assert base_directory(env, [tmp_path / "project"]) == tmp_path / expected


def test_where_no_base_will_do_it_is_said() -> None:
    with pytest.raises(ToolError, match="no directory for logins") as caught:
        base_directory({}, [Path("/")])
    assert "TMPDIR" in caught.value.hint


def test_each_workdir_has_a_place_of_its_own_always_the_same(tmp_path: Path) -> None:
    one, other = (login_directory(tmp_path, tmp_path / name) for name in ("a", "b"))
    assert one == login_directory(tmp_path, tmp_path / "a") != other
    assert one.parent == tmp_path
    assert str(os.geteuid()) in one.name


def test_what_is_made_is_for_us_alone_and_found_again(tmp_path: Path) -> None:
    place = tmp_path / "place"
    for _ in range(2):
        make(place)
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        assert is_ours(place)


@pytest.mark.parametrize("plant", [foreign, link, file], ids=lambda plant: plant.__name__)
def test_what_others_may_have_planted_is_refused_and_left_alone(tmp_path: Path, plant: Callable[[Path], Path]) -> None:
    place = plant(tmp_path / "place")
    assert not is_ours(place)
    assert not forget(place)
    with pytest.raises(ToolError, match="belongs to somebody else"):
        make(place)
    assert place.exists()


def test_a_place_open_to_others_is_not_believed_but_can_be_removed(tmp_path: Path) -> None:
    place = is_open(tmp_path / "place")
    for use in (is_ours, make):
        with pytest.raises(ToolError, match="open to others"):
            use(place)
    assert forget(place)
    assert not forget(place)


def test_removing_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "own" / "contexts").mkdir(parents=True)
    make(tmp_path / "place")
    (tmp_path / "place" / "contexts").symlink_to(tmp_path / "own" / "contexts")
    assert forget(tmp_path / "place")
    assert (tmp_path / "own" / "contexts").is_dir()


@pytest.mark.parametrize("end", [None, ToolError("failed"), KeyboardInterrupt()], ids=["success", "error", "signal"])
def test_a_temporary_directory_goes_however_the_run_ends(tmp_path: Path, end: BaseException | None) -> None:
    with (
        pytest.raises(type(end)) if end else temporary_directory(tmp_path),
        temporary_directory(tmp_path) as directory,
    ):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        (directory / "config.json").write_text("{}")
        if end:
            raise end
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_takes_what_a_killed_run_left_and_nothing_that_is_in_use(tmp_path: Path) -> None:
    with temporary_directory(tmp_path) as in_use:
        stale = in_use.with_name(f"{in_use.name[:-4]}dead")
        stale.mkdir(mode=0o700)
        (stale / "config.json").write_text("{}")
        others = [tmp_path / "ci-toolkit-99999-run-0000", tmp_path / "something", login_directory(tmp_path, tmp_path)]
        for other in others:
            other.mkdir(mode=0o700)
        planted = stale.with_name(f"{stale.name}-link")
        planted.symlink_to(others[1])
        assert sweep(tmp_path) == 1
        assert not stale.exists()
        assert all(path.exists() for path in (in_use, *others, planted))
    assert sweep(tmp_path / "gone") == 0
