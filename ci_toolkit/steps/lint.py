"""The images of manifests, held against the rules of `lint`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ci_toolkit.errors import ConfigError, ToolError, UsageError
from ci_toolkit.manifests.finding import BOM, decoded, find
from ci_toolkit.model.lint import LintFinding, LintReport, Passed
from ci_toolkit.model.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ci_toolkit.config.options import LintOptions
    from ci_toolkit.manifests.base import ImageSpan
    from ci_toolkit.model.lint import Rule
    from ci_toolkit.steps.lint_files import LintFiles, Manifest
    from ci_toolkit.steps.lint_verdicts import Verdicts

_LATEST = "latest"
_NAMED = 5
_LONGEST = 500
"""Characters of an image that are kept: no reference has more, a text that is none may have millions."""


class Linter:
    """Gathers what is found in one file after the other."""

    def __init__(self, options: LintOptions, verdicts: Verdicts | None = None) -> None:
        """`verdicts`: None where no environment wants one."""
        self._options = options
        self._verdicts = verdicts
        self._files: set[str] = set()
        self._images = 0
        self._findings: list[LintFinding] = []
        self._passed: list[Passed] = []

    @property
    def report(self) -> LintReport:
        """What was found so far, file by file in the order of their names."""
        return LintReport(
            files=len(self._files),
            images=self._images,
            findings=tuple(sorted(self._findings, key=lambda f: (f.file, f.line, f.column))),
            passed=tuple(sorted(self._passed, key=lambda p: (p.file, p.line, p.column))),
        )

    def check_named(self, files: LintFiles, directory: Path, paths: Sequence[str]) -> None:
        """Check what the user named, files and directories below `directory`; what can't be looked at is an error.

        Raises UsageError, before anything is checked, for what isn't there.
        """
        if missing := [path for path in paths if not os.path.lexists(directory / path)]:
            message = f"there is no {', and no '.join(missing[:_NAMED])}"
            raise UsageError(message, hint="name files and directories that are there, in PATH or under `lint.paths`")
        for path in paths:
            try:
                found = files.below(directory, path)
            except (UsageError, ToolError) as error:
                self._unreadable(path, 1, 1, error.message, named=True)
            else:
                self.check(found)

    def check(self, manifests: Iterable[Manifest]) -> None:
        """Check these files, each once; one that can't be read is a finding, and the next ones are checked."""
        for manifest in manifests:
            if manifest.name in self._files:
                continue
            self._files.add(manifest.name)
            try:
                text = decoded(manifest.read(), manifest.name)
                _, spans = find(text.removeprefix(BOM), manifest.name)
            except ConfigError as error:
                for violation in error.violations:
                    line, column, reason = violation.removeprefix(f"{manifest.name}:").split(":", 2)
                    self._unreadable(manifest.name, int(line), int(column), reason.strip(), named=manifest.named)
            except (UsageError, ToolError) as error:
                self._unreadable(manifest.name, 1, 1, error.message, named=manifest.named)
            else:
                self._images += len(spans)
                for span in spans:
                    self._check(manifest, span)

    def _check(self, manifest: Manifest, span: ImageSpan) -> None:
        image, at = span.value[:_LONGEST], span.place
        if span.skipped:
            passed = Passed(file=manifest.name, line=at.line, column=at.column, image=image, reason=span.skipped)
            self._passed.append(passed)
            return
        for rule, message in self._broken(manifest, span, image):
            self._add(rule, manifest.name, at.line, at.column, message, image)

    def _broken(self, manifest: Manifest, span: ImageSpan, image: str) -> Iterator[tuple[Rule, str]]:
        """The rules that an image breaks, each with what is to be said."""
        try:
            reference = Reference.parse(span.value)
        except UsageError as error:
            yield "invalid-reference", f"{image} is no image reference: {error.message}"
            return
        yield from self._unpinned(reference, image)
        allowed = self._options.registries
        if allowed and not any(namespace.holds(reference.repository) for namespace in allowed):
            yield "registry", f"{image} is {reference.repository}, allowed is {', '.join(map(str, allowed))}"
        if self._verdicts and manifest.environments:
            reason = self._verdicts.refusal(reference, span.marked)
            if reason:
                yield "verdict", f"{image} is run by {', '.join(manifest.environments)}, and {reason}"

    def _unpinned(self, reference: Reference, image: str) -> Iterator[tuple[Rule, str]]:
        """The first that applies of three rules that say how little is known of an image without a digest."""
        if reference.digest:
            return
        broken: list[tuple[Rule, str]] = [("missing-digest", f"{image} is not pinned by digest")]
        if reference.tag == _LATEST:
            broken.insert(0, ("latest-tag", f"{image} is another image whenever the tag is moved"))
        elif reference.tag is None:
            broken.insert(0, ("missing-tag", f"{image} has neither tag nor digest, so `{_LATEST}` is run"))
        yield from [each for each in broken if self._options.rules[each[0]] != "ignore"][:1]

    def _unreadable(self, file: str, line: int, column: int, reason: str, *, named: bool) -> None:
        if named:
            finding = LintFinding(
                rule="unreadable", level="error", file=file, line=line, column=column, message=reason
            )
            self._findings.append(finding)
        else:
            self._add("unreadable", file, line, column, reason)

    def _add(self, rule: Rule, file: str, line: int, column: int, message: str, image: str = "") -> None:
        level = self._options.rules[rule]
        if level != "ignore":
            self._findings.append(
                LintFinding(rule=rule, level=level, file=file, line=line, column=column, message=message, image=image)
            )
