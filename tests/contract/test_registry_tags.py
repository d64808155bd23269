"""Pointing tags: what registries answer, and what must not be moved."""

from __future__ import annotations

import json

import pytest

from ci_toolkit.errors import IntegrityError
from ci_toolkit.transport import HttpError
from tests.harness.proxy import FaultServer, answers, changes, loses_reply
from tests.harness.pushing import TAGS, Pushing

TAG_PUT = r"/manifests/1\.0$"


def test_after_a_lost_reply_to_a_tag_the_tag_is_not_written_again(push: Pushing, proxy: FaultServer) -> None:
    proxy.rule("PUT", TAG_PUT, loses_reply)
    push()
    assert proxy.count("PUT", TAG_PUT) == 1


def test_a_tag_that_moves_behind_our_back_is_noticed(push: Pushing, proxy: FaultServer) -> None:
    proxy.rule("HEAD", TAG_PUT, changes(docker_content_digest="sha256:" + "0" * 64), skip=1)
    with pytest.raises(IntegrityError, match="is now sha256:0000"):
        push()


def test_a_registry_in_a_race_with_itself_is_asked_again(push: Pushing, proxy: FaultServer) -> None:
    """Distribution 2.8 answers so where two jobs write one tag at the same moment."""
    body = json.dumps({"errors": [{"code": "DIGEST_INVALID", "message": "provided digest did not match"}]}).encode()
    proxy.rule("PUT", TAG_PUT, answers(400, body=body))
    push()
    assert push.tags() == dict.fromkeys(TAGS, push.root.digest)


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "MANIFEST_INVALID"), (405, "UNSUPPORTED"), (409, "TAG_IMMUTABLE"), (412, "PRECONDITION"), (413, "SIZE")],
)
def test_a_refusal_is_not_repeated_and_keeps_the_registrys_words(
    push: Pushing, proxy: FaultServer, status: int, code: str
) -> None:
    body = json.dumps({"errors": [{"code": code, "message": "::error::no \x1b[31mway"}]}).encode()
    proxy.rule("PUT", TAG_PUT, answers(status, body=body), times=10)
    with pytest.raises(HttpError) as caught:
        push()
    assert (caught.value.status, caught.value.code) == (status, code)
    assert "way" in str(caught.value)
    assert "::error" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert proxy.count("PUT", TAG_PUT) == 1
    assert push.tags() == {}
