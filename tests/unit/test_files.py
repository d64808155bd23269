"""How a state names files: so that a job in another checkout finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.files import name_in_state

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("config", "workdir", "name"),
    [
        (".", ".ci-toolkit", ".ci-toolkit/state"),
        ("services/api", "services/api/.ci-toolkit", ".ci-toolkit/state"),
        ("services/api", ".ci-toolkit", "../../.ci-toolkit/state"),
        ("services/api", "services/.ci-toolkit", "../.ci-toolkit/state"),
    ],
)
def test_a_file_beside_or_above_the_config_has_a_name_in_every_checkout(
    tmp_path: Path, config: str, workdir: str, name: str
) -> None:
    root, place = tmp_path / config, tmp_path / workdir
    root.mkdir(parents=True, exist_ok=True)
    assert name_in_state(place / "state", root, place) == name
    assert (root / name).resolve() == place / "state"


def test_a_workdir_elsewhere_is_named_whole(tmp_path: Path) -> None:
    root, place = tmp_path / "checkout", tmp_path / "scratch" / "work"
    assert name_in_state(place / "state", root, place) == str(place / "state")


def test_no_link_is_gone_through_backwards(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "api").mkdir(parents=True)
    root, place = tmp_path / "api", tmp_path / ".ci-toolkit"
    root.symlink_to(tmp_path / "elsewhere" / "api")
    assert name_in_state(place / "state", root, place) == str(place / "state")
