"""Tag rules: rules and a context in, tags out. Pure.

A template is text with fields: `{sha}` or `{sha:7}`, `{version}` and its parts `{version.major}`, `{version.minor}`,
`{version.patch}`, `{date:%Y%m%d}`, `{commit-date:%Y%m%d}`, `{branch}`, `{pr}`, `{tag}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NoReturn

from ci_toolkit.errors import UsageError
from ci_toolkit.model.version import Version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from ci_toolkit.model.context import CiContext

When = Literal["branch", "default-branch", "tag", "pull-request", "schedule", "version", "highest-version"]

_FIELD = re.compile(r"\{(?P<name>[^{}:]*)(?::(?P<argument>[^{}]*))?\}")
_NO_ARGUMENT = ("version", "version.major", "version.minor", "version.patch", "branch", "pr", "tag")
_DATES = ("date", "commit-date")
_FIELDS = ("sha", *_NO_ARGUMENT, *_DATES)
_DATE_FORMAT = re.compile(r"(?:[^%]|%[YmdHMSyjVGuUWwfIpbaBA])+")
_DEFAULT_DATE = "%Y%m%d"
_INVALID = re.compile(r"[^a-zA-Z0-9._-]+")
_GLOB = re.compile(r"(?:[a-zA-Z0-9._*?-]|\[!?[a-zA-Z0-9._-]+\])+")
_LONGEST = 128


@dataclass(frozen=True, slots=True)
class TagRule:
    """A template such as `sha-{sha:7}`, and the condition under which it applies."""

    tag: str
    when: When | None = None
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Tags:
    """What the rules gave: tags in the rules' order, each once; the rules that gave none, with the reason."""

    tags: tuple[str, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)
    version: str | None = None
    moving: tuple[str, ...] = ()
    """Those that a later run may give to another image: nothing in their template stands for one revision alone."""
    immutable: tuple[str, ...] = ()
    """Those that an entry of `immutable-tags` holds in their place; never among the moving ones."""


class _SkipRule(Exception):  # noqa: N818 no error: the rule doesn't apply
    """The reason why a rule gives no tag."""


def check_template(template: str) -> None:
    """Raise UsageError, naming the fault, for a template that could never give a tag."""
    literal = _FIELD.sub("", template)
    if "{" in literal or "}" in literal:
        message = f"tag template {template[:140]!r}: a brace without its counterpart"
        raise UsageError(message, hint="a field looks like {sha:7}; a tag itself has no braces")
    matches = list(_FIELD.finditer(template))
    for match in matches:
        _check_field(template, match["name"], match["argument"])
    if not matches and not sanitised(template):
        message = f"tag template {template[:140]!r} gives no tag"
        raise UsageError(message, hint="a tag is made of letters, digits, '_', '.' and '-'")


def check_immutable(entry: str) -> None:
    """Raise UsageError for an entry of `immutable-tags` that no tag could match."""
    if _FIELD.search(entry):
        check_template(entry)
    if not _GLOB.fullmatch(_FIELD.sub("x", entry)):
        message = f"{entry[:140]!r} matches no tag"
        raise UsageError(message, hint="write a glob such as sha-*, or a tag template such as {version}")


def check_timezone(name: str) -> None:
    """Raise UsageError for a time zone nobody knows."""
    _timezone(name)


def sanitised(text: str) -> str:
    """Text as a tag: what no tag holds becomes `-`, no leading `.` or `-`, 128 characters at most; maybe empty.

    The replacement is docker/metadata-action's, so that teams coming from it keep their tags.
    """
    return _INVALID.sub("-", text).lstrip(".-")[:_LONGEST]


def plan_tags(
    rules: Sequence[TagRule],
    context: CiContext,
    version: str | None,
    now: datetime,
    *,
    immutable: Sequence[str] = (),
) -> Tags:
    """The tags of one image. `version` is the git tag's or the version file's, `now` has a time zone.

    `immutable` are globs and tag templates; an entry with a field holds for what it gives now. Raises UsageError for
    a template or time zone that `check_template` or `check_timezone` refuses, and if no rule gives a tag.
    """
    known = Version.parse(version) if version else None
    tags: dict[str, bool] = {}
    kept: set[str] = set()
    skipped: dict[str, str] = {}
    for rule in rules:
        check_template(rule.tag)
        try:
            _require(rule.when, context, known)
            whole = _filled(rule, rule.tag, context, known, now)
            tag = _tag(whole)
            # What was cut may have been the very part that told one revision from another.
            tags[tag] = tags.get(tag, False) or not is_fixing(rule.tag) or len(whole) > _LONGEST
            kept.update([tag] if any(_holds(entry, rule, tag, context, known, now) for entry in immutable) else [])
        except _SkipRule as reason:
            name = rule.tag if rule.tag not in skipped else f"{rule.tag} (when: {rule.when})"
            skipped[name] = str(reason)
    if not tags:
        reasons = "; ".join(f"{rule!r}: {reason}" for rule, reason in skipped.items())
        message = f"no tag rule applies: {reasons or 'there are none'}"
        raise UsageError(message, hint="add a rule that always gives one: sha-{sha:7} in a repository, or a word")
    return Tags(
        tuple(tags),
        skipped,
        known.text if known else None,
        moving=tuple(tag for tag, moves in tags.items() if moves and tag not in kept),
        immutable=tuple(tag for tag in tags if tag in kept),
    )


def is_fixing(template: str) -> bool:
    """True where every tag of the template is one revision's alone: it has the commit, a whole version or a time."""
    fields = {match["name"]: match["argument"] or "" for match in _FIELD.finditer(template)}
    whole_version = {"version.major", "version.minor", "version.patch"} <= fields.keys()
    timed = any("%H%M" in re.sub(r"[^%HM]", "", fields.get(name, "")) for name in _DATES)
    return whole_version or timed or not fields.keys().isdisjoint(("sha", "version", "tag"))


def _skip(reason: str) -> NoReturn:
    raise _SkipRule(reason)


def _check_field(template: str, name: str, argument: str | None) -> None:
    where = f"tag template {template[:140]!r}"
    if name not in _FIELDS:
        message = f"{where}: there is no field {{{name[:40]}}}"
        raise UsageError(message, hint=f"the fields are {', '.join(f'{{{known}}}' for known in _FIELDS)}")
    if argument is None:
        return
    if name in _NO_ARGUMENT:
        message = f"{where}: {{{name}}} takes nothing after a colon"
        raise UsageError(message)
    if name == "sha" and not (re.fullmatch(r"[0-9]{1,2}", argument) and 4 <= int(argument) <= 64):
        message = f"{where}: {{sha:{argument[:40]}}} wants a length from 4 to 64"
        raise UsageError(message, hint="write {sha:7}")
    if name in _DATES and not _DATE_FORMAT.fullmatch(argument):
        message = f"{where}: {argument[:60]!r} is no date format"
        raise UsageError(message, hint="strftime's directives are understood: %Y%m%d%H%M%S")


def _require(when: When | None, context: CiContext, version: Version | None) -> None:
    if when in ("branch", "default-branch"):
        _require_branch(when, context)
    elif when == "tag" and context.tag is None:
        _skip("no git tag is built")
    elif when == "pull-request" and context.pull_request is None:
        _skip("no pull request is built")
    elif when == "schedule" and context.event != "schedule":
        _skip("this is no scheduled run")
    elif when == "version":
        _required_version(context, version)
    elif when == "highest-version":
        _require_highest(context, version)


def _require_branch(when: When, context: CiContext) -> None:
    if context.branch is None or context.event == "pull_request":
        _skip("no branch is built")
    if when == "default-branch":
        if context.default_branch is None:
            _skip("the default branch isn't known")
        if context.branch != context.default_branch:
            _skip(f"branch {context.branch!r} isn't the default branch {context.default_branch!r}")


def _required_version(context: CiContext, version: Version | None) -> Version:
    if context.event == "pull_request":
        # A version file holds the next release's version in every pull request: none of them is that release.
        _skip("a pull request releases no version")
    if version is None:
        _skip("there is no version: neither a git tag like v1.2.3 nor a version file")
    return version


def _required_release(context: CiContext, version: Version | None) -> Version:
    release = _required_version(context, version)
    if release.is_prerelease:
        _skip(f"{release.text} is a pre-release")
    return release


def _require_highest(context: CiContext, version: Version | None) -> None:
    release = _required_release(context, version)
    parsed = [known for known in map(Version.parse, context.tags) if known]
    others = [known for known in parsed if known.text != release.text]
    if context.shallow and not others:
        _skip("the clone is shallow, so other versions' tags aren't known (fetch the whole history)")
    higher = max((o for o in others if not o.is_prerelease), key=lambda o: o.order, default=release)
    if higher.order > release.order:
        _skip(f"{higher.text} is a higher version than {release.text}")


def _filled(rule: TagRule, template: str, context: CiContext, version: Version | None, now: datetime) -> str:
    """A template's text with its fields filled in, as this rule fills them; no tag yet."""

    def value(match: re.Match[str]) -> str:
        name, argument = match["name"], match["argument"]
        if name in _DATES:
            return _date(name, argument or _DEFAULT_DATE, context, now, _timezone(rule.timezone))
        if name.startswith("version"):
            return _version(name, context, version)
        return _plain(name, argument, context)

    return _FIELD.sub(value, template)


def _tag(text: str) -> str:
    tag = sanitised(text)
    if not tag:
        _skip("nothing is left of it but characters that no tag starts with")
    return tag


def _holds(entry: str, rule: TagRule, tag: str, context: CiContext, version: Version | None, now: datetime) -> bool:
    """Whether an entry of `immutable-tags`, filled in as this rule fills its template, holds the rule's tag."""
    from fnmatch import fnmatchcase

    try:
        glob = _FIELD.sub(lambda field: _INVALID.sub("-", _filled(rule, field[0], context, version, now)), entry)
    except _SkipRule:
        return False
    return fnmatchcase(tag, glob[:_LONGEST] if _FIELD.search(entry) else glob)


def _plain(name: str, argument: str | None, context: CiContext) -> str:
    values = {
        "sha": (context.revision, "there is no git revision"),
        "branch": (None if context.event == "pull_request" else context.branch, "no branch is built"),
        "tag": (context.tag, "no git tag is built"),
        "pr": (context.pull_request and str(context.pull_request), "no pull request is built"),
    }
    value, reason = values[name]
    if not value:
        _skip(reason)
    return value[: int(argument)] if argument else value


def _version(name: str, context: CiContext, version: Version | None) -> str:
    if name == "version":
        return _required_version(context, version).text
    release = _required_release(context, version)
    part = {"version.major": release.major, "version.minor": release.minor, "version.patch": release.patch}[name]
    if part is None:
        _skip(f"{release.text} has no third number")
    return part


def _date(name: str, date_format: str, context: CiContext, now: datetime, zone: tzinfo) -> str:
    moment = now if name == "date" else context.committed_at
    if moment is None:
        _skip("there is no git revision")
    try:
        return moment.astimezone(zone).strftime(date_format)
    except (OverflowError, ValueError):
        _skip(f"{moment.isoformat()} can't be told in this time zone")


def _timezone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        message = f"no time zone {name[:60]!r} is known: {type(error).__name__}"
        raise UsageError(message, hint="write a name of the IANA database, such as Europe/Berlin, or UTC") from None
