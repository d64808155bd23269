"""A baseline under the base revision's policy: a change can't excuse itself by files or by another repository."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.model.reference import Repository
from tests.harness.images import pip_package
from tests.harness.proposal import Proposal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Stack
    from tests.harness.images import Tree
    from tests.harness.named_scans import Places

VULNERABLE = "1.24.1"
DEPLOYED: dict[str, list[Tree]] = {"linux/amd64": [pip_package("urllib3", VULNERABLE)]}
BASE = "policy-from: base\ngate: {severity: high}\n"


@pytest.fixture
def proposal(stack: Stack, tmp_path: Path) -> Proposal:
    """A project whose image the gate refuses."""
    repository = f"{stack.registry}/test/baseline-{uuid.uuid4().hex[:12]}"
    return Proposal(tmp_path / "proposal", repository, stack.database, VULNERABLE)


def scanned(proposal: Proposal) -> tuple[int, str]:
    assert proposal.run("build").returncode == 0
    done = proposal.run("scan")
    return done.returncode, done.stderr


def test_the_tag_in_the_bases_repository_counts(proposal: Proposal, places: Places) -> None:
    proposal.configure(scan=BASE + "baseline: {tag: production}")
    proposal.commit()
    proposal.configure(scan="gate: {severity: none}")
    proposal.commit()
    proposal.event("pull_request-branch")
    places.pushed(Repository.parse(proposal.repository), "production", DEPLOYED)
    code, said = scanned(proposal)
    assert code == 0, said
    assert proposal.image["scan"]["baseline"]["name"] == f"{proposal.repository}:production"


def test_a_change_cannot_lead_the_tag_to_a_repository_of_its_own(proposal: Proposal, places: Places) -> None:
    proposal.configure(scan=BASE + "baseline: {tag: production}")
    proposal.commit()
    proper, proposal.repository = proposal.repository, f"{proposal.repository}-mine"
    places.pushed(Repository.parse(proposal.repository), "production", DEPLOYED)
    proposal.configure(scan=BASE + "baseline: {tag: production}")
    proposal.commit()
    proposal.event("pull_request-branch")
    code, said = scanned(proposal)
    assert code == 1
    assert f"{proper}:production isn't there, so everything that is found counts as new" in said


@pytest.mark.parametrize("baseline", ["{from: manifests}", "{findings: mine.json}"])
def test_files_of_the_checkout_do_not_count(proposal: Proposal, places: Places, baseline: str) -> None:
    proposal.configure(scan=f"{BASE}baseline: {baseline}")
    proposal.commit()
    root = places.pushed(Repository.parse(proposal.repository), "old", DEPLOYED)
    manifest = proposal.project / "deploy.yaml"
    manifest.write_text(manifest.read_text().replace(":old", f":old@{root.digest}"), encoding="utf-8")
    proposal.commit()
    proposal.event("pull_request-branch")
    code, said = scanned(proposal)
    assert code == 1
    assert "the checkout's files don't tell what is deployed, so everything that is found counts as new" in said
    proposal.event("push")
    if "manifests" in baseline:
        assert scanned(proposal)[0] == 0
