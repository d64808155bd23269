"""What a scan can be told to look into: an image on a registry, a layout, an archive, an image of the local engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ci_toolkit.errors import UsageError
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.reference import Reference, check_tag

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_LAYOUT, _ENGINE = "oci:", "docker:"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanSource:
    """Where an image is. `place`: the directory, the file, the engine's name for it, or the reference."""

    text: str
    kind: Literal["registry", "layout", "archive", "engine"]
    place: str
    reference: Reference | None = None
    """Of an image on a registry, with a tag or a digest."""
    tag: str | None = None
    digest: Digest | None = None
    """Which of a layout's images; neither: its only one."""

    @classmethod
    def parse(cls, text: str) -> ScanSource:
        """`oci:DIR`, `docker:IMAGE`, a file ending as archives do, else a reference; raises UsageError."""
        if text.startswith(_LAYOUT):
            return cls._layout(text)
        if text.startswith(_ENGINE):
            return cls(text=text, kind="engine", place=_wanted(text, _ENGINE, "an image of the local engine"))
        if text.lower().endswith(_ARCHIVES):
            return cls(text=text, kind="archive", place=text)
        if text.startswith(("./", "../", "/")):
            message = f"{text!r} is a path, which doesn't say what lies there"
            raise UsageError(
                message, hint="`oci:DIR` is an OCI image layout, an archive's name ends in .tar or .tar.gz"
            )
        reference = Reference.parse(text)
        if not reference.tag and not reference.digest:
            reference = reference.repository.tagged("latest")
        return cls(text=text, kind="registry", place=str(reference), reference=reference)

    @classmethod
    def _layout(cls, text: str) -> ScanSource:
        rest, at, digest = _wanted(text, _LAYOUT, "the directory of an OCI image layout").partition("@sha256:")
        directory, colon, tag = rest.rpartition(":")
        named = bool(colon) and "/" not in tag
        return cls(
            text=text,
            kind="layout",
            place=directory if named else rest,
            tag=check_tag(tag) if named else None,
            digest=Digest(f"sha256:{digest}") if at else None,
        )


def _wanted(text: str, prefix: str, what: str) -> str:
    rest = text.removeprefix(prefix)
    if not rest or rest.startswith("-") or not rest.isprintable():
        message = f"{text!r}: {prefix!r} wants {what} after it"
        raise UsageError(message, hint="`ci-toolkit scan --help` shows what can be scanned")
    return rest
