"""What the gate goes by: thresholds, reactions, and what was triaged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from ci_toolkit.model.findings import CATEGORIES, Severity
from ci_toolkit.model.purl import without_version

if TYPE_CHECKING:
    from datetime import date

    from ci_toolkit.model.findings import Category, Finding

Reaction = Literal["fail", "warn", "ignore"]
SOON = timedelta(days=14)
"""How long before an entry expires it is spoken of."""

IMAGE_CONFIG = "/"
"""An entry's path for the image's own config: its variables, and how it was built. No file has that path."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ignore:
    """A finding that was triaged: which, why, who answers for it, until when."""

    id: str
    reason: str
    owner: str
    expires: date
    created: date | None = None
    package: str | None = None
    path: str | None = None
    image: str | None = None

    def concerns(self, image: str) -> bool:
        """True where the entry speaks of this image."""
        return self.image in (None, image)

    def matches(self, finding: Finding) -> bool:
        """True for the finding it means.

        `id` may be any of the vulnerability's ids; `package` a name or a purl, with version or without; `path` a
        glob in which `*` crosses directories, or `IMAGE_CONFIG`.
        """
        if self.id not in (finding.id, *finding.aliases):
            return False
        if self.package and self.package not in (
            finding.package, finding.purl, without_version(finding.purl), finding.purl.partition("?")[0],
        ):  # fmt: skip
            return False
        if self.path == IMAGE_CONFIG:
            return not (finding.path or finding.package)
        return not self.path or fnmatchcase(finding.path, self.path.removeprefix("/"))

    def active(self, today: date) -> bool:
        """True up to and including the day it expires on."""
        return today <= self.expires

    def expires_soon(self, today: date) -> bool:
        """True where it is active, but won't be for long."""
        return timedelta() <= self.expires - today <= SOON

    @property
    def label(self) -> str:
        """What it ignores, for people: `CVE-2023-45853 of zlib1g`."""
        place = "of the image's config" if self.path == IMAGE_CONFIG else f"at {self.path}" if self.path else ""
        parts = [self.id, f"of {self.package}" if self.package else "", place]
        return " ".join(part for part in [*parts, f"in {self.image}" if self.image else ""] if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds:
    """From which severity on a finding of each kind fails the gate; None: none does."""

    vulnerability: Severity | None
    secret: Severity | None
    misconfiguration: Severity | None
    license: Severity | None

    @classmethod
    def everywhere(cls, severity: Severity | None) -> Thresholds:
        """The same for every kind."""
        return cls(vulnerability=severity, secret=severity, misconfiguration=severity, license=severity)

    def of(self, category: Category) -> Severity | None:
        """The threshold of a kind of findings."""
        threshold: Severity | None = getattr(self, category)
        return threshold


@dataclass(frozen=True, kw_only=True, slots=True)
class GatePolicy:
    """What fails the gate, and how the odd cases count."""

    thresholds: Thresholds
    fixable_only: bool
    """Vulnerabilities without a fixed version pass."""
    unknown: Reaction
    """Findings whose severity nobody knows; `fixable_only` goes for them too."""
    end_of_life_os: Reaction
    incomplete: Reaction
    """Nothing recognised in an image: no operating system, no packages."""
    grace: timedelta | None = None
    """How long a vulnerability with a fix may have been published before it counts."""
    ignores: tuple[Ignore, ...] = ()

    @property
    def is_off(self) -> bool:
        """True where no finding can fail it: then it decides nothing at all."""
        return all(self.thresholds.of(category) is None for category in CATEGORIES)

    def counts(self, category: Category, severity: Severity) -> bool:
        """True where a finding of this kind and severity can fail it; one of unknown severity does from any on."""
        threshold = self.thresholds.of(category)
        return threshold is not None and (severity is Severity.UNKNOWN or severity >= threshold)

    def __str__(self) -> str:
        """In a line, for a plan."""
        if self.is_off:
            return "off, everything passes"
        own = self.thresholds
        apart = [f"{c} {own.of(c) or 'off'}" for c in CATEGORIES if own.of(c) != own.vulnerability]
        from_on = ", ".join([f"from {own.vulnerability} on" if own.vulnerability else "none", *apart])
        which = "fixable findings" if self.fixable_only else "findings"
        grace = f"; grace {self.grace.days} days" if self.grace else ""
        odd = f"unknown severity: {self.unknown}, end-of-life OS: {self.end_of_life_os}"
        rest = f"nothing recognised: {self.incomplete}; {len(self.ignores)} ignore entries"
        return f"{which} {from_on} fail{grace}; {odd}, {rest}"
