"""`ci-toolkit pin --image`: one digest wherever its image stands, in any tree, with no config and no state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from ci_toolkit.files import packaged_schema
from tests.harness.pinning import APP, DIGEST, NEWER, Checkout, pod

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

IMAGE = f"--image={APP}@{DIGEST}"
TEMPLATE = f"{{{{ if .Values.on }}}}\nkind: Pod\nimage: {APP}\n{{{{ end }}}}\n"


@pytest.fixture
def checkout(tmp_path: Path, run_command: Callable[..., subprocess.CompletedProcess[str]]) -> Checkout:
    made = Checkout(tmp_path / "project", run_command)
    made.write(deploy__app=pod(f"{APP}:1.0", "nginx:1.27"), deploy__deep__er__web=pod("ghcr.io/acme/web"))
    return made


def test_every_reference_gets_the_digest_and_keeps_its_tag(checkout: Checkout) -> None:
    checkout.write(other=pod(APP, f"{APP}:2.0@{NEWER}"))
    result = checkout.pin(IMAGE)
    assert result.returncode == 0, result.stderr
    assert checkout.read("deploy/app.yaml") == pod(f"{APP}:1.0@{DIGEST}", "nginx:1.27")
    assert checkout.read("other.yaml") == pod(f"{APP}@{DIGEST}", f"{APP}:2.0@{DIGEST}")
    assert result.stdout.splitlines() == [
        f"other.yaml:4: {APP} → {APP}@{DIGEST}",
        f"other.yaml:5: {APP}:2.0@{NEWER} → {APP}:2.0@{DIGEST}",
        f"deploy/app.yaml:4: {APP}:1.0 → {APP}:1.0@{DIGEST}",
        "3 places in 2 files of 3 pinned",
    ]


def test_a_tag_that_is_named_is_written(checkout: Checkout) -> None:
    assert checkout.pin(f"--image={APP}:1.1@{DIGEST}", "deploy").returncode == 0
    assert checkout.read("deploy/app.yaml") == pod(f"{APP}:1.1@{DIGEST}", "nginx:1.27")


def test_a_tag_that_is_named_is_written_beside_the_right_digest_too(checkout: Checkout) -> None:
    checkout.write(deploy__app=pod(f"{APP}:1.0@{DIGEST}", f"{APP}@{DIGEST}"))
    named = f"--image={APP}:1.1@{DIGEST}"
    assert checkout.pin(named, "--check").returncode == 1
    assert checkout.pin(named).returncode == 0
    assert checkout.read("deploy/app.yaml") == pod(f"{APP}:1.1@{DIGEST}", f"{APP}:1.1@{DIGEST}")
    assert checkout.pin(named, "--check").returncode == 0
    assert checkout.pin(IMAGE, "--check").returncode == 0


def test_several_images_and_a_style(checkout: Checkout) -> None:
    result = checkout.pin(IMAGE, f"--image=nginx@{NEWER}", "--style", "digest", "deploy/app.yaml")
    assert result.returncode == 0, result.stderr
    assert checkout.read("deploy/app.yaml") == pod(f"{APP}@{DIGEST}", f"nginx@{NEWER}")


def test_a_second_run_writes_nothing(checkout: Checkout) -> None:
    checkout.pin(IMAGE)
    before = (checkout.root / "deploy/app.yaml").stat().st_mtime_ns
    result = checkout.pin(IMAGE)
    assert (result.returncode, result.stdout) == (0, "nothing to pin in 2 files: 1 place has the digest already\n")
    assert (checkout.root / "deploy/app.yaml").stat().st_mtime_ns == before
    assert checkout.pin(IMAGE, "--check").returncode == 0


def test_a_check_says_no_and_writes_nothing(checkout: Checkout) -> None:
    result = checkout.pin(IMAGE, "--check", "--diff")
    assert result.returncode == 1
    assert f"+    - image: {APP}:1.0@{DIGEST}  # keep" in result.stdout
    assert "1 place in 1 file of 2 to be pinned" in result.stdout
    assert "1 place is not pinned" in result.stderr
    assert checkout.read("deploy/app.yaml") == pod(f"{APP}:1.0", "nginx:1.27")


def test_a_check_annotates_the_place_on_github(checkout: Checkout, tmp_path: Path) -> None:
    summary = tmp_path / "summary"
    summary.touch()
    checkout.env = {"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    result = checkout.pin(IMAGE, "--check")
    assert result.returncode == 1
    assert "::error title=not pinned,file=deploy/app.yaml,line=4,col=14::" in result.stderr


def test_a_dry_run_prints_a_plan(checkout: Checkout) -> None:
    (action,) = checkout.pinned(IMAGE, "--dry-run")["actions"]
    assert action == {
        "step": "pin",
        "kind": "write",
        "summary": f"deploy/app.yaml:4: {APP}:1.0 → {APP}:1.0@{DIGEST}",
        "path": "deploy/app.yaml",
    }
    assert checkout.read("deploy/app.yaml") == pod(f"{APP}:1.0", "nginx:1.27")


@pytest.mark.parametrize("check", [False, True])
def test_json_is_one_document_that_its_schema_describes(checkout: Checkout, *, check: bool) -> None:
    checkout.write(charts__app=TEMPLATE, deploy__two="---\n---\n" + pod(f"{APP}:1@{DIGEST}", f'"{APP}:{{{{ x }}}}"'))
    document = checkout.pinned(IMAGE, "--diff", *(["--check"] if check else []), code=int(check))
    schema = json.loads(packaged_schema("pin.schema.json"))
    assert list(Draft202012Validator(schema).iter_errors(document)) == []
    assert document["written"] is not check
    assert document["files"] == ["deploy/app.yaml"]
    assert document["edits"] == [
        {
            "file": "deploy/app.yaml",
            "line": 4,
            "column": 14,
            "document": 0,
            "path": "spec.containers[0].image",
            "old": f"{APP}:1.0",
            "new": f"{APP}:1.0@{DIGEST}",
        }
    ]
    assert [(place["line"], place["document"]) for place in document["unchanged"]] == [(6, 1)]
    assert [(place["file"], place["reason"]) for place in document["skipped"]] == [
        ("deploy/two.yaml", "it is a template")
    ]
    (unreadable,) = document["unreadable"]
    assert (unreadable["file"], unreadable["line"]) == ("charts/app.yaml", 2)
    assert "template" in unreadable["reason"]


def test_what_does_not_parse_is_skipped_below_a_directory_and_refused_by_name(checkout: Checkout) -> None:
    checkout.write(charts__app=TEMPLATE, charts__two=TEMPLATE)
    result = checkout.pin(IMAGE)
    assert result.returncode == 0
    assert "unreadable: a template that isn't YAML before it is rendered" in result.stdout
    assert "charts/app.yaml:2, charts/two.yaml:2" in result.stdout
    checkout.write(deploy__app=pod(APP))
    named = checkout.pin(IMAGE, "charts/app.yaml", "deploy")
    assert named.returncode == 2
    assert "charts/app.yaml:2:1: a template" in named.stderr
    assert "nothing was written" in named.stderr
    assert checkout.read("deploy/app.yaml") == pod(APP)


def test_an_image_that_cannot_be_pinned_where_it_stands_stops_everything(checkout: Checkout) -> None:
    shared = f"kind: Pod\nmetadata:\n  annotations: {{note: &i {APP}:1}}\nspec: {{containers: [{{image: *i}}]}}\n"
    checkout.write(deploy__shared=shared)
    result = checkout.pin(IMAGE)
    assert result.returncode == 2
    assert "deploy/shared.yaml" in result.stderr
    assert checkout.read("deploy/app.yaml") == pod(f"{APP}:1.0", "nginx:1.27")


def test_an_image_that_is_nowhere_shows_the_nearest_first(checkout: Checkout) -> None:
    checkout.write(other=pod("quay.io/else/app:3", "ghcr.io/acme/apple"))
    result = checkout.pin(f"--image=ghcr.io/acne/app@{DIGEST}", IMAGE)
    assert result.returncode == 2
    shown = [line.split(": ")[1] for line in result.stderr.splitlines() if ".yaml:" in line]
    assert shown[:3] == [f"{APP}:1.0", "quay.io/else/app:3", "ghcr.io/acme/apple"]
    assert "ghcr.io/acne/app: in none of 3 files" in result.stderr
    alone = checkout.pin(f"--image=ghcr.io/acne/app@{DIGEST}", "other.yaml")
    assert "ghcr.io/acne/app: in no place of 1 file of other.yaml" in alone.stderr
    assert checkout.read("deploy/app.yaml") == pod(f"{APP}:1.0", "nginx:1.27")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["deploy"], "--image REPOSITORY"),
        ([f"--image={APP}", "deploy"], "has no digest"),
        ([IMAGE, "nowhere"], "there is no nowhere"),
        ([IMAGE, f"--image={APP}@{NEWER}"], "twice"),
        ([f"--image={APP}@sha256:12"], "not a sha256 digest"),
        (["--style", "digest"], "--style"),
        (["--no-cache"], "--no-cache"),
        (["--resolve", IMAGE], "nothing to ask"),
        ([IMAGE, "--style", "short"], "short"),
    ],
)
def test_mistakes(checkout: Checkout, arguments: list[str], word: str) -> None:
    result = checkout.pin(*arguments)
    assert result.returncode == 2, result.stderr
    assert word in result.stderr
    assert "Traceback" not in result.stderr


def test_names_that_command_no_ci_system(checkout: Checkout) -> None:
    checkout.write_file("deploy/::error::x\x1b[31m.yaml", pod(APP))
    result = checkout.pin(IMAGE, "--diff")
    assert result.returncode == 0
    assert "\x1b" not in result.stdout
    assert not any(line.strip().startswith("::") for line in result.stdout.splitlines())
