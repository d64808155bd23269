"""What a tag rule is decided and filled in with: the run's context, and the version as this rule reads it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from ci_toolkit.model import tags_template
from ci_toolkit.model.tags_reading import skip

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from ci_toolkit.model.context import CiContext
    from ci_toolkit.model.tags_reading import Reading
    from ci_toolkit.model.version import Version

When = Literal[
    "branch",
    "default-branch",
    "not-default-branch",
    "tag",
    "pull-request",
    "schedule",
    "version",
    "highest-version",
]


@dataclass(frozen=True, slots=True)
class Facts:
    """One rule's view of a run."""

    context: CiContext
    now: datetime
    zone: tzinfo
    reading: Reading
    known: str | None
    """The version of the git tag or the version file."""

    def require(self, when: When | None, branch: str | None) -> None:
        """Leave the rule out (SkipRule) unless its conditions hold: the event, the branch's name, the pattern."""
        context = self.context
        if branch is not None or when in ("branch", "default-branch", "not-default-branch"):
            self._require_branch(when, branch)
        self.reading.require_match(context)
        if when == "tag" and context.tag is None:
            skip("no git tag is built")
        elif when == "pull-request" and context.pull_request is None:
            skip("no pull request is built")
        elif when == "schedule" and context.event != "schedule":
            skip("this is no scheduled run")
        elif when == "version":
            self._required_version()
        elif when == "highest-version":
            self._require_highest()

    def value(self, name: str, argument: str) -> str:
        """What a template's field is filled in with; leaves the rule out where nobody knows it."""
        if name in tags_template.DATES:
            return self._date(name, argument or tags_template.DEFAULT_DATE)
        if name.startswith("version"):
            return self._version(name)
        if name.startswith("match"):
            found = self.reading.matched(self.context)[int(name.partition(".")[2] or 0)]
            return found if found is not None else skip(f"the group {name} took no part in the match")
        return self._plain(name, argument)

    def stated_version(self) -> str | None:
        """The version that the image is said to have: else what stands in its place in the git tag."""
        version = self.reading.version(self.context, self.known)
        if version:
            return version.text
        part = self.reading.part(self.context)
        return (tags_template.sanitised(part) or None) if part else None

    def _require_branch(self, when: When | None, glob: str | None) -> None:
        context = self.context
        if context.branch is None or context.event == "pull_request":
            skip("no branch is built")
        if glob is not None and not fnmatchcase(context.branch, glob):
            skip(f"branch {context.branch!r} isn't {glob!r}")
        if when in ("default-branch", "not-default-branch"):
            if context.default_branch is None:
                skip("the default branch isn't known")
            if when == "default-branch" and context.branch != context.default_branch:
                skip(f"branch {context.branch!r} isn't the default branch {context.default_branch!r}")
            if when == "not-default-branch" and context.branch == context.default_branch:
                skip(f"branch {context.branch!r} is the default branch")

    def _required_version(self) -> Version:
        if self.context.event == "pull_request" and not self.reading.states_version:
            # A version file holds the next release's version in every pull request: none of them is that release.
            skip("a pull request releases no version")
        return self.reading.required(self.context, self.known)

    def _required_release(self) -> Version:
        release = self._required_version()
        return skip(f"{release.text} is a pre-release") if release.is_prerelease else release

    def _require_highest(self) -> None:
        release = self._required_release()
        others = self.reading.others(self.context, release)
        if self.context.shallow and not others:
            skip("the clone is shallow, so other versions' tags aren't known (fetch the whole history)")
        higher = max((o for o in others if not o.is_prerelease), key=lambda o: o.order, default=release)
        if higher.order > release.order:
            skip(f"{higher.text} is a higher version than {release.text}")

    def _version(self, name: str) -> str:
        if name == "version":
            return self._required_version().text
        release = self._required_release()
        part = {"version.major": release.major, "version.minor": release.minor, "version.patch": release.patch}[name]
        return part if part is not None else skip(f"{release.text} has no third number")

    def _plain(self, name: str, argument: str) -> str:
        context = self.context
        values = {
            "sha": (context.revision, "there is no git revision"),
            "branch": (None if context.event == "pull_request" else context.branch, "no branch is built"),
            "base-branch": (context.base_branch, "no pull request into a known branch is built"),
            "tag": (context.tag, "no git tag is built"),
            "pr": (context.pull_request and str(context.pull_request), "no pull request is built"),
        }
        value, reason = values[name]
        if not value:
            skip(reason)
        return value[: int(argument)] if argument else value

    def _date(self, name: str, date_format: str) -> str:
        moment = self.now if name == "date" else self.context.committed_at
        if moment is None:
            skip("there is no git revision")
        try:
            return tags_template.dated(moment, self.zone, date_format)
        except (OverflowError, ValueError):
            skip(f"{moment.isoformat()} can't be told in this time zone")
