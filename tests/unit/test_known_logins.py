"""Logins that are at hand: used once while they are good, then their source is asked."""

from __future__ import annotations

import pytest

from ci_toolkit.errors import UsageError
from ci_toolkit.registry.credentials import Credential
from ci_toolkit.registry.known_logins import KnownLogins
from tests.harness.logins_at_hand import Configured

NOW = 1_800_000_000.0
NEW = Credential("ci", "new-word", expires_at=NOW + 9000)


@pytest.mark.parametrize(
    ("life", "first"), [(None, "old-word"), (3600.0, "old-word"), (200.0, "new-word"), (-5.0, "new-word")]
)
def test_a_known_login_serves_once_and_only_while_it_is_good(life: float | None, first: str) -> None:
    known = Credential("ci", "old-word", expires_at=None if life is None else NOW + life)
    chain = KnownLogins({"h": known}, Configured({"h": NEW}), now=lambda: NOW)
    answers = [chain.resolve("h") for _ in range(3)]
    assert [a.password for a in answers if a] == [first, "new-word", "new-word"]


def test_others_are_asked_for_as_ever() -> None:
    chain = KnownLogins({}, Configured({"h": NEW}), now=lambda: NOW)
    assert (chain.resolve("h"), chain.resolve("x")) == (NEW, None)


def test_a_login_that_has_ended_and_comes_from_nowhere_else_is_named() -> None:
    stale = Credential("ci", "old-word")
    chain = KnownLogins({}, Configured({"h": stale}), ended={"h": NOW - 7300}, now=lambda: NOW)
    with pytest.raises(UsageError, match=r"the login for h .* has ended 2 h ago") as caught:
        chain.resolve("h")
    assert "ci-toolkit login" in caught.value.hint
    renewed = KnownLogins({}, Configured({"h": NEW}), ended={"h": NOW - 60}, now=lambda: NOW)
    assert renewed.resolve("h") == NEW
