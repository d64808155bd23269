"""What a registry's error answers and limits become: words, advice, and whether to try again."""

from __future__ import annotations

import json

import pytest

from ci_toolkit.answers import Reply
from ci_toolkit.registry.budget import Budget, asked_to_wait, budget_of, span
from ci_toolkit.registry.faults import error_of, keeps_tag

URL = "https://registry.example/v2/app/manifests/1.0?sig=secret"


def reply(status: int, code: str = "", message: str = "", **headers: str) -> Reply:
    errors = {"errors": [{"code": code, "message": message}]}
    body = json.dumps(errors).encode() if code else message.encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, URL)


@pytest.mark.parametrize(
    ("status", "code", "message", "advice"),
    [
        (412, "PROJECTPOLICYVIOLATION", "it has vulnerabilities", "wait for its scan"),
        (404, "NAME_UNKNOWN", "The repository with name 'a' does not exist in the registry", "`create: true`"),
        (404, "NAME_UNKNOWN", "repository name not known to registry", "does the repository exist?"),
        (403, "DENIED", "client with IP '192.0.2.1' is not allowed access", "network rules"),
        (403, "DENIED", "repository is protected", "may write it"),
        (403, "DENIED", "storage size limit of the project", "quota is used up"),
        (403, "DENIED", "requested access to the resource is denied", "check its permissions"),
        (413, "", "<html>Request Entity Too Large</html>", "limits the size of an upload"),
        (507, "", "", "disk is full"),
        (500, "UNKNOWN", "write /data/x: no space left on device", "disk is full"),
        (400, "MANIFEST_BLOB_UNKNOWN", "blob unknown", "run the push again"),
        (405, "UNSUPPORTED", "The operation is unsupported.", "read-only"),
        (429, "TOOMANYREQUESTS", "You have reached your pull rate limit", "log in"),
        (429, "", "", "mirror"),
    ],
)
def test_each_refusal_comes_with_advice(status: int, code: str, message: str, advice: str) -> None:
    error = error_of(reply(status, code, message), "PUT")
    assert advice in error.hint
    assert error.exit_code == 4
    assert (error.status, error.code) == (status, code)
    assert error.message.startswith(f"PUT https://registry.example/v2/app/manifests/1.0: {status} ")
    assert message in error.message
    assert "secret" not in error.message


def test_the_callers_advice_counts_where_the_answer_gives_none() -> None:
    assert error_of(reply(403, "DENIED", "no"), "PUT", hint="log in").hint == "log in"
    assert (
        "network rules" in error_of(reply(403, "DENIED", "IP address not allowed access"), "PUT", hint="log in").hint
    )


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        (
            {"ratelimit_limit": "100;w=21600", "ratelimit_remaining": "0;w=21600", "retry_after": "1200"},
            "429 Too Many Requests: 0 of 100 requests left for 6 h, it asks us to wait for 20 min",
        ),
        ({"retry_after": "Tue, 14 Nov 2023 22:13:30 GMT"}, "it asks us to wait until 2023-11-14 22:13:30 UTC"),
        ({"retry_after": "35.852µs"}, "429 Too Many Requests"),
    ],
)
def test_429_says_which_limit_and_until_when(headers: dict[str, str], words: str) -> None:
    error = error_of(reply(429, **headers), "GET")
    assert error.message.endswith(words)
    assert error.temporary
    assert error.retry_after == headers["retry_after"]


@pytest.mark.parametrize(
    ("headers", "budget"),
    [
        ({"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "94;w=21600"}, Budget(100, 94, 21600)),
        (
            {"ratelimit-limit": "60", "ratelimit-remaining": "59", "ratelimit-reset": "1609844400"},
            Budget(60, 59, None),
        ),
        ({"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999"}, Budget(5000, 4999, None)),
        ({"ratelimit-limit": "10, 10;w=1, 50;w=60", "ratelimit-remaining": "9"}, Budget(10, 9, 1)),
        ({"ratelimit-limit": "100;w=21600"}, None),
        ({"ratelimit-limit": "many", "ratelimit-remaining": "few"}, None),
        ({"ratelimit-limit": "9" * 5000, "ratelimit-remaining": "9" * 5000}, None),
        ({}, None),
    ],
)
def test_a_budget_is_read_from_headers(headers: dict[str, str], budget: Budget | None) -> None:
    assert budget_of(headers) == budget


@pytest.mark.parametrize(
    ("budget", "low"),
    [
        (Budget(100, 10, 21600), True),
        (Budget(100, 11, 21600), False),
        (Budget(100, 0, 60), False),
        (Budget(60, 1, None), False),
    ],
)
def test_a_budget_is_low_where_it_stays_low(budget: Budget, low: object) -> None:
    assert budget.is_low is low


def test_a_budget_in_words() -> None:
    assert Budget(100, 94, 21600).told("pulls") == "94 of 100 pulls left for 6 h"
    assert Budget(60, 59, None).told() == "59 of 60 requests left"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (40, "40 s"), (60, "1 min"), (1200, "20 min"), (21600, "6 h"), (4320, "1 h 12 min")],
)
def test_a_duration_in_words(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize("value", ["", "soon", "35.852µs", "nan", "Tue, 99 Nov 99999 22:13:30 GMT"])
def test_nonsense_asks_for_no_wait(value: str) -> None:
    assert asked_to_wait(value) == ""


@pytest.mark.parametrize("status", [401, 404, 413, 429, 500, 503])
def test_no_other_status_is_about_immutable_tags(status: int) -> None:
    assert not keeps_tag(error_of(reply(status, "DENIED", "the tag is immutable"), "PUT"))


def test_a_tags_own_name_is_no_answer() -> None:
    """`locked` stands in the URL here, not in what the registry says."""
    url = "https://registry.example/v2/app/manifests/locked"
    error = error_of(Reply(403, {}, b'{"errors": [{"code": "DENIED", "message": "no access"}]}', url), "PUT")
    assert not keeps_tag(error)
