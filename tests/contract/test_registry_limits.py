"""Rate limits: what a registry says is left, what counts against it, and the word at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import RemoteError
from ci_toolkit.redact import Redactor
from ci_toolkit.registry.auth import Authorizer
from ci_toolkit.registry.budget import Budget
from ci_toolkit.registry.host import RegistryHost
from ci_toolkit.retries import Retries
from ci_toolkit.transport import Transport
from tests.harness.logins_at_hand import Configured
from tests.harness.proxy import Answer, Exchange, FaultServer, answers, changes
from tests.harness.pushing import TAGS, Heard, Pushing, destinations, repository_for

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.layout import Layout
    from ci_toolkit.model.oci import Descriptor
    from tests.harness.proxy import Behaviour


def leaves(remaining: int, limit: int = 100) -> Behaviour:
    """The registry's own answer, with Docker Hub's headers."""
    return changes(ratelimit_limit=f"{limit};w=21600", ratelimit_remaining=f"{remaining};w=21600")


def test_what_is_left_is_a_detail_at_the_end(
    proxy: FaultServer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    proxy.rule("HEAD", "/manifests/", leaves(94), times=99)
    heard = Heard()
    with destinations(progress=heard) as there:
        there.push(repository_for(proxy.host, tmp_path), *image, TAGS)
        assert (heard.of("warn"), heard.of("debug")) == ([], [])
        there.tell_budgets()
    assert heard.of("warn") == []
    assert heard.of("debug") == [f"{proxy.host}: 94 of 100 requests left for 6 h"]


def test_where_little_is_left_it_is_said_once(
    proxy: FaultServer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    proxy.rule("HEAD", "/manifests/", leaves(7), times=99)
    heard = Heard()
    with destinations(progress=heard) as there:
        there.push(repository_for(proxy.host, tmp_path), *image, TAGS)
    assert heard.of("warn") == [f"{proxy.host}: 7 of 100 requests left for 6 h: a login or a mirror gives more"]


def test_a_blob_stores_limits_are_not_the_registrys(
    push: Pushing, proxy: FaultServer, lonely: FaultServer, tmp_path: Path
) -> None:
    push()
    lonely.upstream = proxy.upstream
    lonely.rule("", "", leaves(1), times=99)

    def elsewhere(exchange: Exchange) -> None:
        exchange.answer(Answer(307, {"location": f"http://{lonely.host}{exchange.path}"}))

    proxy.rule("", "", elsewhere, times=99)
    heard = Heard()
    with destinations(progress=heard) as there:
        assert there.repository(repository_for(proxy.host, tmp_path)).content("1.0")
        there.tell_budgets()
    assert heard.lines == []


def test_docker_hub_has_a_name_and_counts_pulls() -> None:
    transport, retries = Transport(env={}), Retries()
    chosen = Authorizer("docker.io", Configured({}), transport, retries, Redactor())
    host = RegistryHost("docker.io", transport=transport, retries=retries, authorizer=chosen, plain=False)
    assert host.told_budget() == ""
    host.budget = Budget(100, 94, 21600)
    assert host.told_budget() == "Docker Hub: 94 of 100 pulls left for 6 h"
    transport.close()


def test_a_tag_is_asked_for_without_being_pulled(push: Pushing, proxy: FaultServer) -> None:
    """Docker Hub counts GETs of manifests, and no HEADs."""
    client = push.there.repository(push.to)
    assert client.content("1.0") is None
    assert proxy.count("GET", "/manifests/") == 0
    push()
    assert proxy.count("GET", "/manifests/") == 0
    assert client.content("1.0")
    assert [e.path.rpartition("/")[2] for e in proxy.seen if e.method == "GET" and "/manifests/" in e.path] == [
        str(push.root.digest)
    ]


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        ("4320", "it asks us to wait for 1 h 12 min"),
        ("Tue, 14 Nov 2023 23:13:30 GMT", "it asks us to wait until 2023-11-14 23:13:30 UTC"),
        ("35.852µs".encode().decode("latin-1"), "0 of 100 requests left for 6 h"),
    ],
)
def test_the_word_at_the_end_of_a_limit(push: Pushing, proxy: FaultServer, wait: str, words: str) -> None:
    limits = {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600", "retry-after": wait}
    body = b'{"errors": [{"code": "TOOMANYREQUESTS", "message": "You have reached your pull rate limit."}]}'
    proxy.rule("POST", "", answers(429, limits, body), times=999)
    with pytest.raises(RemoteError, match="429 Too Many Requests: TOOMANYREQUESTS: You have reached") as caught:
        push()
    assert words in caught.value.message
    assert "0 of 100 requests left for 6 h" in caught.value.message
    for advice in ("wait", "log in", "mirror"):
        assert advice in caught.value.hint
    assert caught.value.exit_code == 4
