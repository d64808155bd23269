"""Image references: parsing is pure, strict, and knows Docker Hub's many spellings.

Grammar: github.com/distribution/reference, with what it leaves open closed: no scheme, no credentials,
no upper case in a repository, sha256 digests alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ci_toolkit.errors import UsageError
from ci_toolkit.model.digest import Digest

DOCKER_HUB = "docker.io"
_HUB_SPELLINGS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::[0-9]{{1,5}})?")
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_LOOPBACK = re.compile(r"(?:localhost|[a-z0-9-]+\.localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]+)?")
_MAX_NAME = 255


@dataclass(frozen=True, slots=True, order=True)
class Repository:
    """A repository on a registry: `registry` is a host with optional port, `path` its name there.

    Docker Hub is always `docker.io`, its official images `library/NAME`, so that equality is identity.
    """

    registry: str
    path: str

    @classmethod
    def parse(cls, text: str) -> Repository:
        """`ghcr.io/acme/app`, `localhost:5000/app`, `nginx` (Docker Hub); raises UsageError otherwise."""
        reference = Reference.parse(text)
        if reference.tag or reference.digest:
            message = f"{text!r} is a full reference where a repository is wanted"
            raise UsageError(message, hint=f"write {str(reference.repository)!r}: the tags are given apart")
        return reference.repository

    @property
    def is_loopback(self) -> bool:
        """True for a registry on this machine, the one kind plain HTTP is spoken with unasked."""
        return _LOOPBACK.fullmatch(self.registry) is not None

    def tagged(self, tag: str) -> Reference:
        """The reference of a tag in this repository."""
        return Reference(self, check_tag(tag), None)

    def at(self, digest: Digest) -> Reference:
        """The reference of a digest in this repository."""
        return Reference(self, None, digest)

    def __str__(self) -> str:
        return f"{self.registry}/{self.path}"


@dataclass(frozen=True, slots=True, order=True)
class LayoutRepository:
    """A registry on disk, written `oci:DIR`: an OCI image layout with the tags as annotations."""

    directory: str

    def __str__(self) -> str:
        return f"oci:{self.directory}"


Destination = Repository | LayoutRepository


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A repository with a tag, a digest, both or neither."""

    repository: Repository
    tag: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Parse a reference as people write it; raises UsageError naming the part that is wrong."""
        _refuse_what_is_no_reference(text)
        rest, at, digest_text = text.partition("@")
        digest = Digest(digest_text) if at else None
        last_slash = rest.rfind("/")
        colon = rest.find(":", last_slash + 1)
        tag = check_tag(rest[colon + 1 :]) if colon >= 0 else None
        name = rest if colon < 0 else rest[:colon]
        return cls(_repository(name), tag, digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.repository}{tag}{digest}"


def parse_destination(text: str) -> Destination:
    """A repository, or `oci:DIR`."""
    if text.startswith("oci:"):
        directory = text.removeprefix("oci:")
        if not directory or directory.startswith("-") or "\0" in directory:
            message = f"{text!r}: 'oci:' wants the directory of an OCI image layout after it"
            raise UsageError(message, hint="for example oci:.ci-toolkit/registry/app")
        return LayoutRepository(directory)
    return Repository.parse(text)


def check_tag(tag: str) -> str:
    """The tag itself, or UsageError: at most 128 of [A-Za-z0-9_.-], not starting with `.` or `-`."""
    if not _TAG.fullmatch(tag):
        message = f"not a tag: {tag[:140]!r}"
        raise UsageError(
            message, hint="a tag is 1 to 128 of letters, digits, '_', '.', '-', and starts with no '.' or '-'"
        )
    return tag


def _refuse_what_is_no_reference(text: str) -> None:
    shown = repr(text[:120])
    if not text or text.startswith("-"):
        message = f"not an image reference: {shown}"
        raise UsageError(message, hint="a reference is HOST/NAME:TAG or HOST/NAME@sha256:…")
    if "://" in text:
        message = f"{shown} starts with a scheme"
        raise UsageError(
            message,
            hint="leave the scheme out; plain HTTP is asked for with `insecure: true` under `registries`",
        )
    if not text.isascii() or any(c.isspace() or not c.isprintable() for c in text):
        message = f"{shown} holds a character that no reference has"
        raise UsageError(message, hint="look for look-alike letters, blanks and line ends")
    if "@" in text and not text.partition("@")[2].startswith("sha256:"):
        message = f"{shown}: what follows '@' is no sha256 digest"
        raise UsageError(message, hint="credentials don't belong into a reference, and only sha256 digests are served")


def _repository(name: str) -> Repository:
    first, slash, rest = name.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost" or first != first.lower())
    registry, path = (first.lower(), rest) if is_host else (DOCKER_HUB, name)
    if not _HOST.fullmatch(registry):
        message = f"not a registry host: {registry[:100]!r} in {name[:120]!r}"
        raise UsageError(message, hint="a host is a DNS name or address with an optional :PORT")
    if registry in _HUB_SPELLINGS:
        registry = DOCKER_HUB
        path = path if "/" in path else f"library/{path}"
    if len(registry) + 1 + len(path) > _MAX_NAME:
        message = f"repository name of more than {_MAX_NAME} characters: {name[:60]!r}…"
        raise UsageError(message)
    for component in path.split("/"):
        if not _COMPONENT.fullmatch(component):
            message = f"not a repository name: {path[:120]!r}"
            raise UsageError(message, hint=_component_hint(component))
    return Repository(registry, path)


def _component_hint(component: str) -> str:
    if component != component.lower():
        return "repository names are lower case"
    return "each part is lower-case letters and digits, joined by '.', '_', '__' or '-'"
