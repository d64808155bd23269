"""What is gathered of a run, in a real checkout with real files, whatever is missing there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.cli.reports import judge_of
from ci_toolkit.cli.run_report import run_report
from ci_toolkit.cli.session import Session, session
from ci_toolkit.cli.settings import Settings
from ci_toolkit.errors import IntegrityError, SourceLine, ToolError, ToolkitError
from ci_toolkit.model.digest import Digest
from ci_toolkit.pipeline import Journal
from ci_toolkit.report.annotations import annotations_of
from ci_toolkit.report.findings_file import write_findings
from ci_toolkit.report.run_markdown import run_markdown
from ci_toolkit.state import Source, State
from tests.harness import reports
from tests.harness.project import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_toolkit.report.run_report import RunReport
    from ci_toolkit.state import ImageState

FOUND = reports.findings(reports.GLIBC, reports.JINJA)
CONFIG = """\
version: 1
images:
  backend: {context: backend, repositories: [ghcr.io/acme/backend]}
  worker: {context: nowhere, repositories: [ghcr.io/acme/worker]}
scan:
  ignore:
    - {id: CVE-2024-0002, reason: no fix yet, owner: shop, expires: 2026-11-24}
"""


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A session in `delivery/` of a checkout; its images are `backend`, and `worker`, which has no source."""
    root = tmp_path / "delivery"
    (root / "backend").mkdir(parents=True)
    (root / "backend" / "Dockerfile").write_text("# base\nFROM debian:bookworm-slim\n")
    (root / ".ci-toolkit.yml").write_text(CONFIG)
    git(tmp_path, "init", "-q")
    monkeypatch.chdir(root)
    for name in ("GITHUB_ACTIONS", "GITLAB_CI"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings(
        config=None, images=(), workdir=None, dry_run=False, format="text", quiet=True, verbose=False, debug=False,
        no_color=True, policy_from="head",
    )  # fmt: skip
    with session(settings) as made:
        yield made


def after_scan(opened: Session) -> ImageState:
    """The state of `backend`, its findings file written."""
    file = opened.workdir / "reports" / "backend" / "findings.json"
    file.parent.mkdir(parents=True)
    write_findings(file, FOUND)
    return reports.scanned(FOUND).state


def test_a_promotion_is_told_as_one(opened: Session) -> None:
    state = State(tool_version="0", source=Source(images_hash=""))
    made = run_report(
        opened,
        Journal(opened.state_file, state),
        ToolError("no"),
        opened.images,
        judge_of(opened),
        environment="production",
    )
    assert run_markdown(made).startswith("## ❌ Promotion to production failed: a local tool\n")


def gathered(opened: Session, failure: ToolkitError | None = None, **images: ImageState) -> RunReport:
    state = State(tool_version="0", source=Source(images_hash=""), images=images)
    journal = Journal(opened.state_file, state)
    journal.took("scan", 0.0, 1.0, "done")
    return run_report(opened, journal, failure, opened.images, judge_of(opened))


def test_findings_are_read_and_judged_for_the_day_of_the_scan(opened: Session) -> None:
    [backend, worker] = gathered(opened, backend=after_scan(opened)).images
    assert backend.findings == FOUND
    assert backend.decision
    assert [finding.id for finding in backend.decision.blocking] == ["CVE-2024-0003"]
    assert [entry.id for p in backend.decision.platforms.values() for _, entry in p.ignored] == ["CVE-2024-0002"]
    assert (worker.findings, worker.decision, worker.left_out) == (None, None, "")


def test_everything_is_named_from_the_top_of_the_checkout(opened: Session) -> None:
    made = gathered(opened)
    assert [(image.dockerfile, image.line) for image in made.images] == [
        ("delivery/backend/Dockerfile", 2),
        ("delivery/nowhere/Dockerfile", 1),
    ]
    assert (made.root, made.config_file) == ("delivery", "delivery/.ci-toolkit.yml")
    assert list(made.ignore_places.values()) == [("delivery/.ci-toolkit.yml", 7)]
    assert made.times[0].step == "scan"


@pytest.mark.parametrize("name", ["absolute", "backend/Dockerfile"])
def test_a_failures_place_is_too(opened: Session, name: str) -> None:
    file = str(opened.config.root / "backend/Dockerfile") if name == "absolute" else name
    made = gathered(opened, ToolError("building backend failed", place=SourceLine(file, 2)))
    assert made.failure_place == ("delivery/backend/Dockerfile", 2)
    assert annotations_of(made)[0].file == "delivery/backend/Dockerfile"


def test_a_place_outside_of_the_checkout_is_none(opened: Session) -> None:
    made = gathered(opened, ToolError("no", place=SourceLine("/elsewhere/Dockerfile", 2)))
    assert made.failure_place is None


def test_a_run_that_did_nothing_is_told_all_the_same(opened: Session) -> None:
    made = gathered(opened, ToolError("no container engine answers", hint="start Docker Engine"))
    assert "no container engine answers" in run_markdown(made)
    assert annotations_of(made) == ()


@pytest.mark.parametrize("damage", ["gone", "torn", "of another digest", "of a day that is none"])
def test_findings_that_cant_be_had_hide_nothing_else(opened: Session, damage: str) -> None:
    image = after_scan(opened)
    file = opened.workdir / "reports" / "backend" / "findings.json"
    if damage == "gone":
        file.unlink()
    elif damage == "torn":
        file.write_bytes(file.read_bytes()[:-9])
    elif damage == "of another digest":
        write_findings(file, replace(FOUND, digest=Digest.of(b"other")))
    else:
        write_findings(file, replace(FOUND, scanned_at="yesterday"))
    made = gathered(opened, ToolError("the run's own failure"), backend=image)
    assert made.images[0].findings is None
    assert made.images[0].left_out
    text = run_markdown(made)
    assert "> the run's own failure".replace("'", "&#39;") in text
    assert "⚠️ Its findings are left out here: " in text


def test_what_a_step_of_the_run_has_read_is_not_read_again(opened: Session) -> None:
    image, judge = after_scan(opened), judge_of(opened)
    options = opened.images["backend"]
    read = judge.of(options, image)
    (opened.workdir / "reports/backend/findings.json").unlink()
    journal = Journal(
        opened.state_file, State(tool_version="0", source=Source(images_hash=""), images={"backend": image})
    )
    told = run_report(opened, journal, None, opened.images, judge).images[0]
    assert (told.findings, told.decision, told.explanation) == (read.findings, read.decision, read.explanation)
    assert told.left_out == ""


def test_another_scan_or_another_image_is_read_anew(opened: Session) -> None:
    image, judge = after_scan(opened), judge_of(opened)
    options = opened.images["backend"]
    judge.of(options, image)
    assert image.scan
    with pytest.raises(IntegrityError):
        judge.of(options, replace(image, digest=Digest.of(b"built again")))
    write_findings(
        opened.workdir / "reports/backend/findings.json", replace(FOUND, scanned_at="2026-11-25T10:00:00+00:00")
    )
    again = judge.of(options, replace(image, scan=replace(image.scan, scanned_at="2026-11-25T10:00:00+00:00")))
    assert again.findings.scanned_at == "2026-11-25T10:00:00+00:00"


def test_what_could_not_be_read_is_tried_again(opened: Session) -> None:
    image, judge = after_scan(opened), judge_of(opened)
    file = opened.workdir / "reports/backend/findings.json"
    data = file.read_bytes()
    file.unlink()
    with pytest.raises(ToolkitError):
        judge.of(opened.images["backend"], image)
    file.write_bytes(data)
    assert judge.of(opened.images["backend"], image).findings == FOUND
