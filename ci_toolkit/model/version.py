"""Versions as tag rules need them: their parts, whether they are pre-releases, and which is the highest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Scheme = Literal["semver", "pep440"]

# semver.org's grammar and PEP 440's suffixes, which pyproject.toml files have; numbers of up to 18 digits.
_VERSION = re.compile(
    r"v?(?P<text>(?P<major>\d{1,18})\.(?P<minor>\d{1,18})(?:\.(?P<patch>\d{1,18}))?"
    r"(?P<pre>-[0-9A-Za-z][0-9A-Za-z.-]*|[._-]?(?:a|b|c|rc|alpha|beta|pre|preview|dev)[._-]?\d*(?:\.dev\d+)?)?"
    r"(?:\.post(?P<post>\d{1,18}))?(?:\+[0-9A-Za-z.-]+)?)",
    re.ASCII,
)
_NUMBER = r"(?:0|[1-9]\d{0,17})"
_IDENTIFIER = rf"(?:{_NUMBER}|\d*[A-Za-z-][0-9A-Za-z-]*)"
# semver.org 2.0.0, 2, 9 and 10, with the `v` that git tags have before it.
_SEMVER = (
    rf"v?(?P<text>(?P<major>{_NUMBER})\.(?P<minor>{_NUMBER})\.(?P<patch>{_NUMBER})"
    rf"(?P<pre>-{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?)"
)
# PEP 440, "Public version identifiers" and "Normalization".
_PEP440 = (
    r"v?(?:(?P<epoch>\d{1,9})!)?(?P<release>\d{1,18}(?:\.\d{1,18}){0,5})"
    r"(?:[._-]?(?P<pre>a|b|c|rc|alpha|beta|pre|preview)[._-]?(?P<pre_number>\d{1,18})?)?"
    r"(?P<post>-(?P<post_short>\d{1,18})|[._-]?(?:post|rev|r)[._-]?(?P<post_number>\d{1,18})?)?"
    r"(?P<dev>[._-]?dev[._-]?(?P<dev_number>\d{1,18})?)?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[._-][a-z0-9]+)*))?"
)
_PEP440_WORDS = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}
_PEP440_NUMBERS = 6


@dataclass(frozen=True, slots=True)
class Version:
    """A version without its `v`: `1.2.3`, `1.2.3-rc.1`, `2026.4`."""

    text: str
    major: str
    minor: str
    patch: str | None
    is_prerelease: bool
    order: tuple[int, ...]
    """Compares stable versions of one scheme; build metadata and the pre-release don't count."""

    @classmethod
    def parse(cls, text: str, scheme: Scheme | None = None) -> Version | None:
        """The version in a git tag or a version file; None for anything else (`v2`, `nightly`).

        Without a scheme whatever looks like a version is one. `semver` is strict; `pep440` writes it in its normal
        form, so that `1.2.3-RC1` is `1.2.3rc1`.
        """
        return _SCHEMES[scheme](text)


def _any(text: str) -> Version | None:
    return _plain(_VERSION.fullmatch(text))


def _semver(text: str) -> Version | None:
    return _plain(re.fullmatch(_SEMVER, text, re.ASCII))


def _plain(match: re.Match[str] | None) -> Version | None:
    if match is None:
        return None
    part = match.groupdict()
    order = tuple(int(part.get(name) or 0) for name in ("major", "minor", "patch", "post"))
    return Version(part["text"], part["major"], part["minor"], part["patch"], part["pre"] is not None, order)


def _pep440(text: str) -> Version | None:
    match = re.fullmatch(_PEP440, text, re.ASCII | re.IGNORECASE)
    if match is None:
        return None
    part = {name: value.lower() if value else value for name, value in match.groupdict().items()}
    release = [int(number) for number in part["release"].split(".")]
    padded = release + [0] * (_PEP440_NUMBERS - len(release))
    epoch, post = int(part["epoch"] or 0), part["post_short"] or part["post_number"] or "0"
    normal = f"{epoch}!" if epoch else ""
    normal += ".".join(map(str, release))
    if part["pre"]:
        normal += f"{_PEP440_WORDS.get(part['pre'], part['pre'])}{int(part['pre_number'] or 0)}"
    normal += f".post{int(post)}" if part["post"] else ""
    normal += f".dev{int(part['dev_number'] or 0)}" if part["dev"] else ""
    normal += f"+{re.sub('[_-]', '.', part['local'])}" if part["local"] else ""
    # A first post-release may have the number 0, and comes after the release all the same.
    order = (epoch, *padded, int(post) + 1 if part["post"] else 0)
    is_prerelease = bool(part["pre"] or part["dev"])
    return Version(normal, str(padded[0]), str(padded[1]), str(padded[2]), is_prerelease, order)


_SCHEMES: Mapping[Scheme | None, Callable[[str], Version | None]] = {None: _any, "semver": _semver, "pep440": _pep440}
