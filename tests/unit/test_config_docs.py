"""docs/configuration.md says what the schema says, and its examples are right."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.configs import ENV, loaded

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
EXAMPLES = [block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "version: 1" in block]


def _generator() -> ModuleType:
    spec: Any = importlib.util.spec_from_file_location("generate_docs", ROOT / "scripts" / "generate_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_option_tables_are_as_generated() -> None:
    generator = _generator()
    tables = generator.option_tables()
    assert generator.with_part(PAGE, "options", tables) == PAGE, "run `make docs`"
    assert "| `fixable-only` | true or false | `false` |" in tables


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_right(tmp_path: Path, example: str) -> None:
    assert loaded(tmp_path, example, ENV).images


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3
