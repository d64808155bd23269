"""How a tag rule reads a version out of a git tag, or out of a text that it names itself. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from ci_toolkit.model.version import Version

if TYPE_CHECKING:
    from ci_toolkit.model.context import CiContext
    from ci_toolkit.model.version import Scheme

_LONGEST_SHOWN = 80


class SkipRule(Exception):  # noqa: N818 no error: the rule doesn't apply
    """The reason why a rule gives no tag."""


def skip(reason: str) -> NoReturn:
    """Leave the rule out for this reason."""
    raise SkipRule(reason)


class Reading:
    """By which scheme, and in which part of which text, a rule reads versions.

    `match` is a regular expression: the version stands in its first group, as with docker/metadata-action, and
    without a group in the whole match. `source` is a text in the place of the git tag. Raises UsageError for a
    pattern that can't be used.
    """

    def __init__(self, scheme: Scheme | None, match: str | None, source: str | None) -> None:
        self._scheme = scheme
        self._source = source
        self._pattern = None
        if match is not None:
            from ci_toolkit.model.linear_pattern import LinearPattern

            self._pattern = LinearPattern(match)

    @property
    def states_version(self) -> bool:
        """True where the rule names the text itself: its version then is one in every event."""
        return self._source is not None

    def require_match(self, context: CiContext) -> None:
        """Raise SkipRule where there is a pattern and it finds nothing."""
        if self._pattern:
            self.matched(context)

    def matched(self, context: CiContext) -> tuple[str | None, ...]:
        """What the pattern finds in this run's text, the whole and each group; raises SkipRule."""
        text = self._text(context)
        if text is None:
            skip("no git tag is built")
        found = self._pattern.search(text) if self._pattern else None
        return found or skip(f"the pattern doesn't match {text[:_LONGEST_SHOWN]!r}")

    def required(self, context: CiContext, known: str | None) -> Version:
        """The version of this run; raises SkipRule where there is none."""
        version = self.version(context, known)
        if version:
            return version
        part = self.part(context)
        if part is not None and (self._pattern or self._source is not None or self._scheme):
            skip(f"{part[:_LONGEST_SHOWN]!r} is no version{f' of {self._scheme}' if self._scheme else ''}")
        skip("there is no version: neither a git tag like v1.2.3 nor a version file")

    def part(self, context: CiContext) -> str | None:
        """The part of this run's text in which a version would stand."""
        text = self._text(context)
        return self._part(text) if text is not None else None

    def version(self, context: CiContext, known: str | None) -> Version | None:
        """The version of this run; None where there is none. `known` is the git tag's or the version file's."""
        if self._pattern or self._source is not None:
            part = self.part(context)
            return Version.parse(part, self._scheme) if part is not None else None
        version = Version.parse(known, self._scheme) if known else None
        # What is known was read without a scheme, which may have missed what this one understands.
        return version or (Version.parse(context.tag, self._scheme) if self._scheme and context.tag else None)

    def others(self, context: CiContext, version: Version) -> list[Version]:
        """The other versions among the repository's tags, read as this one was."""
        parts = (self._part(tag) for tag in context.tags)
        read = (Version.parse(part, self._scheme) for part in parts if part is not None)
        return [other for other in read if other and other.text != version.text]

    def _text(self, context: CiContext) -> str | None:
        return context.tag if self._source is None else self._source

    def _part(self, text: str) -> str | None:
        if self._pattern is None:
            return text
        found = self._pattern.search(text)
        return found[min(1, len(found) - 1)] if found else None
