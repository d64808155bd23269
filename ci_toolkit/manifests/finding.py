"""The images that a file names, whatever kind of file it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.errors import ConfigError
from ci_toolkit.manifests.base import UnreadableError
from ci_toolkit.manifests.formats import format_of
from ci_toolkit.manifests.joining import together
from ci_toolkit.manifests.markers import has_markers, marked_images
from ci_toolkit.manifests.paths import dead_end, images_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.manifests.base import ImageSpan, ManifestFormat
    from ci_toolkit.model.field_path import FieldPath

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


def find(text: str, name: str, paths: Sequence[FieldPath] = ()) -> tuple[ManifestFormat, list[ImageSpan]]:
    """The format of a text without byte order mark, and its images in their order; raises UnreadableManifestError.

    `paths`: where more of them are than the format knows. Comments may mark others.
    """
    try:
        manifest_format = format_of(name, text)
        found = list(manifest_format.find(text))
        if is_yaml(name) and paths:
            found = together(found, images_at(text, paths))
        if is_yaml(name) and has_markers(text):
            found = together(marked_images(text), found)
    except UnreadableError as error:
        raise _unreadable(name, error) from None
    return manifest_format, found


def is_yaml(name: str) -> bool:
    """True for a file in which paths and comments may name images."""
    return name.lower().endswith((".yaml", ".yml", ".json"))


def leads_nowhere(data: bytes, name: str, path: FieldPath) -> str:
    """Nothing if a path leads to a value in this file; else why it doesn't."""
    if not is_yaml(name):
        return "it is no YAML"
    try:
        return dead_end(decoded(data, name).removeprefix(BOM), path)
    except (ConfigError, UnreadableError):
        return "it can't be read"


def _unreadable(name: str, error: UnreadableError) -> UnreadableManifestError:
    violation = f"{name}:{error.line}:{error.column}: {error.reason}"
    return UnreadableManifestError("a manifest can't be read", hint=_MEND, violations=[violation])
