"""A run as Markdown: what it says of the runs there are, that it fits, and that nothing from outside acts in it."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ci_toolkit.errors import ConfigError, ToolError, ToolkitError, VerdictError
from ci_toolkit.model.gate import evaluate
from ci_toolkit.model.policy import Ignore
from ci_toolkit.model.timeline import StepTime
from ci_toolkit.report.markdown_failure import failure_markdown
from ci_toolkit.report.run_markdown import run_markdown
from ci_toolkit.state import Commit, ImageState
from tests.harness import reports
from tests.harness.findings import URLLIB3

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
GITHUB = MarkdownIt("commonmark", {"html": True}).enable("table")
"""What GitHub renders, as far as it matters here: raw HTML and tables."""
TAGS = {"h2", "h3", "p", "ul", "li", "blockquote", "strong", "em", "code", "pre", "a", "br", "hr", "table", "thead"}
TAGS |= {"tbody", "tr", "th", "td", "details", "summary"}
VOID = frozenset({"br", "hr"})


class Page(HTMLParser):
    """A rendered summary: every tag, the text that isn't code, whether all that opens closes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.spoken = ""
        self.links: list[str] = []
        self.fences: list[str] = []
        self.feed(GITHUB.render(text))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.spoken += " "
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.fences += [value or "" for name, value in attrs if name == "class"]
        assert {name for name, _ in attrs} <= {"href", "class", "style"}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "code" not in self.open:
            self.spoken += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


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


def test_steps_that_dont_look_into_images_leave_the_findings_out() -> None:
    assert "| Platform |" not in run_markdown(reports.pinned())
    assert "| Platform |" in run_markdown(replace(reports.pinned(), times=reports.times(scan="done")))


def test_many_findings_are_quick_and_fit() -> None:
    made = reports.crowded()
    began = time.perf_counter()
    text = run_markdown(made)
    assert time.perf_counter() - began < 1
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


HOSTILE = st.text() | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "</details></table><img src=x onerror=alert(1)>",
        "```\n# boo\n```",
        "`` ` ``",
        "a|b\\|c\\\\|d",
        "@octocat #1 GH-7 www.evil.test https://evil.test a@b.test",
        "![x](http://evil.test/x.png) [y](javascript:alert(1))",
        "\n\n::add-mask::x\n::error::boom",
        "<!-- ",
        "&lt;b&gt; &#64;octocat",
        "]]>\x1b[31m\x00\u202e\ud800",
        "- [ ] x\n1. y\n> z\n---\n***",
        "~~~\n{: .x} $x$ <br>",
        "\\",
        "|",
        "`",
        " ",
    ]
)  # fmt: skip


def hostile_run(word: str, environment: str | None) -> RunReport:
    """A run in which everything that can come from outside is this word."""
    finding = replace(
        URLLIB3, id=f"{word}1", package=word, installed=word, fixed=word, title=word, path=word, purl="", url=word,
        kind=word, status="fixed",
    )  # fmt: skip
    entry = Ignore(id=f"{word}2", reason=word, owner=word, expires=reports.TODAY, package=word, path=word)
    ignored = replace(finding, id=f"{word}2", status=word)
    policy = replace(reports.POLICY, ignores=(entry,))
    found = reports.findings(finding, ignored, arm64=(finding,), scanner_version=word)
    found = replace(found, platforms=(replace(found.platforms[0], platform=f"{word}/x", os=word), found.platforms[1]))
    state = {
        "version": word,
        "tags": (word,),
        "pushed": (reports.pushed(word),),
        "failed_pushes": {word: word},
        "reports": {"findings": word},
    }
    [promotion, _] = reports.promoted().state.promotions
    promotion = replace(promotion, reason=word, by=word, at=word, image=word, environment=word, tags=(word,))
    image = replace(
        reports.scanned(found, policy, **state),
        name=word or "x",
        decision=evaluate(found, policy, reports.TODAY),
        dockerfile=word,
        left_out=word,
    )
    made = reports.report(
        image,
        policy=policy,
        promotions=(promotion,),
        pins=(replace(reports.pin(word or "x", 1), old=word, new=f"{word}!"),),
        times=reports.times(scan="done", pin="done"),
        failure=None,
        environment=environment,
    )
    source = replace(made.state.source, ref=word, revision=word, run_url=reports.RUN)
    return replace(made, state=replace(made.state, source=source, tool_version=word), config_file=word)


@settings(deadline=None, max_examples=150)
@given(HOSTILE, st.sampled_from([None, "verdict", "config"]), st.booleans())
def test_nothing_from_outside_acts(word: str, ends: str | None, promotes: bool) -> None:
    made = hostile_run(word, word if promotes else None)
    failures = {
        "verdict": VerdictError(f"x {word}\n{word}", hint=word),
        "config": ConfigError(word, hint=f"`{word}`", violations=[word]),
    }
    text = run_markdown(replace(made, failure=failures[ends]) if ends else made)
    page = Page(text)
    assert page.open == []
    assert set(page.tags) <= TAGS
    assert page.tags.count("details") == text.count("<details>")
    assert all(link == reports.RUN or link == word for link in page.links)
    assert not re.search(r"@\w|(?<!&)#\d|\bGH-\d|\bwww\.", page.spoken)
    assert set(page.fences) <= {"language-diff", "language-text", "language-mermaid", "language-yaml"}
    assert not re.search(r"^\s*::", text, re.MULTILINE)
    rows = [line for line in text.splitlines() if line.startswith("| ") and line.endswith(" |")]
    assert page.tags.count("tr") == len(rows) - page.tags.count("table")


@settings(deadline=None)
@given(HOSTILE)
def test_on_a_page_of_its_own_a_failure_acts_no_more(word: str) -> None:
    failure = ConfigError(f"x {word}\n{word}", hint=f"`{word}`", violations=[word, f"a.yml:1:2: {word}"])
    page = Page(text := failure_markdown(failure, limit=10**6))
    assert page.open == []
    assert set(page.tags) <= TAGS
    assert page.links == []
    assert not re.search(r"@\w|(?<!&)#\d|\bGH-\d|\bwww\.", page.spoken)
    assert not re.search(r"^\s*::", text, re.MULTILINE)


@pytest.mark.parametrize("limit", [0, 300, 1_000, 5_000, 100_000])
def test_the_page_of_a_failure_fits_and_counts_what_it_leaves_out(limit: int) -> None:
    violations = [f"c.yml:{n}:1: images.app{n}: no such option" for n in range(1, 501)]
    text = failure_markdown(ConfigError("500 things are wrong", hint="mend it", violations=violations), limit=limit)
    told = text.count("no such option")
    assert len(text.encode()) <= max(limit, 60)
    if limit >= 1_000:
        assert "**Next:** mend it" in text
        assert (f"_… {500 - told} more of these: all are in the log_" in text) == (told < 500)
    assert told == 500 or limit < 100_000


def test_a_refusal_and_a_bug_have_their_own_titles() -> None:
    assert failure_markdown(VerdictError("no"), limit=999).startswith("## ⛔ Refused\n\n> no\n")
    assert failure_markdown(ToolkitError("a bug"), limit=999).startswith("## ❌ Failed\n\n> a bug\n")
