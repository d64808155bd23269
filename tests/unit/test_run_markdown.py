"""A run as Markdown: what it says of the runs there are, that it fits, and that nothing from outside acts in it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import ConfigError, ToolError, ToolkitError, VerdictError
from ci_toolkit.model.timeline import StepTime
from ci_toolkit.report.run_markdown import run_markdown
from ci_toolkit.state import Commit, ImageState
from tests.harness import reports
from tests.harness.findings import TOKEN, URLLIB3
from tests.harness.rendered import TAGS, Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_toolkit.report.run_report import RunReport

GOLDEN = Path(__file__).parents[1] / "golden" / "summary"
RUNS: dict[str, Callable[[], RunReport]] = {
    "passed": reports.passed,
    "refused": reports.refused,
    "push-failed": reports.push_failed,
    "pinned": reports.pinned,
    "promoted": reports.promoted,
    "crowded": lambda: replace(reports.crowded(), times=()),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_reads_as_it_should(name: str) -> None:
    assert run_markdown(RUNS[name]()) == (GOLDEN / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RUNS)
def test_a_page_is_whole(name: str) -> None:
    page = Page(run_markdown(RUNS[name]()))
    assert page.open == []
    assert set(page.tags) <= TAGS


def test_the_first_line_is_the_verdict() -> None:
    assert [run_markdown(make()).splitlines()[0] for make in RUNS.values()] == [
        "## ✅ backend: built, passed the gate, pushed to 2 repositories, 3 places pinned",
        "## ⛔ Refused by the gate: backend",
        "## ❌ Push failed: a remote service",
        "## ✅ backend: 1 place pinned",
        "## ✅ backend: promoted to production",
        "## ⛔ Refused by the gate: backend",
    ]


def test_a_commit_and_the_policys_revision_are_told() -> None:
    made = reports.passed()
    [backend] = made.images
    assert backend.state.scan
    scan = replace(backend.state.scan, policy_from="base 1234567890ab")
    commit = Commit(
        repository="https://github.com/acme/app", branch="main", revision="ab" * 20, files=("a.yaml",), at="2026-01-01"
    )
    made = replace(
        made,
        images=(replace(backend, state=replace(backend.state, scan=scan)),),
        state=replace(made.state, commits=(commit,)),
        times=(*made.times, StepTime(step="commit", began=9.0, seconds=1.0, outcome="done")),
    )
    text = run_markdown(made)
    assert "by the policy of `base 1234567890ab`" in text
    assert (
        "Committed as `abababababab` on `main` of [`https://github.com/acme/app`](https://github.com/acme/app)" in text
    )


def test_a_push_past_the_gate_is_no_success_like_others() -> None:
    made = reports.passed()
    [backend] = made.images
    backend = replace(backend, state=replace(backend.state, gate="overridden", verdict="fail"))
    text = run_markdown(replace(made, images=(backend,)))
    assert text.startswith("## ⚠️ backend: built, scanned, pushed to 2 repositories although the gate was passed over")
    assert "| Gate | ⚠️ **passed over** (`--no-gate`); 1 critical" in text


def test_a_tools_last_words_stand_as_a_log() -> None:
    failure = ToolError(
        "building backend failed at Dockerfile:3: exit code 1:\n  #7 make: *** [all] ```Error``` 2\n  ::error::x",
        hint="mend what the lines above name",
    )
    made = reports.report(times=reports.times(build="failed", tag="left out"), failure=failure)
    assert run_markdown(made).startswith(
        "## ❌ Build failed: a local tool\n\n> building backend failed at Dockerfile\\:3\\: exit code 1\\:\n\n"
        "```text\n  #7 make: *** [all] '''Error''' 2\n  : :error::x\n```\n\n"
        "**Next:** mend what the lines above name\n"
    )


def test_violations_are_listed_and_many_are_counted() -> None:
    failure = ConfigError("25 manifests can't be read", violations=[f"a.yaml:{n}:1: no YAML" for n in range(25)])
    text = run_markdown(reports.report(times=reports.times(pin="failed"), failure=failure))
    assert text.count("no YAML") == 20
    assert "_… 5 more of these: all are in the log_" in text


def test_a_check_that_says_no_is_refused_at_its_step() -> None:
    failure = VerdictError("1 file would change: a.yaml:3", hint="run `ci-toolkit pin` and commit what it writes")
    text = run_markdown(reports.report(times=reports.times(pin="refused"), failure=failure))
    assert text.startswith("## ⛔ Refused at pin\n")
    assert "**Next:** run `ci-toolkit pin` and commit what it writes" in text


def test_a_run_that_was_stopped_is_nobodys_fault() -> None:
    failure = ToolkitError("the run was stopped", hint="run it again: what was done already is not done twice")
    assert run_markdown(reports.report(failure=failure)).startswith("## ❌ Failed\n\n> the run was stopped\n")


def test_promotions_stay_out_of_the_way_of_other_runs() -> None:
    text = run_markdown(replace(reports.promoted(), environment=None))
    assert "<details><summary>2 other promotions</summary>" in text
    assert "### Manifests" not in text


def test_an_image_that_was_never_built_is_said_to_be_so() -> None:
    [backend] = reports.pinned().images
    blank = replace(backend, state=ImageState(), findings=None, decision=None)
    text = run_markdown(reports.report(blank, times=reports.times(build="failed"), failure=ToolError("no engine")))
    assert "### backend\n\nNot built yet: nothing is known of it." in text


def test_findings_that_are_missing_are_missed_in_words() -> None:
    [backend] = reports.refused().images
    blank = replace(backend, findings=None, decision=None, left_out="no findings at reports/backend/findings.json")
    text = run_markdown(replace(reports.refused(), images=(blank,)))
    assert "⚠️ Its findings are left out here: no findings at reports/backend/findings.json" in text
    assert "| Gate | ⛔ **fail**: 8 blocking; 2 critical, 7 high" in text


def test_an_end_of_life_is_among_the_reasons() -> None:
    found = reports.findings()
    found = replace(found, platforms=(replace(found.platforms[0], end_of_life=True),))
    text = run_markdown(reports.report(reports.scanned(found), times=reports.times(scan="refused")))
    assert "**fail**: linux/amd64\\: debian 12.5 is past its end of life" in text


def test_what_is_there_twice_counts_once_and_has_one_entry_to_paste() -> None:
    again = replace(TOKEN, start_line=9)
    elsewhere = replace(URLLIB3, path="opt/venv/urllib3-1.24.1.dist-info/METADATA")
    found = reports.findings(TOKEN, again, URLLIB3, elsewhere)
    text = run_markdown(reports.report(reports.scanned(found), times=reports.times(scan="refused")))
    assert "| `linux/amd64` ⛔ | 1 | 2 |" in text
    assert text.count("- id: CVE-2019-11324\n") == 1


def test_steps_that_dont_look_into_images_leave_the_findings_out() -> None:
    assert "| Platform |" not in run_markdown(reports.pinned())
    assert "| Platform |" in run_markdown(replace(reports.pinned(), times=reports.times(scan="done")))


def test_many_findings_fit() -> None:
    text = run_markdown(reports.crowded())
    assert "_… 12,250 more findings; all are in `.ci-toolkit/reports/backend/findings.json`_" in text


@pytest.mark.parametrize("limit", [30_000, 20_000, 8_000, 6_000, 3_500])
def test_what_doesnt_fit_is_cut_from_the_least_dear(limit: int) -> None:
    made = reports.crowded()
    text = run_markdown(made, limit=limit)
    assert len(text.encode()) <= limit
    page = Page(text)
    assert page.open == []
    severities = re.findall(r"^\| (high|medium|low|unknown)(?:<br>[^|]*)? \|", text, re.MULTILINE)
    if limit < 10_000:
        assert set(severities) == {"high"}
    left_out = sum(int(n.replace(",", "")) for n in re.findall(r"_… ([\d,]+) more (?:blocking )?findings", text))
    assert left_out + len(severities) == 12_500


@pytest.mark.parametrize("limit", [100, 300, 1000])
def test_even_a_tiny_limit_holds_and_the_verdict_stays(limit: int) -> None:
    text = run_markdown(reports.refused(), limit=limit)
    assert len(text.encode()) <= limit
    assert text.startswith("## ⛔ Refused by the gate: backend\n")
    assert text.endswith("_The rest is left out: a summary may not be longer._\n")


def test_many_images_fit() -> None:
    [backend] = reports.crowded(4_000).images
    made = replace(reports.crowded(4_000), images=tuple(replace(backend, name=f"image-{n}") for n in range(40)))
    text = run_markdown(made)
    assert 900_000 < len(text.encode()) <= 1_048_576
    assert Page(text).open == []
    assert text.count("\n### image") == 40


def test_the_picture_is_of_a_grammar_that_mermaid_reads() -> None:
    """Every line is one of four forms of the flowchart syntax; labels hold nothing that ends them."""
    odd = StepTime(step='end"]; click s0 call x() %% <img src=x> #quot; `a`', began=0, seconds=3725, outcome="failed")
    for made in (reports.refused(), reports.passed(), replace(reports.passed(), times=(odd, odd))):
        [picture] = re.findall(r"```mermaid\n(.*?)\n```", run_markdown(made), re.DOTALL)
        first, *lines = picture.splitlines()
        assert first == "flowchart LR"
        label = r'"[\w .,:;/+()✓✗⛔-]+<br>[\w .✓✗⛔]+"'
        node = rf"    s\d+\[{label}\]:::(done|refused|failed|leftOut)"
        arrows = r"    s\d+( --> s\d+)+"
        style = (
            r"    classDef (done|refused|failed|leftOut) fill:#\w{6},stroke:#\w{6},color:#\w{6}(,stroke-dasharray:4)?"
        )
        assert [line for line in lines if not re.fullmatch(f"{node}|{arrows}|{style}", line)] == []
        assert len(lines) == len(made.times) + 1 + len({t.outcome for t in made.times})
