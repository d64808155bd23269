"""One repository on a registry: manifests, blobs and tags by the OCI distribution spec 1.1, raw bytes kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ci_toolkit.answers import HttpError
from ci_toolkit.errors import IntegrityError, UsageError
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import INDEX_TYPES, MANIFEST_TYPES, Descriptor, is_media_type
from ci_toolkit.registry import auth
from ci_toolkit.registry.pages import pages
from ci_toolkit.trust import without_query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.answers import Reply
    from ci_toolkit.layout import Layout
    from ci_toolkit.registry.host import RegistryHost

_ACCEPT = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))
_WRITTEN = (200, 201, 202, 204)
_DELETED = (200, 202, 204, 404)
_PAGE = 1000
MARGIN = 1024 * 1024
"""How far a blob may run over before the transport says so; one byte over is wrong already."""
DAMAGED = "the registry or something before it serves damaged content"
"""The hint where bytes and digest disagree."""


@dataclass(frozen=True, slots=True)
class Content:
    """A manifest or index as a registry keeps it: the raw bytes, verified, and what points at them."""

    descriptor: Descriptor
    data: bytes


class RepositoryClient:
    """A repository. With `write`, every request asks for the right to push at once, so that one token serves all.

    `scopes`: ask for these instead, where two repositories of one host are at work together.
    """

    def __init__(
        self, host: RegistryHost, path: str, *, write: bool = False, scopes: auth.Scopes | None = None
    ) -> None:
        self.host, self.path = host, path
        self.scopes = scopes or frozenset({auth.push(path) if write else auth.pull(path)})

    def resolve(self, reference: str) -> Descriptor | None:
        """What a tag or digest points at; None where there is nothing. Raises IntegrityError, HttpError."""
        return self.host.persist(lambda: self.resolve_once(reference))

    def resolve_once(self, reference: str) -> Descriptor | None:
        """`resolve`, not tried again."""
        found = self._head(reference)
        return found.descriptor if isinstance(found, Content) else found

    def content(self, reference: str, *, accept: str = "") -> Content | None:
        """The manifest or index of a tag or digest; None where there is nothing.

        `accept`: a media type to take beyond those of images. A tag is asked for by HEAD first: Docker Hub counts
        each GET as a pull, and HEADs not at all. Raises
        IntegrityError if the bytes aren't what reference and registry say, HttpError beyond 4 MiB.
        """
        return self.host.persist(lambda: self._content_once(reference, accept))

    def _content_once(self, reference: str, accept: str) -> Content | None:
        if reference.startswith("sha256:"):
            return self._get(reference, accept)
        found = self._head(reference)
        return self._get(str(found.digest)) if isinstance(found, Descriptor) else found

    def _head(self, reference: str) -> Descriptor | Content | None:
        """What a HEAD tells; the content itself where it tells too little, for then only its bytes can."""
        reply = self._manifest_request("HEAD", reference)
        if reply.status == 404:
            return None
        named, size, media_type = _digest_header(reply), reply.headers.get("content-length", ""), _media_type(reply)
        if named is None or not size.isdecimal() or not media_type:
            return self._get(reference)
        _require(named, reference, reply)
        return Descriptor(media_type, named, int(size))

    def _get(self, reference: str, accept: str = "") -> Content | None:
        reply = self._manifest_request("GET", reference, accept)
        if reply.status == 404:
            return None
        digest = Digest.of(reply.body)
        named = _digest_header(reply)
        if named is not None and named != digest:
            message = f"{without_query(reply.url)} says it is {named}, but its bytes are {digest}"
            raise IntegrityError(message, hint=DAMAGED)
        _require(digest, reference, reply)
        return Content(Descriptor(_media_type(reply), digest, len(reply.body)), reply.body)

    def put_manifest(self, content: Content) -> bool:
        """Write a manifest under its digest; may be repeated.

        True if the registry took note of what it refers to and lists it there by itself (`OCI-Subject`).
        """
        reply = self.host.persist(lambda: self._put(content, str(content.descriptor.digest)))
        return bool(reply.headers.get("oci-subject"))

    def put_tag(self, content: Content, tag: str) -> None:
        """Point a tag at a manifest. After a lost answer it looks first: the same digest is success."""
        tried = False

        def attempt() -> None:
            nonlocal tried
            if tried:
                found = self.resolve_once(tag)
                if found and found.digest == content.descriptor.digest:
                    return
            tried = True
            self._put(content, tag)

        self.host.persist(attempt)

    def delete_manifest(self, digest: Digest) -> bool:
        """Remove a manifest by its digest; False where it isn't there. Raises HttpError where that isn't allowed."""
        scopes = self.scopes | {auth.delete(self.path)}
        path = f"/v2/{self.path}/manifests/{digest}"
        return self.host.call("DELETE", path, scopes, allow=_DELETED).status != 404

    def has_blob(self, digest: Digest) -> bool:
        """True if the repository holds the blob; not tried again."""
        reply = self.host.exchange("HEAD", f"/v2/{self.path}/blobs/{digest}", self.scopes, allow=(200, 404))
        return reply.status == 200

    def fetch_blob(self, descriptor: Descriptor, layout: Layout) -> None:
        """Copy a blob into a layout, hashed as it arrives; raises IntegrityError, HttpError."""

        def attempt() -> None:
            url = f"/v2/{self.path}/blobs/{descriptor.digest}"
            with self.host.open("GET", url, self.scopes, size=descriptor.size) as incoming:
                layout.add_stream(_at_most(incoming.chunks(descriptor.size + MARGIN), descriptor), descriptor)

        if not layout.has(descriptor):
            self.host.persist(attempt)

    def tags(self) -> tuple[str, ...]:
        """Every tag, page by page; none where the repository doesn't exist."""
        return tuple(tag for page in self.tag_pages() for tag in page)

    def tag_pages(self) -> Iterator[list[str]]:
        """The tags as they come, up to a thousand at a time; each page is asked for when it is wanted."""
        path, what = f"/v2/{self.path}/tags/list?n={_PAGE}", f"the tags of {self.path}"
        for reply in pages(self.host, path, self.scopes, what=what, allow=(200, 404)):
            yield _tags(reply) if reply.status == 200 else []

    def _manifest_request(self, method: str, reference: str, accept: str = "") -> Reply:
        path = f"/v2/{self.path}/manifests/{reference}"
        headers = {"Accept": f"{_ACCEPT}, {accept}" if is_media_type(accept) else _ACCEPT}
        return self.host.exchange(method, path, self.scopes, headers=headers, allow=(200, 404))

    def _put(self, content: Content, reference: str) -> Reply:
        path, headers = f"/v2/{self.path}/manifests/{reference}", {"Content-Type": content.descriptor.media_type}
        try:
            reply = self.host.exchange("PUT", path, self.scopes, headers=headers, body=content.data, allow=_WRITTEN)
        except HttpError as error:
            # The bytes are right, they were hashed: so Distribution says where another job writes the same tag.
            error.temporary = error.temporary or error.code == "DIGEST_INVALID"
            raise
        _require_same(content.descriptor.digest, reply)
        return reply


def _at_most(chunks: Iterator[bytes], descriptor: Descriptor) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > descriptor.size:
            message = f"blob {descriptor.digest}: more than the {descriptor.size} bytes of its descriptor arrive"
            raise IntegrityError(message)
        yield chunk


def _digest_header(reply: Reply) -> Digest | None:
    value = reply.headers.get("docker-content-digest", "")
    if not value:
        return None
    try:
        return Digest(value)
    except UsageError as error:
        message = f"{without_query(reply.url)} names a digest that is none: {error.message}"
        raise IntegrityError(message) from None


def _require(found: Digest, reference: str, reply: Reply) -> None:
    if reference.startswith("sha256:") and reference != str(found):
        message = f"{without_query(reply.url)} answers with {found} to the question for {reference}"
        raise IntegrityError(message, hint=DAMAGED)


def _require_same(expected: Digest, reply: Reply) -> None:
    named = _digest_header(reply)
    if named is not None and named != expected:
        message = f"{without_query(reply.url)} took {expected} for {named}"
        raise IntegrityError(message, hint="the registry or something before it changes content")


def _media_type(reply: Reply) -> str:
    return reply.headers.get("content-type", "").partition(";")[0].strip()


def _tags(reply: Reply) -> list[str]:
    try:
        document: Any = json.loads(reply.body)
        return [str(tag) for tag in document["tags"] or ()]
    except (ValueError, RecursionError, KeyError, TypeError):
        message = f"{without_query(reply.url)} answered with no list of tags"
        raise HttpError(message) from None
