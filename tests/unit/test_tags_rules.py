"""Rules beyond a template: patterns, other texts, schemes, branches by name, order, flavor."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.errors import UsageError
from ci_toolkit.model.context import CiContext
from ci_toolkit.model.reference import check_tag
from ci_toolkit.model.tags import Flavor, TagRule, check_rule, plan_tags
from ci_toolkit.model.version import Version

if TYPE_CHECKING:
    from ci_toolkit.model.version import Scheme

NOW = datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC)
MAIN = CiContext(event="push", revision="0123456" * 5 + "01234", branch="main", default_branch="main")
BACKEND = replace(
    MAIN,
    event="tag",
    branch=None,
    tag="backend-v1.4.0",
    tags=("backend-v1.4.0", "backend-v1.10.0-rc.1", "frontend-v9.0.0", "v8.0.0"),
)
PULL = replace(MAIN, event="pull_request", branch=None, pull_request=42, base_branch="main")
ALWAYS = TagRule("always")


def reason(rule: TagRule, context: CiContext, version: str | None = None) -> str:
    return plan_tags([rule, ALWAYS], context, version, NOW).skipped[rule.tag]


def test_a_monorepo_tells_its_projects_apart() -> None:
    backend = TagRule("{version}", match=r"^backend-v(.+)$")
    latest = replace(backend, tag="latest", when="highest-version")
    planned = plan_tags([backend, latest], BACKEND, None, NOW)
    assert (planned.tags, planned.version) == (("1.4.0", "latest"), "1.4.0")
    older = replace(BACKEND, tags=(*BACKEND.tags, "backend-v1.5.0"))
    assert "1.5.0 is a higher version than 1.4.0" in reason(latest, older)


@pytest.mark.parametrize(
    ("rule", "context", "why"),
    [
        (TagRule("{version}", match="^frontend-v(.+)$"), BACKEND, "doesn't match 'backend-v1.4.0'"),
        (TagRule("latest", match="^frontend-v(.+)$"), BACKEND, "doesn't match 'backend-v1.4.0'"),
        (TagRule("{version}", match="^(back)end"), BACKEND, "'back' is no version"),
        (TagRule("{version}", match="x"), MAIN, "no git tag is built"),
        (TagRule("{match}", match="^frontend-v(.+)$"), BACKEND, "doesn't match 'backend-v1.4.0'"),
        (TagRule("{match}", match="x"), MAIN, "no git tag is built"),
        (TagRule("{match.2}", match="(b)|(x)"), BACKEND, "match.2 took no part"),
        (TagRule("x", branch="release/*"), MAIN, "branch 'main' isn't 'release/*'"),
        (TagRule("x", branch="main"), BACKEND, "no branch is built"),
        (TagRule("x", branch="main"), PULL, "no branch is built"),
        (TagRule("x", when="not-default-branch"), MAIN, "is the default branch"),
        (TagRule("x", when="not-default-branch"), replace(MAIN, default_branch=None), "isn't known"),
        (TagRule("x", enable=False), MAIN, "switched off"),
        (TagRule("{base-branch}"), MAIN, "no pull request into a known branch"),
        (TagRule("{version}", source="{branch}"), BACKEND, "no branch is built"),
        (TagRule("{version}", source="word"), MAIN, "'word' is no version"),
        (TagRule("{version}", scheme="semver"), replace(MAIN, tag="2026.4"), "'2026.4' is no version of semver"),
    ],
)
def test_a_rule_that_does_not_apply_says_why(rule: TagRule, context: CiContext, why: str) -> None:
    assert why in reason(rule, context, None)


def test_rules_of_one_template_are_told_apart() -> None:
    rules = [TagRule("{version}", match=f"^{name}-(.+)$") for name in ("a", "b", "c")]
    assert list(plan_tags([*rules, ALWAYS], BACKEND, None, NOW).skipped) == [
        "{version}",
        "{version} (match: ^b-(.+)$)",
        "{version} (match: ^c-(.+)$)",
    ]


def test_a_version_that_the_rule_states_holds_for_a_pull_request_too() -> None:
    assert plan_tags([TagRule("{version}", source="v1.2.3")], PULL, "9.9.9", NOW).tags == ("1.2.3",)


def test_a_branch_is_named_by_a_glob() -> None:
    rule = TagRule("{branch}", branch="release/*")
    assert plan_tags([rule], replace(MAIN, branch="release/1.4/x"), None, NOW).tags == ("release-1.4-x",)


def test_a_higher_priority_goes_first_and_equal_ones_stay_in_order() -> None:
    rules = [TagRule("a"), TagRule("b", priority=-1), TagRule("c", priority=5), TagRule("d")]
    assert plan_tags(rules, MAIN, None, NOW).tags == ("c", "a", "d", "b")


def test_the_first_rule_that_says_a_version_decides_it() -> None:
    rules = [TagRule("sha-{sha:7}"), TagRule("{match.1}", match="v(1)"), TagRule("{version}", source="3.0.0")]
    assert plan_tags(rules, BACKEND, None, NOW).version == "1"
    assert plan_tags([rules[0], replace(rules[2], priority=1), rules[1]], BACKEND, None, NOW).version == "3.0.0"
    assert plan_tags([rules[0]], BACKEND, "8.0.0", NOW).version == "8.0.0"
    assert plan_tags([rules[0]], BACKEND, None, NOW).version is None


@pytest.mark.parametrize(
    ("rules", "context", "version", "why"),
    [
        ([ALWAYS], MAIN, "1.2.3", "no tag says a version"),
        ([TagRule("{version}")], BACKEND, "2.0.0-rc.1", "pre-release"),
        ([TagRule("{version}")], BACKEND, "2.0.0", "8.0.0 is a higher version"),
        ([TagRule("{tag}")], BACKEND, None, "there is no version"),
    ],
)
def test_latest_that_is_not_given_has_a_reason(
    rules: list[TagRule], context: CiContext, version: str | None, why: str
) -> None:
    planned = plan_tags(rules, context, version, NOW, flavor=Flavor("auto"))
    assert "latest" not in planned.tags
    assert why in planned.skipped["latest"]


def test_prefix_and_suffix_are_templates_and_latest_moves() -> None:
    flavor = Flavor("auto", prefix="{sha:4}-", suffix="-x", on_latest=True)
    planned = plan_tags([TagRule("{version.major}")], MAIN, "1.2.3", NOW, flavor=flavor)
    assert planned.tags == ("0123-1-x", "0123-latest-x")
    assert planned.moving == ()
    assert plan_tags([TagRule("x")], MAIN, None, NOW, flavor=Flavor(latest=True)).moving == ("x", "latest")


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (TagRule("{match}"), "the rule has no `match`"),
        (TagRule("{match.2}", match="(a)"), "1 groups, and none of number 2"),
        (TagRule("x", match="(a"), "missing )"),
        (TagRule("{match.01}", match="a"), "no field"),
        (TagRule("{match.1:2}", match="(a)"), "nothing after a colon"),
        (TagRule("{date:%-p}"), "no date format"),
        (TagRule("{version}", source="{version}"), "read from itself"),
        (TagRule("{version}", source="{shaa}"), "no field {shaa}"),
    ],
)
def test_a_rule_that_can_never_be_followed_is_refused(rule: TagRule, fault: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_rule(rule)
    assert fault in caught.value.message


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("v1.2", "1.2"),
        ("01.02", "1.2"),
        ("1.2.3.4", "1.2.3.4"),
        ("1.0-ALPHA.1", "1.0a1"),
        ("1.0preview", "1.0rc0"),
        ("1.0-2", "1.0.post2"),
        ("1.0rev", "1.0.post0"),
        ("1.0a2.post3.dev4", "1.0a2.post3.dev4"),
        ("2!1.0", "2!1.0"),
        ("1.0+Ubuntu-1_x", "1.0+ubuntu.1.x"),
        ("7", "7"),
    ],
)
def test_pep440_is_written_in_its_normal_form(text: str, normal: str) -> None:
    parsed = Version.parse(text, "pep440")
    assert parsed is not None
    assert parsed.text == normal
    assert Version.parse(normal, "pep440") == parsed


def test_pep440_is_ordered_by_epoch_numbers_and_post_release() -> None:
    written = ["1.2", "1.2.0.1", "1.2.post0", "1.2.post1", "1.10", "1!0.1"]
    ordered = sorted(written, key=lambda text: (Version.parse(text, "pep440") or pytest.fail(text)).order)
    assert ordered == ["1.2", "1.2.post0", "1.2.post1", "1.2.0.1", "1.10", "1!0.1"]


@pytest.mark.parametrize("text", ["", "v", "1..2", "1.2.3-", "nightly", "1.2+", "1.0.x", "1.2.3.4.5.6.7"])
def test_what_is_no_pep440_version(text: str) -> None:
    assert Version.parse(text, "pep440") is None


@pytest.mark.parametrize("text", ["1.2", "01.2.3", "1.2.3-01", "1.2.3-", "1.2.3+", "1.2.3rc1", "1.2.3.4", "vv1.2.3"])
def test_what_is_no_semantic_version(text: str) -> None:
    assert Version.parse(text, "semver") is None


@given(
    tag=st.text(max_size=60) | st.from_regex(r"[a-z]{1,9}-v[0-9]{1,3}\.[0-9]{1,3}(rc1|\.post2)?", fullmatch=True),
    others=st.lists(st.from_regex(r"v[0-9]\.[0-9](\.[0-9])?", fullmatch=True), max_size=4),
    pattern=st.sampled_from([None, "v(.*)", r"^(.)(.*)$", "x*"]),
    scheme=st.sampled_from([None, "semver", "pep440"]),
    suffix=st.text(st.characters(exclude_characters="{}"), max_size=140),
    latest=st.sampled_from([True, False, "auto"]),
    immutable=st.lists(st.sampled_from(["*", "1.*", "{version}", "{tag}", "latest", "[a-z]*"]), max_size=3),
)
def test_whatever_is_tagged_the_tags_are_right(
    tag: str,
    others: list[str],
    pattern: str | None,
    scheme: Scheme | None,
    suffix: str,
    latest: bool | Literal["auto"],
    immutable: list[str],
) -> None:
    context = replace(BACKEND, tag=tag, tags=(tag, *others))
    templates = ["{version}", "{version.major}", "{tag}", *(["{match}"] if pattern else [])]
    rules = [TagRule(template, match=pattern, scheme=scheme) for template in templates]
    planned = plan_tags(
        [*rules, ALWAYS], context, None, NOW, flavor=Flavor(latest, suffix=suffix), immutable=immutable
    )
    assert [check_tag(given_) for given_ in planned.tags] == list(planned.tags)
    assert len(set(planned.tags)) == len(planned.tags)
    assert set(planned.moving) | set(planned.immutable) <= set(planned.tags)
    assert not set(planned.moving) & set(planned.immutable)
