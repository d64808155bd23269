"""Versions as tag rules need them: their parts, whether they are pre-releases, and which is the highest."""

from __future__ import annotations

import re
from dataclasses import dataclass

# semver.org's grammar and PEP 440's suffixes, which pyproject.toml files have; numbers of up to 18 digits.
_VERSION = re.compile(
    r"v?(?P<text>(?P<major>\d{1,18})\.(?P<minor>\d{1,18})(?:\.(?P<patch>\d{1,18}))?"
    r"(?P<pre>-[0-9A-Za-z][0-9A-Za-z.-]*|[._-]?(?:a|b|c|rc|alpha|beta|pre|preview|dev)[._-]?\d*(?:\.dev\d+)?)?"
    r"(?:\.post(?P<post>\d{1,18}))?(?:\+[0-9A-Za-z.-]+)?)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Version:
    """A version without its `v`: `1.2.3`, `1.2.3-rc.1`, `2026.4`."""

    text: str
    major: str
    minor: str
    patch: str | None
    is_prerelease: bool
    order: tuple[int, ...]
    """Compares stable versions; build metadata and the pre-release don't count."""

    @classmethod
    def parse(cls, text: str) -> Version | None:
        """The version in a git tag or a version file; None for anything else (`v2`, `nightly`)."""
        match = _VERSION.fullmatch(text)
        if match is None:
            return None
        part = match.groupdict()
        order = tuple(int(part[name] or 0) for name in ("major", "minor", "patch", "post"))
        return cls(part["text"], part["major"], part["minor"], part["patch"], part["pre"] is not None, order)
