"""What is attached to the manifests of a repository: by the referrers API, by its fallback tag, by cosign's tags.

Source: OCI distribution spec 1.1, "Listing Referrers", "Unavailable Referrers API".
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ci_toolkit.answers import HttpError
from ci_toolkit.errors import IntegrityError
from ci_toolkit.model.attached import Artifact, cosign_tags, read_referrers, referrers_tag
from ci_toolkit.model.oci import OCI_INDEX
from ci_toolkit.registry.crew import WORKERS, each
from ci_toolkit.registry.pages import pages
from ci_toolkit.registry.pointing import where

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.model.digest import Digest
    from ci_toolkit.registry.client import Content, RepositoryClient

_NO_API = frozenset({400, 404, 405, 406, 501})
"""How registries answer that don't have it; a 404 of a repository that doesn't exist yet proves nothing."""
_NO_LIST = frozenset({401, 403, 404, 405, 501})
_LIST_PAGES = 3
_DEEPEST = 4
"""A signature of a signature of an SBOM of an image is the last one looked for."""
_MOST = 1000


class KnownTags:
    """Which tags a repository has: from its list where that is short and may be read, else asked one by one."""

    def __init__(self, repository: RepositoryClient) -> None:
        self._repository = repository
        self._listed: frozenset[str] | None = None
        self._tried = False
        self._lock = threading.Lock()

    def has(self, tag: str) -> bool:
        """True if there is such a tag. Raises HttpError."""
        listed = self._list()
        return self._repository.resolve(tag) is not None if listed is None else tag in listed

    def _list(self) -> frozenset[str] | None:
        with self._lock:
            if not self._tried:
                self._listed, self._tried = self._fetch(), True
            return self._listed

    def _fetch(self) -> frozenset[str] | None:
        found: set[str] = set()
        try:
            for number, page in enumerate(self._repository.tag_pages()):
                if number == _LIST_PAGES:
                    return None
                found.update(page)
        except HttpError as error:
            if error.status not in _NO_LIST:
                raise
            return None
        return frozenset(found)


class Referrers:
    """What is attached to what in one repository. Whether the host has the API is asked once, and known to all."""

    def __init__(self, repository: RepositoryClient) -> None:
        self._repository = repository
        self._tags = KnownTags(repository)
        self._probing = threading.Lock()

    def below(self, subjects: Sequence[Digest]) -> tuple[Artifact, ...]:
        """Everything attached to these manifests, and to what is attached, four steps far; each once.

        Raises IntegrityError for more than 1000 artifacts or a broken list, HttpError.
        """
        found: dict[tuple[Digest, Digest, str], Artifact] = {}
        seen, level = set(subjects), list(subjects)
        for _ in range(_DEEPEST):
            batches = each(self.attached_to, level, workers=WORKERS) if level else []
            found |= {(a.subject, a.descriptor.digest, a.tag): a for batch in batches for a in batch}
            if len(found) > _MOST:
                message = f"more than {_MOST} artifacts are attached to an image of {where(self._repository)}"
                raise IntegrityError(message, hint="copy it without them: --no-artifacts")
            level = list(dict.fromkeys(a.descriptor.digest for a in found.values() if a.descriptor.digest not in seen))
            seen.update(level)
        return tuple(found.values())

    def attached_to(self, subject: Digest) -> tuple[Artifact, ...]:
        """The referrers of a manifest, and what cosign's tags for it point at."""
        return (*self.of(subject), *self._by_cosign(subject))

    def of(self, subject: Digest) -> tuple[Artifact, ...]:
        """The referrers of a manifest: as the registry lists them, or its fallback tag."""
        listed = self._probed(subject)
        if listed is None and self._repository.host.lists_referrers:
            listed = self._by_api(subject)
        if listed is not None:
            return listed
        content = self.fallback(subject) if self._tags.has(referrers_tag(subject)) else None
        return self._read(content.data, subject) if content else ()

    def fallback(self, subject: Digest) -> Content | None:
        """The list under the fallback tag of a manifest."""
        return self._repository.content(referrers_tag(subject))

    def _probed(self, subject: Digest) -> tuple[Artifact, ...] | None:
        """The answer to the first question put to this host; None if it was asked before, or has no API."""
        if self._was_asked():
            return None
        with self._probing:
            return None if self._was_asked() else self._by_api(subject)

    def _was_asked(self) -> bool:
        return self._repository.host.lists_referrers is not None

    def _by_api(self, subject: Digest) -> tuple[Artifact, ...] | None:
        """None where the registry has no referrers API, or doesn't say so for this repository."""
        host, path = self._repository.host, f"/v2/{self._repository.path}/referrers/{subject}"
        found: dict[Digest, Artifact] = {}
        headers, what = {"Accept": OCI_INDEX}, f"the referrers of {subject}"
        try:
            for reply in pages(host, path, self._repository.scopes, what=what, headers=headers):
                if not reply.headers.get("content-type", "").startswith(OCI_INDEX):
                    return None
                found |= {a.descriptor.digest: a for a in self._read(reply.body, subject)}
        except HttpError as error:
            if error.status not in _NO_API:
                raise
            if error.code != "NAME_UNKNOWN" and not host.lists_referrers:
                host.lists_referrers = False
            return () if host.lists_referrers else None
        host.lists_referrers = True
        return tuple(found.values())

    def _by_cosign(self, subject: Digest) -> tuple[Artifact, ...]:
        tags = [tag for tag in cosign_tags(subject) if self._tags.has(tag)]
        found = [(tag, self._repository.resolve(tag)) for tag in tags]
        return tuple(Artifact(subject=subject, descriptor=now, tag=tag) for tag, now in found if now)

    def _read(self, data: bytes, subject: Digest) -> tuple[Artifact, ...]:
        try:
            return read_referrers(data, subject)
        except IntegrityError as error:
            message = f"{where(self._repository)}: the list of what refers to {subject} is none: {error.message}"
            raise IntegrityError(message, hint="look at what wrote it") from error
