"""Files of ignored findings belong to the policy: where that is the base revision's, so are they."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.harness.proposal import Proposal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Stack

VULNERABLE = "1.24.1"
GATE = "gate: {severity: high}"
SCAN = f"{GATE}\npolicy-from: base\nignore-files: [.ci-toolkit/ignore.yml, triage.yml]"
IDS = ("CVE-2019-11324", "CVE-2025-66418", "CVE-2025-66471", "CVE-2026-21441")


def entries() -> str:
    last = datetime.now(UTC).date() + timedelta(days=30)
    return "".join(f"- {{id: {name}, reason: no proxy, owner: me, expires: {last}}}\n" for name in IDS)


@pytest.fixture
def proposal(stack: Stack, tmp_path: Path) -> Proposal:
    """A project whose image the gate refuses, and whose policy is the base's."""
    repository = f"{stack.registry}/test/triage-{uuid.uuid4().hex[:12]}"
    made = Proposal(tmp_path / "proposal", repository, stack.database, VULNERABLE)
    made.configure(scan=SCAN)
    return made


def proposed(proposal: Proposal, base: str | None, head: str | None) -> Proposal:
    """The proposal with this text, or none, in `triage.yml` of base and head."""
    file = proposal.project / "triage.yml"
    for text in (base, head):
        file.unlink(missing_ok=True)
        if text is not None:
            file.write_text(text)
        proposal.commit()
    proposal.event("pull_request-branch")
    return proposal


@pytest.mark.parametrize("planted", ["triage.yml", ".ci-toolkit/ignore.yml"])
def test_a_planted_file_moves_nothing(proposal: Proposal, planted: str) -> None:
    proposed(proposal, None, None)
    (proposal.project / ".ci-toolkit").mkdir()
    (proposal.project / planted).write_text(entries())
    done = proposal.run("run", "--steps", "build,tag,scan")
    assert (done.returncode, proposal.image["verdict"]) == (1, "fail"), done.stderr
    assert proposal.image["ignored"] == 0
    assert "0 ignore entries" in proposal.gate()


def test_what_the_base_accepted_is_accepted_in_every_job(proposal: Proposal) -> None:
    proposed(proposal, entries(), None)
    done = proposal.run("run", "--steps", "build,tag,scan,push")
    assert done.returncode == 0, done.stderr
    assert proposal.image["verdict"] == "pass"


def test_a_broken_file_of_the_base_is_named_as_the_bases(proposal: Proposal) -> None:
    proposed(proposal, "- id: CVE-1\n", None)
    done = proposal.run("scan")
    assert done.returncode == 2
    assert f"{proposal.base[:12]}:triage.yml:1:3: [0].reason" in done.stderr


def test_a_verdict_under_other_entries_is_none(proposal: Proposal) -> None:
    proposal.configure(scan=GATE)
    (proposal.project / ".ci-toolkit").mkdir()
    file = proposal.project / ".ci-toolkit/ignore.yml"
    file.write_text(entries())
    proposal.commit()
    passed = proposal.run("run", "--steps", "build,tag,scan")
    assert passed.returncode == 0, passed.stderr
    file.unlink()
    refused = proposal.run("push")
    assert (refused.returncode, "another policy" in refused.stderr) == (1, True), refused.stderr
