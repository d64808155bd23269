"""What a scan found, normalised: the one result that the gate and every report read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from enum import IntEnum
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

from ci_toolkit.model.digest import Digest
from ci_toolkit.model.distinct import distinct
from ci_toolkit.model.purl import without_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ci_toolkit.model.distinct import Distinct

FORMAT = 1
"""Version of `schemas/findings.schema.json`."""
Category = Literal["vulnerability", "secret", "misconfiguration", "license"]
"""What kind of thing a finding is."""
SILENCER = "silenced-check"
"""The id of a finding that is a comment which silences a scanner's checks."""
NAMELESS_OS = "none"
"""The `os` of an image with a distribution's packages and nothing that says of which: nobody looks into those."""
CATEGORIES: tuple[Category, ...] = ("vulnerability", "secret", "misconfiguration", "license")


class Severity(IntEnum):
    """Ordered so that `>=` is a threshold. A word nobody knows counts as UNKNOWN."""

    UNKNOWN = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @classmethod
    def parse(cls, word: str) -> Severity:
        """The severity of a word in any case."""
        return cls.__members__.get(word.upper(), cls.UNKNOWN)

    def __str__(self) -> str:
        return self._name_.lower()


@dataclass(frozen=True, slots=True)
class Counts:
    """Findings by severity."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    unknown: int = 0

    @classmethod
    def of(cls, severities: Iterable[Severity]) -> Counts:
        """Count them."""
        numbers = Counter(severities)
        return cls(**{str(severity): numbers[severity] for severity in Severity})

    @property
    def total(self) -> int:
        """All of them."""
        return self.critical + self.high + self.medium + self.low + self.unknown

    def as_json(self) -> dict[str, int]:
        """Worst first."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One vulnerability, secret, misconfiguration or licence at one place of one platform.

    Every string but `severity` and `category` comes from a database or from the image itself: untrusted, of any
    content. Empty strings mean that the scanner didn't say, or that this kind of finding has no such thing.
    """

    id: str
    """The vulnerability's id, the secret's rule, the check's id, the licence's name."""
    category: Category = "vulnerability"
    package: str = ""
    installed: str = ""
    severity: Severity
    aliases: tuple[str, ...] = ()
    """The same vulnerability under its vendors' ids."""
    purl: str = ""
    fixed: str = ""
    status: str = ""
    severity_source: str = ""
    """Whose word the severity is: a distribution's own judgement goes before NVD's."""
    title: str = ""
    url: str = ""
    published: str = ""
    kind: str = ""
    """`os-pkgs` or `lang-pkgs`."""
    type: str = ""
    """The distribution's family or the kind of package or file: `debian`, `python-pkg`, `dockerfile`."""
    path: str = ""
    """Where in the image, no leading slash; empty for a distribution's package, and for the image's own config."""
    start_line: int = 0
    """The line in that file, from 1; 0 where there is none."""
    excerpt: str = ""
    """What stands there, a secret itself blotted out."""
    resolution: str = ""
    """What the scanner advises."""
    layer: str = ""
    score: float | None = None
    """CVSS base score, 0.0 to 10.0, of the severity's source where it has one."""

    @property
    def fixable(self) -> bool:
        """True where the vendor has fixed it and says in which version; `will_not_fix` and such are not."""
        return self.status == "fixed" and bool(self.fixed)

    @property
    def component(self) -> str:
        """The package whatever its version: its purl without version and qualifiers, else its name."""
        return without_version(self.purl) or self.package

    @property
    def place(self) -> str:
        """`path` with `*` for the package's version, which a rebuild may change: `urllib3-*.dist-info/METADATA`."""
        return self.path.replace(self.installed, "*") if self.installed else self.path

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes a finding the same one over platforms, rebuilds and versions: id, component, place."""
        return (self.id, self.component, self.place)

    @property
    def weight(self) -> tuple[int, bool, str, str, str, str]:
        """What `by_weight` sorts by."""
        return (-self.severity, not self.fixable, self.id, self.package, self.installed, self.path)

    @property
    def subject(self) -> str:
        """What is affected: the package with its version, else the file, else the image's config."""
        if self.package:
            return f"{self.package} {self.installed}".rstrip()
        return self.path or "image config"

    @property
    def line(self) -> str:
        """`ID SUBJECT (severity)`, as untrusted as its parts."""
        return f"{self.id} {self.subject} ({self.severity})"

    def as_json(self) -> dict[str, Any]:
        """The finding without its empty fields."""
        told: dict[str, Any] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if name == "severity":
                value = str(value)
            elif name == "aliases":
                value = list(value)
            if value or (name == "score" and value is not None):
                told[name] = value
        told["fixable"] = self.fixable
        return told

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Finding:
        """The finding of a document that the schema accepts."""
        told = {name: value for name, value in document.items() if name != "fixable"}
        told["severity"] = Severity.parse(told["severity"])
        told["aliases"] = tuple(told.get("aliases", ()))
        return cls(**told)


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """A layer of a platform's image, and what is known of where it comes from."""

    digest: str
    diff_id: str = ""
    created_by: str = ""
    """The instruction, as the image's history has it: untrusted."""
    base: bool | None = None
    """True for one of the base image's; None where nobody knows."""
    line: int = 0
    """The line of its instruction in the Dockerfile, from 1; 0 where nobody knows."""

    def as_json(self) -> dict[str, Any]:
        """What is known of it."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in told.items() if value not in ("", None) and (name != "line" or value)}


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformFindings:
    """Everything found in one platform of an image."""

    platform: str
    digest: Digest
    """Of the platform's image manifest."""
    os: str = ""
    """`debian 12.5`; empty where no operating system was recognised; or `NAMELESS_OS`."""
    covered: bool = True
    """False where nothing is known against the packages of that distribution, so that they weren't looked into."""
    end_of_life: bool = False
    packages: int = 0
    """How many packages were recognised, whether or not anything is known against them."""
    findings: tuple[Finding, ...] = ()
    layers: tuple[Layer, ...] = ()
    """Lowest first; empty where they aren't known."""

    def layer_of(self, finding: Finding) -> Layer | None:
        """The layer that brought what was found; None where nobody knows."""
        return next(
            (layer for layer in self.layers if finding.layer and finding.layer in (layer.digest, layer.diff_id)), None
        )

    def line_of(self, finding: Finding) -> int:
        """The line of the Dockerfile that brought it, from 1; 0 where nobody knows."""
        layer = self.layer_of(finding)
        return layer.line if layer else 0

    @property
    def complete(self) -> bool:
        """False where nothing was recognised, or a distribution's packages weren't looked into."""
        return self.covered and self.os != NAMELESS_OS and (bool(self.os) or self.packages > 0)


@dataclass(frozen=True, kw_only=True)
class ImageFindings:
    """One image's scan: who looked, with which knowledge, and what is in each platform."""

    image: str
    digest: Digest
    scanner: str
    scanner_version: str
    scanned_at: str
    database_updated: str | None
    database_repository: str | None
    platforms: tuple[PlatformFindings, ...] = field(default_factory=tuple)

    def layer_of(self, finding: Finding) -> Layer | None:
        """The layer that brought what was found on one of the platforms; None where nobody knows."""
        return next((layer for p in self.platforms if (layer := p.layer_of(finding))), None)

    @cached_property
    def distinct(self) -> Sequence[Distinct]:
        """Over all platforms: the same key once, at its worst; worst first."""
        return distinct(self.platforms, {})

    def counts(self) -> Counts:
        """Distinct findings over all platforms by severity."""
        return Counts.of(each.finding.severity for each in self.distinct)

    def as_json(self) -> dict[str, Any]:
        """The document of `schemas/findings.schema.json`."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        platforms = [
            {
                "platform": p.platform,
                "digest": str(p.digest),
                "os": p.os,
                **({} if p.covered else {"covered": False}),
                "end_of_life": p.end_of_life,
                "packages": p.packages,
                "findings": [finding.as_json() for finding in p.findings],
                "layers": [layer.as_json() for layer in p.layers],
            }
            for p in self.platforms
        ]
        told |= {"digest": str(self.digest), "platforms": platforms}
        return {"version": FORMAT} | {name: value for name, value in told.items() if value is not None}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ImageFindings:
        """The findings of a document that the schema accepts."""
        told = {name: value for name, value in document.items() if name not in ("version", "platforms")}
        told.setdefault("database_updated", None)
        told.setdefault("database_repository", None)
        platforms = tuple(
            PlatformFindings(
                **{
                    **item,
                    "digest": Digest(item["digest"]),
                    "findings": tuple(Finding.from_json(finding) for finding in item["findings"]),
                    "layers": tuple(Layer(**layer) for layer in item.get("layers", ())),
                }
            )
            for item in document["platforms"]
        )
        return cls(**{**told, "digest": Digest(document["digest"]), "platforms": platforms})


def by_weight(findings: Iterable[Finding]) -> list[Finding]:
    """Worst first; of the same severity what can be fixed first; then by id, package and path."""
    return sorted(findings, key=attrgetter("weight"))
