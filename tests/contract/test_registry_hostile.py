"""Registries that lead astray, dribble or flood: a push ends in time, with exit 4 or 5, and no secret goes astray."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.deadlines import Limits
from ci_toolkit.errors import IntegrityError, RemoteError
from ci_toolkit.model.oci import OCI_INDEX, Descriptor
from ci_toolkit.model.reference import Repository
from ci_toolkit.registry.credentials import Credential
from tests.harness.proxy import Answer, Exchange, FaultServer, answers, changes, drips
from tests.harness.pushing import TAGS, Pushing, destinations, document, repository_for
from tests.harness.registry import make_certificate

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.layout import Layout
    from ci_toolkit.registry.destinations import Destinations

LOGIN = Credential("ci", "canary-4Tz9")
PUBLIC = "93.184.216.34"
"""An address of the internet; every request to it goes through the proxy that the test is."""


@pytest.mark.parametrize(
    ("method", "path"), [("HEAD", "sha256:"), ("POST", "/uploads/"), ("PUT", "digest="), ("PUT", r"/1\.0$")]
)
@pytest.mark.parametrize(
    ("chunk", "headers_first"),
    [(b"a", True), (b"X-More: 1\r\n", False), (b"", False)],
    ids=["body", "headers", "silence"],
)
def test_a_slow_registry_meets_its_deadline(
    proxy: FaultServer,
    image: tuple[Layout, Descriptor],
    tmp_path: Path,
    *,
    method: str,
    path: str,
    chunk: bytes,
    headers_first: bool,
) -> None:
    def dribble(exchange: Exchange) -> None:
        if chunk and not headers_first:
            exchange.handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        drips(chunk, 0.02, headers_first=headers_first)(exchange)

    proxy.rule(method, path, dribble, times=99)
    limits = Limits(connect=1, idle=0.3, total=0.6)
    started = time.monotonic()
    with destinations(limits=limits, attempts=2) as there:
        push = Pushing(there, repository_for(proxy.host, tmp_path), *image)
        with pytest.raises(RemoteError) as caught:
            push()
    assert caught.value.exit_code == 4
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(("method", "path"), [("HEAD", "/manifests/"), ("HEAD", "/blobs/")])
def test_a_redirect_loop_ends_the_push(push: Pushing, proxy: FaultServer, method: str, path: str) -> None:
    def around(exchange: Exchange) -> None:
        exchange.answer(Answer(307, {"location": exchange.path}))

    proxy.rule(method, path, around, times=999)
    with pytest.raises(RemoteError, match="more than 5 redirects") as caught:
        push()
    assert caught.value.exit_code == 4


def test_from_https_nobody_is_led_to_http(
    lonely: FaultServer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    certificate = make_certificate(tmp_path / "tls")
    env = {"SSL_CERT_FILE": str(certificate[0])}
    with FaultServer().running(tls=certificate) as secure:
        target = f"http://{lonely.host}/v2/"
        secure.rule("GET", "/v2/$", answers(200))
        secure.rule("HEAD", "", answers(302, {"Location": target}))
        with (
            destinations(env=env, login=LOGIN, hosts=(secure.host,)) as there,
            pytest.raises(RemoteError, match="https to http") as caught,
        ):
            there.push(repository_for(secure.host, tmp_path), *image, TAGS)
    assert caught.value.exit_code == 4
    assert lonely.seen == []


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (401, {"WWW-Authenticate": 'Bearer realm="http://169.254.169.254/token",service="x"'}, "for a token"),
        (401, {"WWW-Authenticate": 'Bearer realm="http://localhost/token",service="x"'}, "for a token"),
        (302, {"Location": "http://10.0.0.1/v2/"}, "redirect to"),
    ],
    ids=["realm at a metadata address", "realm at home", "redirect inwards"],
)
def test_a_public_registry_leads_to_no_private_address(
    lonely: FaultServer,
    image: tuple[Layout, Descriptor],
    *,
    status: int,
    headers: dict[str, str],
    words: str,
) -> None:
    lonely.rule("GET", "/v2/$", answers(200), times=9)
    lonely.rule("HEAD", "", answers(status, headers), times=9)
    env = {"HTTP_PROXY": f"http://{lonely.host}"}
    with (
        destinations(env=env, login=LOGIN, hosts=(PUBLIC,), insecure=(PUBLIC,)) as there,
        pytest.raises(RemoteError, match=f"{words}.*private address") as caught,
    ):
        there.push(Repository(PUBLIC, "test/app"), *image, TAGS)
    assert caught.value.exit_code == 4
    assert {exchange.path.split("/")[2] for exchange in lonely.seen} == {PUBLIC}
    assert not any("authorization" in exchange.headers for exchange in lonely.seen)


@pytest.mark.parametrize(("method", "path"), [("PUT", "digest="), ("PUT", r"/manifests/1\.0$")])
def test_no_body_follows_a_redirect_to_another_host(
    push: Pushing, proxy: FaultServer, lonely: FaultServer, method: str, path: str
) -> None:
    proxy.rule(method, path, answers(307, {"Location": f"http://{lonely.host}/elsewhere"}), times=99)
    with pytest.raises(RemoteError, match="isn't sent to another"):
        push()
    assert lonely.seen == []
    assert push.tags() == {}


def test_a_blob_behind_a_redirect_is_fetched_without_credentials(
    proxy: FaultServer, lonely: FaultServer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    """As registries do that keep their blobs in a store; here the other host passes the request on."""
    lonely.upstream = proxy.upstream
    challenge = {"WWW-Authenticate": 'Basic realm="test"'}

    def guarded(exchange: Exchange) -> None:
        known = "authorization" in exchange.headers
        exchange.answer(exchange.forward(authorization=None) if known else Answer(401, dict(challenge)))

    def elsewhere(exchange: Exchange) -> None:
        exchange.answer(Answer(307, {"location": f"http://{lonely.host}{exchange.path}"}))

    proxy.rule("GET", "/blobs/", elsewhere, times=99)
    proxy.rule("", "", guarded, times=999)
    layout, root = image
    index = layout.document(root)
    with destinations(login=LOGIN, hosts=(proxy.host,)) as there:
        to = repository_for(proxy.host, tmp_path)
        there.push(to, layout, root, TAGS)
        found = there.find_previous(to, "1.0")
        assert found
        copy = type(layout)(tmp_path / "copy")
        copy.create()
        for manifest in index.manifests:  # type: ignore[union-attr]  # it is an index
            for blob in layout.document(manifest).blobs:  # type: ignore[union-attr]
                found.fetch(blob, copy)
    assert len(lonely.seen) == 8
    assert not any("authorization" in exchange.headers for exchange in lonely.seen)


@pytest.mark.parametrize(("method", "path"), [("POST", "/uploads/"), ("PUT", r"/manifests/1\.0$")])
def test_a_gzip_bomb_is_not_unpacked(push: Pushing, proxy: FaultServer, method: str, path: str) -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    proxy.rule(method, path, changes(body=bomb, content_encoding="gzip"), times=99)
    with pytest.raises(RemoteError, match="nobody asked for") as caught:
        push()
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("status", [201, 500])
def test_an_endless_answer_is_cut_off(push: Pushing, proxy: FaultServer, status: int) -> None:
    """An answer beyond 4 MiB is none; of an error 64 KiB are read."""
    proxy.rule("PUT", r"/manifests/1\.0$", answers(status, body=b"x" * 5_000_000), times=99)
    with pytest.raises(RemoteError) as caught:
        push()
    assert caught.value.exit_code == 4
    assert len(caught.value.message) < 1000


def test_an_index_nested_too_deep_is_refused_before_anything_is_sent(
    there: Destinations, proxy: FaultServer, image: tuple[Layout, Descriptor], tmp_path: Path
) -> None:
    layout, node = image
    for _ in range(12):
        body = document({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [node.as_json()]})
        node = Descriptor(OCI_INDEX, layout.add(body), len(body))
    with pytest.raises(IntegrityError, match="nested too deep") as caught:
        there.push(repository_for(proxy.host, tmp_path), layout, node, TAGS)
    assert caught.value.exit_code == 5
    assert proxy.seen == []
