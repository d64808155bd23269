"""Which config is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from ci_toolkit.config.find import find
from ci_toolkit.errors import ConfigError
from tests.harness.configs import SMALL, written


def test_upwards_to_the_git_root(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    top = written(tmp_path, SMALL)
    assert find(below) == top
    assert find(tmp_path) == top
    nearer = written(tmp_path / "a", SMALL)
    assert find(below) == nearer


def test_not_beyond_the_git_root(tmp_path: Path) -> None:
    written(tmp_path, SMALL)
    root = tmp_path / "project"
    (root / "a").mkdir(parents=True)
    (root / ".git").write_text("gitdir: elsewhere\n")
    with pytest.raises(ConfigError, match=rf"no \.ci-toolkit\.yml in {root}/a or above, up to {root}$") as caught:
        find(root / "a")
    assert "ci-toolkit init" in caught.value.hint
    assert caught.value.exit_code == 2


def test_outside_of_a_repository_only_here(tmp_path: Path) -> None:
    written(tmp_path, SMALL)
    (tmp_path / "a").mkdir()
    assert find(tmp_path) == tmp_path / ".ci-toolkit.yml"
    with pytest.raises(ConfigError, match=r"no \.ci-toolkit\.yml in "):
        find(tmp_path / "a")


def test_a_named_one_is_taken_as_it_is(tmp_path: Path) -> None:
    written(tmp_path, SMALL)
    assert find(tmp_path, Path("deploy/other.yml")) == tmp_path / "deploy/other.yml"
    assert find(tmp_path, Path("/etc/other.yml")) == Path("/etc/other.yml")
