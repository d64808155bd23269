"""An image's version, the git tag's or else its version file's, and the tags that follow from it."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

from ci_toolkit.errors import UsageError
from ci_toolkit.model.tags import plan_tags
from ci_toolkit.model.version import Version

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.model.context import CiContext
    from ci_toolkit.model.tags import Tags

_LARGEST = 1024 * 1024
_PYTHON = re.compile(r"""^__version__(?:: *\w+)? *= *["']([^"'\n]+)["']""", re.MULTILINE)


def image_version(image: ImageOptions, context: CiContext) -> str | None:
    """`1.2.3` from a git tag like `v1.2.3`, else from `version-file`; None where there is neither.

    Raises UsageError for a version file that can't be read or holds no version.
    """
    tagged = Version.parse(context.tag) if context.tag else None
    if tagged:
        return tagged.text
    return read_version(image.version_file) if image.version_file else None


def image_tags(image: ImageOptions, context: CiContext, now: datetime) -> Tags:
    """The tags of an image and the version they say; raises as `image_version` and `plan_tags` do."""
    version = image_version(image, context)
    return plan_tags(image.tags, context, version, now, flavor=image.flavor, immutable=image.immutable_tags)


def read_version(file: Path) -> str:
    """The version in a `pyproject.toml`, a `package.json`, a Python module, or on the first line of any other file."""
    text = _read(file)
    try:
        found = _in_document(file.name, text)
    except (ValueError, RecursionError) as error:
        message = f"version file {file}: {str(error)[:200]}"
        raise UsageError(message, hint="mend the file, or name another one as `version-file`") from None
    version = Version.parse(found) if isinstance(found, str) else None
    if version is None:
        message = f"version file {file}: {str(found)[:60]!r} is no version"
        raise UsageError(message, hint="a version looks like 1.2.3 or 1.2.3-rc.1")
    return version.text


def _in_document(name: str, text: str) -> Any:
    if name.endswith(".toml"):
        document = tomllib.loads(text)
        return _at(document, "project", "version") or _at(document, "tool", "poetry", "version")
    if name.endswith(".json"):
        return _at(json.loads(text), "version")
    if name.endswith(".py"):
        found = _PYTHON.search(text)
        return found[1] if found else None
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _at(document: Any, *keys: str) -> Any:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _read(file: Path) -> str:
    try:
        if not file.is_file() or file.stat().st_size > _LARGEST:
            message = f"version file {file} isn't there, or is no file of less than {_LARGEST} bytes"
            raise UsageError(message, hint="mend `version-file`, or take it out")
        return file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        message = f"version file {file} can't be read: {error}"
        raise UsageError(message) from error
