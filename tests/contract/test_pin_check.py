"""`ci-toolkit pin --check` on the files of a config: what it prints, in which form, and that nothing is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from ci_toolkit.files import packaged_schema
from tests.harness.committing import REGISTRY, Checkout, clone, config, digest, make_remote
from tests.harness.pinning import pod

if TYPE_CHECKING:
    from pathlib import Path

APP = f"{REGISTRY}/app"
OLD = pod(f"{APP}:0.9", f'"{APP}:{{{{ x }}}}"', "nginx:1.27")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    files: dict[str, str | bytes] = {
        ".ci-toolkit.yml": config("app"),
        "deploy/app.yaml": OLD,
        "deploy/other.yaml": pod("nginx:1.27"),
    }
    return clone(make_remote(tmp_path / "remote.git", files), tmp_path / "checkout", {"app": digest("a")})


@pytest.mark.parametrize("pinned", [False, True])
def test_json_is_the_document_of_a_check_of_paths(checkout: Checkout, *, pinned: bool) -> None:
    if pinned:
        assert checkout.run("pin").returncode == 0
    before = (checkout.root / "deploy/app.yaml").read_text()
    result = checkout.run("pin", "--check", "--diff", "--format", "json")
    assert result.returncode == (0 if pinned else 1), result.stderr
    document = json.loads(result.stdout)
    assert list(Draft202012Validator(json.loads(packaged_schema("pin.schema.json"))).iter_errors(document)) == []
    assert (document["written"], document["looked_at"]) == (False, 2)
    new = f"{APP}:1.0@{digest('a')}"
    place = {
        "file": "deploy/app.yaml",
        "line": 4,
        "column": 14,
        "document": 0,
        "path": "spec.containers[0].image",
        "old": new if pinned else f"{APP}:0.9",
        "new": new,
    }
    assert document["edits"] == ([] if pinned else [place])
    assert document["unchanged"] == ([place] if pinned else [])
    assert [(place["line"], place["reason"]) for place in document["skipped"]] == [(5, "it is a template")]
    assert (f"+    - image: {new}  # keep" in result.stderr) is not pinned
    assert (checkout.root / "deploy/app.yaml").read_text() == before


def test_without_a_check_json_is_the_state_as_of_every_step(checkout: Checkout) -> None:
    result = checkout.run("pin", "--format", "json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == json.loads((checkout.root / ".ci-toolkit/state.json").read_bytes())


def test_text_names_the_files(checkout: Checkout) -> None:
    result = checkout.run("pin", "--check")
    assert result.returncode == 1
    assert result.stdout.splitlines() == [
        f"deploy/app.yaml:4: {APP}:0.9 → {APP}:1.0@{digest('a')}",
        "1 place in 1 file of 2 to be pinned",
        "skipped: it is a template: deploy/app.yaml:5",
    ]
    assert "1 file would change: deploy/app.yaml:4" in result.stderr
    assert checkout.run("pin", "--check", "--quiet").stdout == ""


def test_without_a_config_it_says_what_needs_none(checkout: Checkout) -> None:
    (checkout.root / ".ci-toolkit.yml").unlink()
    result = checkout.run("pin")
    assert result.returncode == 2
    assert "no .ci-toolkit.yml" in result.stderr
    assert "`pin --resolve PATH`" in result.stderr
