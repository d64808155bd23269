"""The images that a file names, whatever kind of file it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.errors import ConfigError
from ci_toolkit.manifests.base import UnreadableError
from ci_toolkit.manifests.formats import format_of

if TYPE_CHECKING:
    from ci_toolkit.manifests.base import ImageSpan, ManifestFormat

BOM = "\ufeff"
_MEND = "mend the file, or leave it out"


class UnreadableManifestError(ConfigError):
    """A file that isn't what its format wants; the one violation says where and why."""


def decoded(data: bytes, name: str) -> str:
    """A file's text, byte order mark included; raises UnreadableManifestError unless it is UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _unreadable(name, UnreadableError(line, 1, f"not UTF-8 at byte {error.start}")) from None


def find(text: str, name: str) -> tuple[ManifestFormat, list[ImageSpan]]:
    """The format of a text without byte order mark, and its images in their order; raises UnreadableManifestError."""
    try:
        manifest_format = format_of(name, text)
        return manifest_format, list(manifest_format.find(text))
    except UnreadableError as error:
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: UnreadableError) -> UnreadableManifestError:
    violation = f"{name}:{error.line}:{error.column}: {error.reason}"
    return UnreadableManifestError("a manifest can't be read", hint=_MEND, violations=[violation])
