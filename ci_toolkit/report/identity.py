"""What a code host knows a finding by: the same after a rebuild, with another version, on another day."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ci_toolkit.model.findings import Finding

_NUL = "\0"
_NAMESPACE = uuid.UUID("b8f2f1a0-6b6f-5f0e-9d0a-0c3c7f7f4f55")
"""Of this project's findings; any fixed one does."""


def fingerprint(image: str, finding: Finding) -> str:
    """32 hexadecimal digits of image and key."""
    return hashed(image, *finding.key)


def hashed(*parts: str) -> str:
    """32 hexadecimal digits of these words in this order."""
    return hashlib.sha256(_NUL.join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def stable_id(image: str, finding: Finding) -> str:
    """A UUID (version 5, RFC 9562) of image and key."""
    return str(uuid.uuid5(_NAMESPACE, _name(image, finding).encode("utf-8", "replace").decode()))


def _name(image: str, finding: Finding) -> str:
    return _NUL.join((image, *finding.key))
