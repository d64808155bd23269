"""The client of GitHub's API: how it asks, what it repeats, and who gets to see the token."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from ci_toolkit.answers import HttpError
from ci_toolkit.ci.github_api import GitHubApi, GitHubError, api_of
from ci_toolkit.deadlines import Limits
from ci_toolkit.errors import UsageError
from ci_toolkit.redact import Redactor
from ci_toolkit.version import __version__
from tests.harness.proxy import FaultServer, answers, resets
from tests.harness.pushing import Heard, Naps

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "ghs_canary0123456789"
NOW = 1_700_000_000


class Client:
    """The client in front of a server, and what it says."""

    def __init__(self, server: FaultServer, base: str) -> None:
        self.server, self.naps, self.heard, self.redact = server, Naps(), Heard(), Redactor()
        self.api = GitHubApi(
            base,
            TOKEN,
            env={},
            redact=self.redact,
            progress=self.heard,
            limits=Limits(connect=2, idle=5, total=20),
            patience=self.naps.patience(),
        )

    def refusal(self, method: str = "GET", **options: bool) -> HttpError:
        """The error that a request ends in."""
        with pytest.raises(HttpError) as caught:
            self.api.get("/x") if method == "GET" else self.api.post("/x", {}, **options)
        error = caught.value
        shown = "\n".join([error.message, error.hint, repr(error), *(line for _, line in self.heard.lines)])
        assert TOKEN not in shown
        return error


@contextmanager
def opened(server: FaultServer) -> Iterator[Client]:
    client = Client(server, f"http://{server.host}")
    with closing(client.api):
        yield client


@pytest.fixture
def client(lonely: FaultServer) -> Iterator[Client]:
    with opened(lonely) as made:
        yield made


def words(message: str, **more: Any) -> bytes:
    return json.dumps({"message": message, **more}).encode()


def test_a_request_is_as_github_wants_it(client: Client) -> None:
    client.server.rule("POST", "^/x$", answers(201, {}, b'{"a": 1}'))
    assert client.api.post("/x", {"key": "value"}) == {"a": 1}
    [seen] = client.server.seen
    assert json.loads(seen.body) == {"key": "value"}
    wanted = {
        "authorization": f"Bearer {TOKEN}",
        "accept": "application/vnd.github+json",
        "x-github-api-version": "2022-11-28",
        "user-agent": f"ci-toolkit/{__version__}",
        "content-type": "application/json",
    }
    assert wanted.items() <= seen.headers.items()


def test_an_error_has_githubs_words_and_the_permission_it_names(client: Client) -> None:
    said = words("Resource not accessible by integration", errors=[{"field": "ref", "code": "invalid"}, "also this"])
    headers = {"x-accepted-github-permissions": "security_events=write; contents=read"}
    client.server.rule("GET", "", answers(403, headers, said))
    error = client.refusal()
    assert isinstance(error, GitHubError)
    assert error.said == "Resource not accessible by integration; ref invalid; also this"
    assert error.message == f"GET http://{client.server.host}/x: 403 Forbidden: {error.said}"
    assert error.hint == "give the job `permissions: { security-events: write }`"
    assert (error.exit_code, client.server.count("GET")) == (4, 1)


@pytest.mark.parametrize(("status", "hint"), [(401, "GITHUB_TOKEN"), (404, "contents: read"), (500, "status page")])
def test_an_error_says_what_to_do(client: Client, status: int, hint: str) -> None:
    client.server.rule("GET", "", answers(status, {}, words("no")), times=9)
    assert hint in client.refusal().hint


def test_hostile_words_do_nothing(client: Client) -> None:
    client.server.rule("GET", "", answers(400, {}, words(f"a\n::error::b \x1b[31m##[group]c {TOKEN}" + "x" * 999)))
    said = client.refusal().message.partition("Bad Request: ")[2]
    assert said.startswith("a : :error::b # #[group]c ***xxx")
    assert len(said) == 300


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"7", b"\xff", b"[" * 100_000])
def test_an_answer_that_is_no_object_is_an_error(client: Client, body: bytes) -> None:
    client.server.rule("GET", "", answers(200, {}, body))
    assert "no JSON object" in client.refusal().message
    client.server.rule("GET", "", answers(418, {}, body))
    assert "418" in client.refusal().message


@pytest.mark.parametrize("fault", [answers(502), answers(503), resets])
def test_a_question_is_repeated_and_a_deed_only_where_that_is_safe(client: Client, fault: Any) -> None:
    client.server.rule("", "", fault, times=2)
    client.server.rule("", "", answers(200, {}, b"{}"), times=9)
    assert client.api.get("/x") == {}
    assert client.server.count("GET") == 3
    client.server.reset()
    client.server.rule("", "", fault, times=2)
    client.server.rule("", "", answers(200, {}, b"{}"), times=9)
    assert client.api.post("/x", {}, repeatable=True) == {}
    client.server.reset()
    client.server.rule("", "", fault)
    client.refusal("POST")
    assert client.server.count("POST") == 1


LIMITED = {
    "429 with seconds": (429, {"retry-after": "20"}, "slow down", 20),
    "429 with a date": (429, {"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT"}, "slow down", 30),
    "429 with nonsense": (429, {"retry-after": "soon"}, "slow down", 60),
    "primary": (
        403,
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW + 40)},
        "API rate limit exceeded",
        40,
    ),
    "primary without a time": (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "?"}, "exceeded", 60),
    "secondary": (403, {"retry-after": "5", "x-ratelimit-remaining": "4000"}, "a secondary rate limit", 5),
    "secondary in words": (403, {}, "You have exceeded a secondary rate limit.", 60),
    "reset is over": (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW - 40)}, "exceeded", 0),
}


@pytest.mark.parametrize("case", LIMITED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_rate_limit_is_waited_for(client: Client, case: str, method: str) -> None:
    status, headers, said, seconds = LIMITED[case]
    client.server.rule("", "", answers(status, headers, words(said)))
    client.server.rule("", "", answers(200, {}, b"{}"))
    assert (client.api.get("/x") if method == "GET" else client.api.post("/x", {})) == {}
    assert seconds <= sum(client.naps.taken) <= seconds * 1.25


def test_a_limit_that_lasts_is_told_at_once(client: Client) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW + 3000)}
    client.server.rule("GET", "", answers(403, headers, words("API rate limit exceeded")), times=9)
    error = client.refusal()
    assert "it asks us to wait 3000 s" in error.message
    assert (client.naps.taken, client.server.count("GET")) == ([], 1)


def test_patience_ends(client: Client) -> None:
    client.server.rule("GET", "", answers(429, {"retry-after": "50"}, words("slow down")), times=99)
    client.refusal()
    assert client.server.count("GET") == 5


def test_the_token_stays_with_its_host(client: Client) -> None:
    with FaultServer().running() as other:
        other.rule("", "", answers(200, {}, b"{}"), times=9)
        client.server.rule("", "", answers(302, {"location": f"http://{other.host}/y"}))
        assert client.api.get("/x") == {}
        [seen] = other.seen
        assert "authorization" not in seen.headers
        client.server.rule("", "", answers(307, {"location": f"http://{other.host}/y"}))
        assert "refused" in client.refusal("POST").message
        assert len(other.seen) == 1


def test_a_renamed_repository_is_followed_on_the_same_host(client: Client) -> None:
    client.server.rule("POST", "^/x$", answers(307, {"location": f"http://{client.server.host}/repositories/1"}))
    client.server.rule("POST", "^/repositories/1$", answers(202, {}, b'{"id": "1"}'))
    assert client.api.post("/x", {}) == {"id": "1"}
    assert client.server.seen[1].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("url", "base"),
    [
        (None, "https://api.github.com"),
        ("", "https://api.github.com"),
        ("https://ghes.example.com/api/v3/", "https://ghes.example.com/api/v3"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("http://localhost:1/api/v3", "http://localhost:1/api/v3"),
    ],
)
def test_the_api_is_the_one_that_the_runner_names(url: str | None, base: str) -> None:
    assert api_of({} if url is None else {"GITHUB_API_URL": url}) == base


@pytest.mark.parametrize(
    "url",
    [
        "http://api.github.com",
        "http://127.0.0.1.evil.test",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "api.github.com",
        "https://",
        "https://user:pass@api.github.com",
        "https://api.github.com?x=1",
        "https://[bad",
        "https://api.github.com:port",
    ],
)
def test_a_token_goes_nowhere_in_the_open(url: str) -> None:
    with pytest.raises(UsageError, match="no token is sent") as caught:
        api_of({"GITHUB_API_URL": url})
    assert "pass" not in caught.value.message
