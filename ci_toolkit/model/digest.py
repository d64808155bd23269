"""Digests: the only currency. sha256 alone, as every registry and BuildKit write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ci_toolkit.errors import UsageError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A content digest, `sha256:` and 64 hex digits (OCI image spec, descriptor.md#digests)."""

    value: str

    def __post_init__(self) -> None:
        if not _DIGEST.fullmatch(self.value):
            message = f"not a sha256 digest: {self.value[:100]!r}"
            raise UsageError(message, hint="a digest is 'sha256:' followed by 64 lower-case hex digits")

    @classmethod
    def of(cls, data: bytes) -> Digest:
        """The digest of these bytes."""
        import hashlib  # here: most digests are only told

        return cls(f"sha256:{hashlib.sha256(data).hexdigest()}")

    @property
    def hex(self) -> str:
        """The 64 hex digits."""
        return self.value.removeprefix("sha256:")

    @property
    def short(self) -> str:
        """`sha256:` and 12 hex digits, for people."""
        return self.value[:19]

    def __str__(self) -> str:
        return self.value
