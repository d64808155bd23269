"""A small strict registry in memory that has what Distribution hasn't: the referrers API, page by page.

It follows the OCI distribution spec 1.1 and refuses what that doesn't allow: a manifest whose parts aren't there,
bytes that aren't their digest. A rule of a `FaultServer`: `server.rule("", "", MemoryRegistry(), times=10**6)`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import OCI_INDEX
from tests.harness.proxy import Answer

if TYPE_CHECKING:
    from tests.harness.proxy import Exchange

_PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs/uploads|blobs|tags|referrers)/(?P<key>[^/]*)")


@dataclass
class Shelf:
    """One repository."""

    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """By digest: media type and bytes."""
    tags: dict[str, str] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)


@dataclass
class MemoryRegistry:
    """`page`: how many referrers one answer lists."""

    page: int = 2
    shelves: dict[str, Shelf] = field(default_factory=dict)

    def __call__(self, exchange: Exchange) -> None:
        """Answer a request."""
        exchange.answer(self._respond(exchange))

    def _respond(self, exchange: Exchange) -> Answer:
        url = urlsplit(exchange.path)
        found = _PATH.fullmatch(url.path)
        if not found:
            return Answer(200 if url.path == "/v2/" else 404, {})
        shelf = self.shelves.setdefault(found["name"], Shelf())
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        act = getattr(self, f"_{found['kind'].replace('/', '_')}")
        answer: Answer = act(exchange, shelf, found["key"], query)
        return answer

    def _manifests(self, exchange: Exchange, shelf: Shelf, key: str, query: dict[str, str]) -> Answer:
        del query
        if exchange.method == "PUT":
            return self._put_manifest(exchange, shelf, key)
        digest = shelf.tags.get(key, key)
        if digest not in shelf.manifests:
            return _error(404, "MANIFEST_UNKNOWN")
        media_type, data = shelf.manifests[digest]
        return Answer(200, {"content-type": media_type, "docker-content-digest": digest}, data)

    def _put_manifest(self, exchange: Exchange, shelf: Shelf, key: str) -> Answer:
        digest, document = str(Digest.of(exchange.body)), json.loads(exchange.body)
        if key.startswith("sha256:") and key != digest:
            return _error(400, "DIGEST_INVALID")
        blobs = [document["config"], *document["layers"]] if "config" in document else []
        if any(blob["digest"] not in shelf.blobs for blob in blobs):
            return _error(400, "MANIFEST_BLOB_UNKNOWN")
        if any(child["digest"] not in shelf.manifests for child in document.get("manifests", ())):
            return _error(400, "MANIFEST_UNKNOWN")
        shelf.manifests[digest] = (exchange.headers["content-type"], exchange.body)
        if not key.startswith("sha256:"):
            shelf.tags[key] = digest
        subject = document.get("subject")
        noted = {"oci-subject": subject["digest"]} if subject else {}
        return Answer(201, {"docker-content-digest": digest, **noted})

    def _blobs(self, exchange: Exchange, shelf: Shelf, key: str, query: dict[str, str]) -> Answer:
        del exchange, query
        return Answer(200, {}, shelf.blobs[key]) if key in shelf.blobs else _error(404, "BLOB_UNKNOWN")

    def _blobs_uploads(self, exchange: Exchange, shelf: Shelf, key: str, query: dict[str, str]) -> Answer:
        if exchange.method == "POST" and "mount" in query:
            source = self.shelves.get(query["from"], Shelf()).blobs
            if query["mount"] in source:
                shelf.blobs[query["mount"]] = source[query["mount"]]
                return Answer(201, {})
        if exchange.method == "POST":
            return Answer(202, {"location": f"{urlsplit(exchange.path).path}session"})
        if key != "session" or str(Digest.of(exchange.body)) != query["digest"]:
            return _error(400, "DIGEST_INVALID")
        shelf.blobs[query["digest"]] = exchange.body
        return Answer(201, {})

    def _tags(self, exchange: Exchange, shelf: Shelf, key: str, query: dict[str, str]) -> Answer:
        del exchange, key, query
        return Answer(200, {}, json.dumps({"tags": sorted(shelf.tags)}).encode())

    def _referrers(self, exchange: Exchange, shelf: Shelf, key: str, query: dict[str, str]) -> Answer:
        entries = [entry for digest, kept in shelf.manifests.items() if (entry := _entry(digest, *kept, key))]
        start = int(query.get("start", "0"))
        body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries[start : start + self.page]}
        headers = {"content-type": OCI_INDEX}
        if start + self.page < len(entries):
            headers["link"] = f'<{urlsplit(exchange.path).path}?start={start + self.page}>; rel="next"'
        return Answer(200, headers, json.dumps(body).encode())


def _entry(digest: str, media_type: str, data: bytes, subject: str) -> dict[str, Any] | None:
    document = json.loads(data)
    if document.get("subject", {}).get("digest") != subject:
        return None
    kind = document.get("artifactType") or document["config"]["mediaType"]
    return {"mediaType": media_type, "digest": digest, "size": len(data), "artifactType": kind}


def _error(status: int, code: str) -> Answer:
    return Answer(status, {}, json.dumps({"errors": [{"code": code, "message": code.lower()}]}).encode())
