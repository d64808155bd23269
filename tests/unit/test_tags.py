"""Tag rules: what each field gives, when a rule applies, and that no input gives a tag no registry takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.errors import UsageError
from ci_toolkit.model.context import CiContext
from ci_toolkit.model.reference import check_tag
from ci_toolkit.model.tags import TagRule, plan_tags
from ci_toolkit.model.tags_template import check_template
from ci_toolkit.model.tags_template import timezone as check_timezone

if TYPE_CHECKING:
    from ci_toolkit.model.tags_facts import When

REVISION = "0123456789abcdef0123456789abcdef01234567"
NOW = datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC)
MAIN = CiContext(
    event="push",
    revision=REVISION,
    branch="main",
    default_branch="main",
    committed_at=datetime(2026, 6, 30, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))),
)
RELEASE = replace(MAIN, event="tag", branch=None, tag="v1.2.3", tags=("v1.2.2", "v1.2.3", "v2.0.0-rc.1", "nightly"))
PULL = replace(MAIN, event="pull_request", branch=None, pull_request=42)
ALWAYS = TagRule("always")


def tags(rule: str | TagRule, context: CiContext, version: str | None = None) -> tuple[str, ...]:
    rules = [TagRule(rule) if isinstance(rule, str) else rule, ALWAYS]
    return plan_tags(rules, context, version, NOW).tags[:-1]


def reason(rule: TagRule, context: CiContext, version: str | None = None) -> str:
    return plan_tags([rule, ALWAYS], context, version, NOW).skipped[rule.tag]


@pytest.mark.parametrize(
    ("template", "context", "version", "expected"),
    [
        ("sha-{sha:7}", MAIN, None, "sha-0123456"),
        ("{sha}", MAIN, None, REVISION),
        ("{version}", RELEASE, "v1.2.3", "1.2.3"),
        ("{version}", RELEASE, "1.2.3-rc.1", "1.2.3-rc.1"),
        ("{version}", RELEASE, "1.2.3+build.5", "1.2.3-build.5"),
        ("{version.major}.{version.minor}", RELEASE, "1.2.3", "1.2"),
        ("v{version.major}-{version.patch}", RELEASE, "1.2.3", "v1-3"),
        ("{date:%Y%m%d%H%M%S}", MAIN, None, "20260701223005"),
        ("{date}", MAIN, None, "20260701"),
        ("{commit-date:%Y%m%d-%H%M}", MAIN, None, "20260629-2302"),
        ("{branch}", replace(MAIN, branch="feature/Ünïcode $(touch p)"), None, "feature-n-code-touch-p-"),
        ("{branch}", replace(MAIN, branch="--.hidden"), None, "hidden"),
        ("{branch}", replace(MAIN, branch="x" * 300), None, "x" * 128),
        ("pr-{pr}", PULL, None, "pr-42"),
        ("{tag}", RELEASE, None, "v1.2.3"),
        ("stable", MAIN, None, "stable"),
        ("two words", MAIN, None, "two-words"),
    ],
)
def test_a_template_gives_its_tag(template: str, context: CiContext, version: str | None, expected: str) -> None:
    assert tags(template, context, version) == (expected,)


def test_the_date_is_told_in_the_rules_time_zone() -> None:
    assert tags(TagRule("{date:%Y%m%d-%H}", timezone="Europe/Berlin"), MAIN) == ("20260702-00",)


@pytest.mark.parametrize(
    ("template", "context", "version", "why"),
    [
        ("{sha:7}", CiContext(), None, "no git revision"),
        ("{commit-date}", CiContext(), None, "no git revision"),
        ("{branch}", PULL, None, "no branch"),
        ("{pr}", MAIN, None, "no pull request"),
        ("{tag}", MAIN, None, "no git tag"),
        ("{version}", MAIN, None, "neither a git tag"),
        ("{version}", replace(MAIN, tag="v2"), "v2", "neither a git tag"),
        ("{version}", PULL, "1.2.3", "pull request releases no version"),
        ("{version.major}", RELEASE, "2.0.0-rc.1", "2.0.0-rc.1 is a pre-release"),
        ("{version.minor}", RELEASE, "2.0.0rc1", "pre-release"),
        ("{version.patch}", RELEASE, "2026.4", "no third number"),
        ("{branch}", replace(MAIN, branch="---"), None, "nothing is left"),
    ],
)
def test_a_rule_that_does_not_apply_is_skipped_with_the_reason(
    template: str, context: CiContext, version: str | None, why: str
) -> None:
    assert tags(template, context, version) == ()
    assert why in reason(TagRule(template), context, version)


@pytest.mark.parametrize(
    ("when", "applies", "not_here"),
    [
        ("branch", MAIN, RELEASE),
        ("branch", MAIN, PULL),
        ("default-branch", MAIN, replace(MAIN, branch="other")),
        ("default-branch", MAIN, replace(MAIN, default_branch=None)),
        ("default-branch", MAIN, RELEASE),
        ("tag", RELEASE, MAIN),
        ("pull-request", PULL, MAIN),
        ("schedule", replace(MAIN, event="schedule"), MAIN),
        ("version", RELEASE, PULL),
        ("highest-version", RELEASE, PULL),
        ("highest-version", RELEASE, replace(RELEASE, tags=("v1.10.0", "v1.2.3"))),
    ],
)
def test_conditions(when: When, applies: CiContext, not_here: CiContext) -> None:
    rule = TagRule("x", when=when)
    assert tags(rule, applies, "1.2.3") == ("x",)
    assert tags(rule, not_here, "1.2.3") == ()
    assert reason(rule, not_here, "1.2.3")


def test_a_backport_does_not_move_latest_back() -> None:
    latest = TagRule("latest", when="highest-version")
    backport = replace(RELEASE, tag="v1.9.4", tags=("v1.9.4", "v1.10.0", "v2.0.0-rc.1"))
    assert "1.10.0 is a higher version than 1.9.4" in reason(latest, backport, "1.9.4")
    assert "pre-release" in reason(latest, RELEASE, "3.0.0-rc.1")


def test_a_shallow_clone_that_knows_no_other_version_does_not_move_latest() -> None:
    latest = TagRule("latest", when="highest-version")
    assert "shallow" in reason(latest, replace(RELEASE, tags=("v1.2.3",), shallow=True), "1.2.3")
    assert tags(latest, replace(RELEASE, tags=("v1.2.2", "v1.2.3"), shallow=True), "1.2.3") == ("latest",)


def test_two_rules_of_one_tag_give_it_once_in_the_first_ones_place() -> None:
    rules = [TagRule("main"), TagRule("sha-{sha:7}"), TagRule("{branch}")]
    assert plan_tags(rules, MAIN, None, NOW).tags == ("main", "sha-0123456")


def test_no_tag_at_all_is_an_error_with_every_reason() -> None:
    with pytest.raises(UsageError) as caught:
        plan_tags([TagRule("{version}"), TagRule("{pr}")], MAIN, None, NOW)
    assert "'{version}': there is no version" in caught.value.message
    assert "'{pr}': no pull request" in caught.value.message


def test_the_version_is_told_without_its_v() -> None:
    assert plan_tags([ALWAYS], RELEASE, "v1.2.3", NOW).version == "1.2.3"


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{sha", "brace"),
        ("sha}", "brace"),
        ("{{sha}}", "brace"),
        ("{shaa}", "no field {shaa}"),
        ("{}", "no field"),
        ("{sha:0}", "from 4 to 64"),
        ("{sha:-1}", "from 4 to 64"),
        ("{sha:999999999999}", "from 4 to 64"),
        ("{sha:}", "from 4 to 64"),
        ("{branch:3}", "nothing after a colon"),
        ("{version.build}", "no field"),
        ("{date:}", "no date format"),
        ("{date:%Q}", "no date format"),
        ("{date:%}", "no date format"),
        ("", "gives no tag"),
        ("...", "gives no tag"),
    ],
)
def test_a_template_that_can_give_no_tag_is_refused(template: str, fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        check_template(template)


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "", "/etc/localtime", "A\0B"])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="time zone"):
        check_timezone(name)


_TEMPLATES = st.lists(
    st.one_of(
        st.text(st.characters(exclude_characters="{}"), max_size=20),
        st.sampled_from(["{sha}", "{sha:12}", "{version}", "{version.major}", "{branch}", "{tag}", "{pr}"]),
        st.sampled_from(["{date:%Y-%m-%d %H:%M}", "{commit-date:%j}"]),
    ),
    min_size=1,
    max_size=6,
).map("".join)


@given(
    templates=st.lists(_TEMPLATES, min_size=1, max_size=5),
    branch=st.none() | st.text(max_size=200),
    tag=st.none() | st.text(max_size=200),
    version=st.none() | st.text(max_size=30) | st.from_regex(r"v?[0-9]+\.[0-9]+\.[0-9]+", fullmatch=True),
    committed=st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_every_tag_is_one_a_registry_takes(
    templates: list[str], branch: str | None, tag: str | None, version: str | None, committed: datetime | None
) -> None:
    context = CiContext(revision=REVISION, branch=branch, tag=tag, committed_at=committed, pull_request=7)
    try:
        planned = plan_tags([TagRule(template) for template in templates], context, version, NOW)
    except UsageError as error:
        assert error.message  # noqa: PT017 a refusal is one of the two right answers
        return
    assert [check_tag(tag) for tag in planned.tags] == list(planned.tags)
    assert len(set(planned.tags)) == len(planned.tags) > 0
