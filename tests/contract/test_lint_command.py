"""`ci-toolkit lint` as people call it: every rule, with and without a config, in every form of output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from ci_toolkit.files import packaged_schema
from tests.harness.gitlab_reports import read_quality
from tests.harness.linting import DIGEST, Linting, pod
from tests.harness.project import git

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

CONFIG = """\
version: 1
images:
  app: { repositories: [ghcr.io/acme/app], tags: [fixed] }
pin: [{ files: ["deploy/*.yaml"], exclude: ["deploy/generated.yaml"] }]
lint: LINT
"""


@pytest.fixture
def lint(tmp_path: Path, run_command: Callable[..., subprocess.CompletedProcess[str]]) -> Linting:
    return Linting(tmp_path, run_command)


def configured(lint: Linting, options: str) -> None:
    lint.write("Dockerfile", "FROM scratch\n")
    lint.write(".ci-toolkit.yml", CONFIG.replace("LINT", options))


@pytest.mark.parametrize(
    ("image", "broken"),
    [
        ("nginx", [("error", "missing-tag")]),
        ("localhost:5000/app", [("error", "missing-tag")]),
        ("nginx:latest", [("error", "latest-tag")]),
        ("nginx:1.27", [("warning", "missing-digest")]),
        (f"nginx:1.27{DIGEST}", []),
        (f"nginx:latest{DIGEST}", []),
        (f"nginx{DIGEST}", []),
        ("Nginx:1", [("error", "invalid-reference")]),
        ("nginx@sha512:" + "0" * 128, [("error", "invalid-reference")]),
        ("nginx@sha256:abc", [("error", "invalid-reference")]),
        ("nginx:", [("error", "invalid-reference")]),
        ("a b", [("error", "invalid-reference")]),
        ("{{ .Values.image }}", []),
        ("$IMAGE", []),
        ("ko://example.com/cmd", []),
        ("${IMAGE:-nginx:latest}", [("error", "latest-tag")]),
    ],
)
def test_what_an_image_breaks_without_a_config(lint: Linting, image: str, broken: list[tuple[str, str]]) -> None:
    lint.write("deploy/app.yaml", pod(image))
    code = 1 if any(level == "error" for level, _ in broken) else 0
    assert lint.broken("deploy", code=code) == broken


@pytest.mark.parametrize(
    ("options", "image", "broken"),
    [
        ("{ registries: [ghcr.io/acme] }", f"ghcr.io/acme/app{DIGEST}", []),
        ("{ registries: [ghcr.io/acme] }", f"ghcr.io/acme-evil/app{DIGEST}", [("error", "registry")]),
        ("{ registries: [ghcr.io/acme] }", f"nginx{DIGEST}", [("error", "registry")]),
        ("{ registries: [ghcr.io/acme, docker.io/library] }", f"nginx{DIGEST}", []),
        ("{ registries: [ghcr.io], rules: { registry: warning } }", f"nginx{DIGEST}", [("warning", "registry")]),
        ("{ registries: [ghcr.io] }", "nginx", [("error", "missing-tag"), ("error", "registry")]),
        ("{ rules: { missing-digest: error } }", "nginx:1", [("error", "missing-digest")]),
        ("{ rules: { missing-digest: ignore } }", "nginx:1", []),
        ("{ rules: { latest-tag: ignore } }", "nginx:latest", [("warning", "missing-digest")]),
        ("{ rules: { latest-tag: ignore, missing-digest: ignore } }", "nginx:latest", []),
        ("{ rules: { invalid-reference: warning } }", "Nginx", [("warning", "invalid-reference")]),
    ],
)
def test_what_an_image_breaks_by_config(
    lint: Linting, options: str, image: str, broken: list[tuple[str, str]]
) -> None:
    configured(lint, options)
    lint.write("deploy/app.yaml", pod(image))
    code = 1 if any(level == "error" for level, _ in broken) else 0
    assert lint.broken(code=code) == broken


def test_the_pinned_files_are_checked_where_nothing_is_named(lint: Linting) -> None:
    configured(lint, "{ exclude: [deploy/old.yaml] }")
    for name in ("deploy/app.yaml", "deploy/generated.yaml", "deploy/old.yaml", "other.yaml"):
        lint.write(name, pod("nginx:1"))
    assert [f["file"] for f in lint.report()["findings"]] == ["deploy/app.yaml"]
    assert [f["file"] for f in lint.report("deploy", "other.yaml")["findings"]] == [
        "deploy/app.yaml",
        "deploy/generated.yaml",
        "other.yaml",
    ]
    assert lint.report("deploy/old.yaml")["files"] == 0


def test_the_paths_of_the_config_come_before_the_pins(lint: Linting) -> None:
    configured(lint, "{ paths: [base, other.yaml] }")
    for name in ("deploy/app.yaml", "base/deep/app.yaml", "other.yaml"):
        lint.write(name, pod("nginx:1"))
    assert [f["file"] for f in lint.report()["findings"]] == ["base/deep/app.yaml", "other.yaml"]


def test_what_is_never_written_can_be_checked_and_left_out(lint: Linting) -> None:
    lint.write(".github/workflows/job.yaml", "jobs: { test: { container: nginx:1 } }\n")
    lint.write("app.yaml", pod("nginx:1"))
    configured(lint, "{ paths: [.] }")
    assert [f["file"] for f in lint.report()["findings"]] == [".github/workflows/job.yaml", "app.yaml"]
    configured(lint, "{ paths: [.], exclude: ['.github/**'] }")
    assert [f["file"] for f in lint.report()["findings"]] == ["app.yaml"]


def test_a_config_is_found_from_below_and_files_keep_the_names_they_have_there(lint: Linting) -> None:
    configured(lint, "{}")
    lint.write("deploy/app.yaml", pod("nginx:1"))
    git(lint.root, "init", "-q")
    below = Linting(lint.root / "deploy", lint.command)
    assert [f["file"] for f in below.report()["findings"]] == ["app.yaml"]
    assert [f["file"] for f in below.report("../deploy")["findings"]] == ["app.yaml"]
    assert [f["file"] for f in below.report(str(lint.root / "deploy"))["findings"]] == ["app.yaml"]


def test_no_secret_is_wanted_for_it(lint: Linting) -> None:
    login = 'registries: { ghcr.io: { auth: { username: ci, password: "${NOT_SET}" } } }\n'
    lint.write(".ci-toolkit.yml", CONFIG.replace("LINT", "{}") + login)
    lint.write("deploy/app.yaml", pod(f"nginx{DIGEST}"))
    assert lint.report()["images"] == 1


def test_a_file_that_cannot_be_read_stops_nothing(lint: Linting) -> None:
    lint.write("deploy/bad.yaml", "kind: [")
    lint.write("deploy/bytes.yaml", b"kind: \xff")
    lint.write("deploy/deep.yaml", "[" * 30_000)
    lint.write("deploy/good.yaml", pod("nginx"))
    assert lint.broken("deploy", code=1) == [("warning", "unreadable")] * 3 + [("error", "missing-tag")]
    assert lint.broken("deploy/bad.yaml", code=1) == [("error", "unreadable")]


def test_what_is_not_there_is_a_mistake_in_the_call_or_the_config(lint: Linting) -> None:
    lint.write("app.yaml", pod("nginx"))
    done = lint("missing", "app.yaml", "lost/x.yaml", code=2)
    assert done.stdout == ""
    assert done.stderr.startswith("error: there is no missing, and no lost/x.yaml\nnext: name files and directories")
    configured(lint, "{paths: [gone]}")
    assert "there is no gone" in lint(code=2).stderr


def test_what_is_skipped_is_listed_by_v_alone(lint: Linting) -> None:
    lint.write("app.yaml", pod("{{ .Values.image }}", f"nginx{DIGEST}"))
    done = lint("app.yaml", "-v")
    assert done.stderr == "app.yaml:4:15: skipped: {{ .Values.image }}: it is a template\n"
    assert done.stdout == "1 file, 2 images, 1 skipped: nothing to complain of\n"
    assert lint("app.yaml").stderr == ""
    assert lint("app.yaml", "-q").stdout == ""


def test_the_json_is_as_its_schema_has_it(lint: Linting) -> None:
    lint.write("app.yaml", pod("nginx", "nginx:1", "$X", "Nginx"))
    lint.write("bad.yaml", "kind: [")
    report = lint.report(code=1)
    Draft202012Validator(json.loads(packaged_schema("lint.schema.json"))).validate(report)
    assert (report["files"], report["images"], report["errors"], report["warnings"]) == (2, 4, 2, 2)
    assert report["findings"][0] == {
        "file": "app.yaml",
        "line": 4,
        "column": 15,
        "rule": "missing-tag",
        "level": "error",
        "message": "nginx has neither tag nor digest, so `latest` is run",
        "image": "nginx",
    }


def test_a_sarif_file_names_files_from_the_top_of_the_checkout(lint: Linting) -> None:
    (lint.root / ".git").mkdir()
    lint.write("deploy/app.yaml", pod("nginx"))
    below = Linting(lint.root / "deploy", lint.command)
    below("app.yaml", "--sarif", "out/lint.sarif", code=1)
    document = json.loads((lint.root / "deploy/out/lint.sarif").read_text())
    [result] = document["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "deploy/app.yaml"


def test_findings_are_annotations_on_github(lint: Linting) -> None:
    (lint.root / ".git").mkdir()
    lint.write("deploy/app.yaml", pod("nginx:1", "nginx"))
    done = lint("deploy", code=1, env={"GITHUB_ACTIONS": "true"})
    commands = [line for line in done.stderr.splitlines() if line.startswith("::")]
    assert [command.partition("::")[2].partition("::")[0] for command in commands[:2]] == [
        "error title=The image has neither tag nor digest,file=deploy/app.yaml,line=5,col=15",
        "warning title=The image is not pinned by digest,file=deploy/app.yaml,line=4,col=15",
    ]
    assert commands[2].startswith("::error::lint: 1 error, 1 warning")


def test_the_job_s_page_has_all_findings_on_github(lint: Linting, tmp_path: Path) -> None:
    lint.write("app.yaml", pod(*["nginx:1"] * 20, "nginx"))
    page = tmp_path / "summary.md"
    page.touch()
    lint("app.yaml", code=1, env={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page)})
    text = page.read_text()
    rows = [line for line in text.splitlines() if line.startswith("| `app.yaml")]
    assert text.startswith("## ⛔ Lint: 1 error, 20 warnings\n")
    assert len(rows) == 21
    assert rows[0].startswith("| `app.yaml:24` | error |")


def test_gitlab_takes_the_code_quality_report(lint: Linting) -> None:
    git(lint.root, "init", "-q")
    lint.write("deploy/app.yaml", pod("nginx:1", "nginx", "nginx"))
    Linting(lint.root / "deploy", lint.command)("app.yaml", "--code-quality", "gl.json", code=1)
    entries = read_quality((lint.root / "deploy/gl.json").read_bytes())
    assert [(e["severity"], e["location"]["path"], e["location"]["lines"]["begin"]) for e in entries] == [
        ("major", "deploy/app.yaml", 5),
        ("major", "deploy/app.yaml", 6),
        ("minor", "deploy/app.yaml", 4),
    ]
    assert entries[0]["check_name"] == "missing-tag"


def test_mistakes_are_exit_2(lint: Linting) -> None:
    lint.write("app.yaml", pod(f"nginx{DIGEST}"))
    assert "missing.yml" in lint("app.yaml", "-c", "missing.yml", code=2).stderr
    assert "none.json" in lint("app.yaml", "--attestation", "none.json", code=2).stderr
    lint.write(".ci-toolkit.yml", "version: 1\n")
    assert "images" in lint("app.yaml", code=2).stderr
