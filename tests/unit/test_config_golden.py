"""Example configs, right and wrong, as files. A change of a message shows in the golden file beside the config."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.config.load import load
from ci_toolkit.errors import ConfigError
from tests.harness.configs import ENV, GOLDEN

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("right/*.yml")), ids=lambda file: file.stem)
def test_right(file: Path) -> None:
    config = load(file, ENV)
    assert config.file == file
    assert config.root == file.parent
    assert config.images


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("wrong/*.yml")), ids=lambda file: file.stem)
def test_wrong(file: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(file, ENV)
    shown = [f"{file.name}:{violation.rpartition(f'{file.name}:')[2]}" for violation in caught.value.violations]
    assert shown == file.with_suffix(".txt").read_text().splitlines()
    assert caught.value.message.startswith(f"{len(shown)} error{'s' if len(shown) > 1 else ''} in ")
