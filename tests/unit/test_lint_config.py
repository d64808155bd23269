"""`lint` in a config: its defaults with and without one, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest

from ci_toolkit.config.load import lint_defaults
from ci_toolkit.config.schema import load as schema
from ci_toolkit.model.lint import RULES, Rule, Setting
from tests.harness.configs import SMALL, loaded, refused

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENTS = "environments:\n  production: { tags: [production] }\n"


def test_the_defaults_are_the_same_without_a_config(tmp_path: Path) -> None:
    assert loaded(tmp_path, SMALL).lint == lint_defaults()


def test_the_words_are_the_model_s() -> None:
    document = schema().document
    assert tuple(document["$defs"]["lint-level"]["enum"]) == get_args(Setting)
    rules = document["properties"]["lint"]["properties"]["rules"]["properties"]
    assert tuple(rules) == tuple(RULES) == get_args(Rule)


def test_what_is_given_is_kept(tmp_path: Path) -> None:
    lint = "lint: { paths: [deploy], environments: [production], rules: { missing-digest: ignore } }\n"
    options = loaded(tmp_path, SMALL + ENVIRONMENTS + lint).lint
    assert (options.paths, options.environments) == (("deploy",), ("production",))
    assert options.rules["missing-digest"] == "ignore"
    assert options.rules["latest-tag"] == "error"


@pytest.mark.parametrize(
    ("lint", "violation"),
    [
        ("environments: [prodution]", "no environment is called 'prodution': did you mean production?"),
        ("registries: [acme]", "names no registry"),
        ("registries: ['https://ghcr.io']", "starts with a scheme"),
        ("paths: [../deploy]", "leads out of the config's directory"),
        ("exclude: [/etc]", "is an absolute path"),
        ("rules: { latest: error }", "unknown key"),
        ("rules: { latest-tag: fatal }", "fatal"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, lint: str, violation: str) -> None:
    [told] = refused(tmp_path, f"{SMALL}{ENVIRONMENTS}lint: {{ {lint} }}\n")
    assert "lint." in told
    assert violation in told.replace('"', "'")
