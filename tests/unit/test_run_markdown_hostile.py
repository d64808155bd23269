"""A run as Markdown whose every word is hostile: nothing from outside acts in it, and a failure's page fits."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_toolkit.errors import ConfigError, ToolkitError, VerdictError
from ci_toolkit.model.gate import evaluate
from ci_toolkit.model.policy import Ignore
from ci_toolkit.report.markdown_failure import failure_markdown
from ci_toolkit.report.run_markdown import run_markdown
from tests.harness import reports
from tests.harness.findings import URLLIB3
from tests.harness.rendered import TAGS, Page

if TYPE_CHECKING:
    from ci_toolkit.report.run_report import RunReport

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
