"""The images that manifests name, held against rules: what the rules are, what broke them, what was passed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Rule = Literal["invalid-reference", "missing-tag", "latest-tag", "missing-digest", "registry", "verdict", "unreadable"]
Level = Literal["error", "warning"]
Setting = Literal["error", "warning", "ignore"]
VERSION = 1


@dataclass(frozen=True, slots=True)
class RuleText:
    """What a rule is about, and what to do where it is broken."""

    title: str
    why: str
    advice: str


RULES: Mapping[Rule, RuleText] = {
    "invalid-reference": RuleText(
        "The image is no reference",
        "No registry serves an image of this name, so nobody can tell what would run.",
        "write HOST/NAME:TAG@sha256:…",
    ),
    "missing-tag": RuleText(
        "The image has neither tag nor digest",
        "Without both, whatever is called `latest` at that moment is run.",
        "name a version, and pin it by digest",
    ),
    "latest-tag": RuleText(
        "The image is called latest",
        "The tag `latest` moves: a restart may run something else, and nothing says what runs.",
        "name a version, and pin it by digest",
    ),
    "missing-digest": RuleText(
        "The image is not pinned by digest",
        "A tag can be moved to another image at any time; a digest is always the same image.",
        "`ci-toolkit pin --resolve` writes the digests that registries tell",
    ),
    "registry": RuleText(
        "The image is from a registry that is not allowed",
        "Only the registries under `lint.registries` are allowed.",
        "take it from an allowed registry, or add its registry to `lint.registries`",
    ),
    "verdict": RuleText(
        "The image carries no passing verdict",
        "What runs in this environment has to have passed the gate.",
        "promote the image, or hand on the state of its run, or its scan attestation by --attestation",
    ),
    "unreadable": RuleText(
        "The file can't be read",
        "What can't be read can't be checked.",
        "mend the file, or leave it out by `lint.exclude`",
    ),
}
"""In the documentation's order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LintFinding:
    """A rule that is broken, and where: `file` as the user names it, line and column in code points from 1."""

    rule: Rule
    level: Level
    file: str
    line: int
    column: int
    message: str
    image: str = ""
    """The reference as it stands there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Passed:
    """An image that was passed over since nobody can tell yet which it is: a template, a variable."""

    file: str
    line: int
    column: int
    image: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LintReport:
    """All that was found in a number of files; the words of manifests in it are untrusted."""

    files: int
    images: int
    """Places that name an image, those that were passed over included."""
    findings: tuple[LintFinding, ...]
    passed: tuple[Passed, ...]

    def count(self, level: Level) -> int:
        """How many findings are of this level."""
        return sum(finding.level == level for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """The document of `schemas/lint.schema.json`."""
        return {
            "version": VERSION,
            "files": self.files,
            "images": self.images,
            "errors": self.count("error"),
            "warnings": self.count("warning"),
            "findings": [
                {**_place(f), "rule": f.rule, "level": f.level, "message": f.message, "image": f.image}
                for f in self.findings
            ],
            "skipped": [{**_place(p), "image": p.image, "reason": p.reason} for p in self.passed],
        }


def _place(at: LintFinding | Passed) -> dict[str, Any]:
    file = at.file.encode("utf-8", "replace").decode()  # a name on disk may be any bytes
    return {"file": file, "line": at.line, "column": at.column}
