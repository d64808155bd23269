"""Images in an environment's manifests carry a passing verdict: by the state, its promotions, or an attestation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.model.attestation import ScanAttestation
from ci_toolkit.model.digest import Digest
from tests.harness.delivered import Delivered, delivered
from tests.harness.linting import DIGEST, Linting, pod

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from ci_toolkit.model.attestation import Result
    from tests.harness.registry import Registry

CONFIG = """\
version: 1
images:
  app: {{ repositories: [{host}/app], tags: ["sha-{{sha:7}}"] }}
environments:
  staging: {{ tags: [staging], pin: ["deploy/staging.yaml"] }}
  production:
    from: staging
    tags: [production]
    repositories: {{ app: [{host}/prod/app] }}
    pin: ["deploy/production.yaml"]
"""
VERDICT = [("error", "verdict")]


@pytest.fixture
def host(tmp_path: Path, registry: Registry) -> str:
    """Where this test's own repositories begin."""
    return f"{registry.host}/{tmp_path.name.lower().replace('_', '-').strip('-')}"


@pytest.fixture
def project(tmp_path: Path, host: str) -> Delivered:
    """A project whose image is scanned and pushed."""
    return delivered(tmp_path / "project", CONFIG.format(host=host))


@pytest.fixture
def lint(project: Delivered, run_command: Callable[..., subprocess.CompletedProcess[str]]) -> Linting:
    return Linting(project.root, run_command)


def configured(project: Delivered, host: str, more: str) -> None:
    (project.root / ".ci-toolkit.yml").write_text(CONFIG.format(host=host) + more)


def test_the_state_tells_of_what_this_revision_built(project: Delivered, lint: Linting, host: str) -> None:
    for repository in ("app", "prod/app"):
        lint.write("deploy/production.yaml", pod(f"{host}/{repository}@{project.digests['app']}"))
        assert lint.broken() == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"verdict": "fail", "blocking": ("CVE-2024-1 zlib 1.2 (critical)",)}, "CVE-2024-1"),
        ({"verdict": None, "scan": None}, "nothing here tells"),
        ({"digest": Digest("sha256:" + "1" * 64)}, "nothing here tells"),
    ],
)
def test_the_reason_is_the_promotion_s(
    project: Delivered, lint: Linting, host: str, changes: dict[str, object], reason: str
) -> None:
    lint.write("deploy/production.yaml", pod(f"{host}/app@{project.digests['app']}"))
    project.with_image("app", **changes)
    [finding] = lint.report(code=1)["findings"]
    assert finding["rule"] == "verdict"
    assert reason in finding["message"]
    assert "is run by production" in finding["message"]


@pytest.mark.parametrize("reference", ["app:1.4", "app", f"app:1.4{DIGEST}", f"prod/app{DIGEST}"])
def test_another_digest_or_none_has_no_verdict(lint: Linting, host: str, reference: str) -> None:
    lint.write("deploy/production.yaml", pod(f"{host}/{reference}"))
    assert ("error", "verdict") in lint.broken(code=1)


def test_images_of_others_and_other_files_need_none(lint: Linting, host: str) -> None:
    lint.write("deploy/production.yaml", pod(f"nginx{DIGEST}", f"{host}/app-web{DIGEST}", f"{host}/other/app{DIGEST}"))
    lint.write("elsewhere.yaml", pod(f"{host}/app{DIGEST}"))
    assert lint.broken("deploy", "elsewhere.yaml") == []


@pytest.mark.parametrize(
    ("more", "broken"),
    [
        ("", VERDICT * 2),
        ("lint: { environments: [production] }\n", VERDICT),
        ("lint: { environments: [] }\n", []),
        ("lint: { rules: { verdict: warning } }\n", [("warning", "verdict")] * 2),
        ("lint: { rules: { verdict: ignore } }\n", []),
        ("scan: { gate: { severity: none } }\n", []),
    ],
)
def test_whose_manifests_want_one(
    project: Delivered, lint: Linting, host: str, more: str, broken: list[tuple[str, str]]
) -> None:
    configured(project, host, more)
    for environment in ("staging", "production"):
        lint.write(f"deploy/{environment}.yaml", pod(f"{host}/app{DIGEST}"))
    assert lint.broken(code=1 if VERDICT[0] in broken else 0) == broken
    assert lint.broken("deploy", code=1 if VERDICT[0] in broken else 0) == broken


def test_a_verdict_under_another_policy_is_none(project: Delivered, lint: Linting, host: str) -> None:
    configured(project, host, "scan: { gate: { severity: critical } }\n")
    lint.write("deploy/production.yaml", pod(f"{host}/app@{project.digests['app']}"))
    [finding] = lint.report(code=1)["findings"]
    assert "under another policy" in finding["message"]


def test_what_was_promoted_is_passed(project: Delivered, lint: Linting, host: str) -> None:
    for environment, repository in (("staging", "app"), ("production", "prod/app")):
        lint.write(f"deploy/{environment}.yaml", pod(f"{host}/{repository}:old"))
        done = lint.command("promote", environment, cwd=project.root)
        assert done.returncode == 0, done.stderr
    project.with_image("app", digest=Digest("sha256:" + "1" * 64))
    assert lint.broken() == []


def attested(root: Path, *attestations: ScanAttestation) -> str:
    file = root / "attestations.json"
    file.write_text("".join(json.dumps(attestation.as_json("app")) + "\n" for attestation in attestations))
    return file.name


@pytest.mark.parametrize(("result", "broken"), [("PASSED", []), ("WARNED", []), ("FAILED", VERDICT)])
def test_an_attestation_tells_of_another_day(
    project: Delivered, lint: Linting, host: str, result: Result, broken: list[tuple[str, str]]
) -> None:
    project.state_file.unlink()
    lint.write("deploy/production.yaml", pod(f"{host}/app{DIGEST}"))
    assert lint.broken(code=1) == VERDICT
    other = ScanAttestation(digest=Digest("sha256:" + "2" * 64), result="PASSED")
    assert lint.broken("--attestation", attested(project.root, other), code=1) == VERDICT
    own = ScanAttestation(digest=Digest(DIGEST[1:]), result=result)
    file = attested(project.root, other, own)
    assert lint.broken("--attestation", file, code=1 if broken else 0) == broken


def test_a_state_that_is_broken_is_no_verdict(project: Delivered, lint: Linting, host: str) -> None:
    lint.write("deploy/production.yaml", pod(f"{host}/app@{project.digests['app']}"))
    project.state_file.write_text("{")
    assert "the earlier state is left aside" in lint(code=1).stderr
