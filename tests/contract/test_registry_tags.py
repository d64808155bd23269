"""Pointing tags: what registries answer, and what must not be moved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.answers import HttpError
from ci_toolkit.errors import IntegrityError
from tests.harness.proxy import FaultServer, answers, changes, loses_reply
from tests.harness.pushing import TAGS, Pushing, sample_image

if TYPE_CHECKING:
    from pathlib import Path

TAG_PUT = r"/manifests/1\.0$"
KEPT = {
    "ECR": (400, "TAG_INVALID", "tag '1.0' is there and cannot be overwritten because the tag is immutable"),
    "ECR's API": (400, "ImageTagAlreadyExistsException", "tag '1.0' is there"),
    "Harbor": (412, "PRECONDITION", "can't do that: '1.0' configured as immutable"),
    "ACR": (405, "UNSUPPORTED", "The operation is disallowed on this registry, repository or image"),
    "Artifact Registry": (400, "MANIFEST_INVALID", "cannot update tag 1.0: the repository has immutable tags"),
    "Artifact Registry, elsewhere": (409, "ALREADY_EXISTS", "conflict"),
    "GitLab, protected": (403, "DENIED", "tag 1.0 is protected"),
    "GitLab": (400, "TAG_IMMUTABLE", "no"),
    "Docker Hub": (403, "DENIED", "tag 1.0 is immutable"),
    "plain words": (403, "", "the tag already exists"),
}
"""By what registries show that a tag stays where it is: status, code, words."""


@pytest.fixture
def other(push: Pushing, tmp_path: Path) -> Pushing:
    """Another image for the same repository."""
    return Pushing(push.there, push.to, *sample_image(tmp_path / "other", salt="another image"))


def refusal(code: str, message: str) -> bytes:
    if not code:
        return message.encode()
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


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


def test_an_immutable_tag_with_another_digest_is_refused_before_anything_is_sent(
    push: Pushing, other: Pushing, proxy: FaultServer
) -> None:
    push()
    proxy.reset()
    with pytest.raises(IntegrityError, match=r"1\.0 is immutable") as caught:
        other(immutable=("1.0",))
    assert caught.value.exit_code == 5
    assert str(push.root.digest) in caught.value.message
    assert str(other.root.digest) in caught.value.message
    assert {exchange.method for exchange in proxy.seen} == {"HEAD"}
    assert push.tags() == dict.fromkeys(TAGS, push.root.digest)


def test_every_immutable_tag_that_is_taken_is_named(push: Pushing, other: Pushing) -> None:
    push()
    with pytest.raises(IntegrityError, match=r"1\.0 is immutable.*latest is immutable"):
        other(immutable=TAGS)


def test_an_immutable_tag_with_the_same_digest_is_success(push: Pushing) -> None:
    assert push(immutable=TAGS).moved == TAGS
    assert push(immutable=TAGS).unchanged == TAGS


def test_an_immutable_tag_given_while_blobs_were_sent_is_not_moved(
    push: Pushing, other: Pushing, proxy: FaultServer
) -> None:
    push()
    proxy.reset()
    proxy.rule("HEAD", TAG_PUT, answers(404))
    with pytest.raises(IntegrityError, match=r"1\.0 is immutable"):
        other(immutable=("1.0",))
    assert push.tags() == dict.fromkeys(TAGS, push.root.digest)


@pytest.mark.parametrize("registry_kind", KEPT)
def test_a_tag_the_registry_keeps_with_another_digest_moves_nothing(
    push: Pushing, other: Pushing, proxy: FaultServer, registry_kind: str
) -> None:
    push()
    status, code, message = KEPT[registry_kind]
    proxy.rule("PUT", TAG_PUT, answers(status, body=refusal(code, message)), times=9)
    with pytest.raises(IntegrityError, match=r"the registry keeps .*:1\.0") as caught:
        other()
    assert message in caught.value.message
    assert str(push.root.digest) in caught.value.message
    assert str(other.root.digest) in caught.value.message
    assert push.tags() == dict.fromkeys(TAGS, push.root.digest)


@pytest.mark.parametrize("registry_kind", KEPT)
def test_a_tag_the_registry_keeps_with_the_same_digest_is_success(
    push: Pushing, proxy: FaultServer, registry_kind: str
) -> None:
    """Two jobs of one pipeline: both found no tag, and the other one was faster."""
    push()
    status, code, message = KEPT[registry_kind]
    proxy.rule("HEAD", TAG_PUT, answers(404))
    proxy.rule("PUT", TAG_PUT, answers(status, body=refusal(code, message)), times=9)
    assert push().unchanged == TAGS
    assert push.tags() == dict.fromkeys(TAGS, push.root.digest)


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, "DENIED", "requested access to the resource is denied"),
        (400, "MANIFEST_INVALID", "the manifest is invalid"),
        (412, "PROJECTPOLICYVIOLATION", "the image has vulnerabilities"),
        (413, "SIZE", "too large"),
    ],
)
def test_other_refusals_are_no_immutability(
    push: Pushing, other: Pushing, proxy: FaultServer, status: int, code: str, message: str
) -> None:
    push()
    proxy.rule("PUT", TAG_PUT, answers(status, body=refusal(code, message)), times=9)
    with pytest.raises(HttpError, match=code) as caught:
        other()
    assert caught.value.exit_code == 4
