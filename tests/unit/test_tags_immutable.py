"""Which tags may move, and which never do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ci_toolkit.errors import UsageError
from ci_toolkit.model.context import CiContext
from ci_toolkit.model.tags import TagRule, plan_tags
from ci_toolkit.model.tags_immutable import check_immutable, never_matching

NOW = datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC)
RELEASE = CiContext(
    event="tag",
    revision="0123456789abcdef0123456789abcdef01234567",
    tag="v1.2.3",
    tags=("v1.2.3",),
    committed_at=NOW,
)
BRANCH = replace(RELEASE, event="push", tag=None, branch="main", default_branch="main")
PULL = replace(BRANCH, event="pull_request", pull_request=42)


@pytest.mark.parametrize(
    ("template", "context", "moves"),
    [
        ("sha-{sha:7}", BRANCH, False),
        ("{branch}-{sha:7}", BRANCH, False),
        ("{version}", RELEASE, False),
        ("{version.major}.{version.minor}.{version.patch}", RELEASE, True),
        ("{tag}", RELEASE, False),
        ("{date:%Y%m%d%H%M}", BRANCH, False),
        ("{date:%Y-%m-%d_%H-%M-%S}", BRANCH, False),
        ("{commit-date:%Y%m%d%H%M%S}", BRANCH, False),
        ("{version.major}", RELEASE, True),
        ("{version.major}.{version.minor}", RELEASE, True),
        ("{branch}", BRANCH, True),
        ("pr-{pr}", PULL, True),
        ("latest", BRANCH, True),
        ("{date}", BRANCH, True),
        ("{date:%Y%m%d-%H}", BRANCH, True),
        ("{commit-date:%Y%m%d}", BRANCH, True),
        ("x" * 125 + "{sha:7}", BRANCH, True),
    ],
)
def test_a_tag_moves_unless_it_is_one_revisions_alone(template: str, context: CiContext, *, moves: bool) -> None:
    planned = plan_tags([TagRule(template)], context, "1.2.3", NOW)
    assert planned.moving == (planned.tags if moves else ())


def test_a_tag_moves_if_one_of_its_rules_moves_it() -> None:
    context = replace(BRANCH, branch="sha-0123456")
    planned = plan_tags([TagRule("sha-{sha:7}"), TagRule("{branch}")], context, None, NOW)
    assert (planned.tags, planned.moving) == (("sha-0123456",), ("sha-0123456",))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("sha-*", ("sha-0123456",)),
        ("1.2.?", ("1.2.3",)),
        ("[0-9]*", ("1.2.3", "1")),
        ("latest", ("latest",)),
        ("{version}", ("1.2.3",)),
        ("{version.major}.*", ("1.2.3",)),
        ("*-{sha:7}", ("sha-0123456",)),
        ("{pr}", ()),
        ("SHA-*", ()),
        ("nothing-*", ()),
    ],
)
def test_an_entry_holds_the_tags_it_matches(entry: str, expected: tuple[str, ...]) -> None:
    rules = [TagRule(template) for template in ("sha-{sha:7}", "{version}", "{version.major}", "latest")]
    planned = plan_tags(rules, RELEASE, "1.2.3", NOW, immutable=[entry])
    assert planned.immutable == expected
    assert set(planned.moving) == {"1", "latest"} - set(expected)


def test_a_template_is_filled_in_as_the_rule_fills_it() -> None:
    rule = TagRule("nightly-{date:%Y%m%d}", timezone="Asia/Tokyo")
    assert plan_tags([rule], BRANCH, None, NOW, immutable=["nightly-{date:%Y%m%d}"]).immutable == ("nightly-20260702",)


def test_what_a_branch_is_called_is_no_glob() -> None:
    context = replace(BRANCH, branch="*")
    rules = [TagRule("sha-{sha:7}"), TagRule("x{branch}")]
    assert plan_tags(rules, context, None, NOW, immutable=["x{branch}", "{branch}"]).immutable == ("x-",)


@pytest.mark.parametrize("entry", ["", "a b", "{shaa}", "{sha", "[", "[]", "a/*", "Ü*", "a:b", "{match}"])
def test_an_entry_that_no_tag_matches_is_refused(entry: str) -> None:
    with pytest.raises(UsageError):
        check_immutable(entry)


@pytest.mark.parametrize(
    ("entry", "template", "never"),
    [
        ("sah-*", "sha-{sha:7}", True),
        ("sha-*", "sha-{sha:7}", False),
        ("sha-*", "{sha}", True),
        ("*", "{sha}", False),
        ("v*", "{version}", True),
        ("v*", "v{version}", False),
        ("[0-9]*", "{version}", False),
        ("[!0-9]*", "{version}", True),
        ("{version}", "{version.major}.{version.minor}", False),
        ("{version}", "latest", True),
        ("?", "{pr}", False),
        ("pr-??", "pr-{pr}", False),
        ("nightly-*", "nightly-{date:%Y-%m-%d}", False),
        ("nightly-????", "nightly-{date:%Y-%m-%d}", False),
        ("x*", "{date:%Y-%m-%d}", True),
        ("Mon*", "{date:%a}", False),
        ("release-*", "{branch}", False),
        ("backend-*", "{match}", False),
        ("two-words", "two words", False),
        ("latest", "latest-{branch}", True),
    ],
)
def test_an_entry_that_holds_no_tag_of_any_run_is_found(entry: str, template: str, *, never: bool) -> None:
    assert never_matching([entry], [template]) == ((entry,) if never else ())
    assert never_matching([entry], [template, "{branch}"]) == ()
