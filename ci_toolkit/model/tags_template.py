"""Tag templates: text with fields, checked when a config is read and filled in when a run knows its facts. Pure.

The fields are `{sha}` or `{sha:7}`, `{version}` and its parts `{version.major}`, `{version.minor}`,
`{version.patch}`, `{date:%Y%m%d}`, `{commit-date:%Y%m%d}`, `{branch}`, `{base-branch}`, `{pr}`, `{tag}`, `{match}` and
its groups `{match.1}`.
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING

from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo

FIELD = re.compile(r"\{(?P<name>[^{}:]*)(?::(?P<argument>[^{}]*))?\}")
LONGEST = 128
DEFAULT_DATE = "%Y%m%d"
_VERSIONS = ("version", "version.major", "version.minor", "version.patch")
_NO_ARGUMENT = (*_VERSIONS, "branch", "base-branch", "pr", "tag", "match")
DATES = ("date", "commit-date")
_FIELDS = ("sha", *_NO_ARGUMENT, "match.1", *DATES)
_GROUP = re.compile(r"match\.(?:0|[1-9][0-9]?)")
DIRECTIVE = re.compile(r"%(?P<bare>-?)(?P<letter>[a-zA-Z])")
_DATE_FORMAT = re.compile(r"(?:[^%]|%-?[YmdHMSyjVGuUWwI]|%[spbaBA])+")
_INVALID = re.compile(r"[^a-zA-Z0-9._-]+")


def check_template(template: str) -> None:
    """Raise UsageError, naming the fault, for a template that could never give a tag."""
    check_fields(template)
    if not FIELD.search(template) and not sanitised(template):
        message = f"tag template {template[:140]!r} gives no tag"
        raise UsageError(message, hint="a tag is made of letters, digits, '_', '.' and '-'")


def check_fields(text: str) -> None:
    """Raise UsageError for a field that doesn't exist, an argument it doesn't take, a brace too many."""
    check_braces(text, "tag template", hint="a field looks like {sha:7}; a tag itself has no braces")
    for match in FIELD.finditer(text):
        _check_field(text, match["name"], match["argument"])


def check_braces(text: str, kind: str, *, hint: str) -> None:
    """Raise UsageError for a brace that is no field's; `kind`: what the text is."""
    literal = FIELD.sub("", text)
    if "{" in literal or "}" in literal:
        message = f"{kind} {text[:140]!r}: a brace without its counterpart"
        raise UsageError(message, hint=hint)


def timezone(name: str) -> tzinfo:
    """A time zone by its name; raises UsageError for one nobody knows."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        message = f"no time zone {name[:60]!r} is known: {type(error).__name__}"
        raise UsageError(message, hint="write a name of the IANA database, such as Europe/Berlin, or UTC") from None


def fields(template: str) -> dict[str, str]:
    """The fields of a template with what stands after the colon, empty where nothing does."""
    return {match["name"]: match["argument"] or "" for match in FIELD.finditer(template)}


def highest_group(template: str) -> int | None:
    """The highest group of a `match` that a template asks for, 0 for `{match}`; None where it asks for none."""
    asked = [int(name.partition(".")[2] or 0) for name in fields(template) if _is_match(name)]
    return max(asked, default=None)


def names_version(template: str) -> bool:
    """True where the template says which version an image is: the version, the git tag, or a part of them."""
    return any(name in _VERSIONS or name == "tag" or _is_match(name) for name in fields(template))


def is_fixing(template: str) -> bool:
    """True where every tag of the template is one revision's alone: it has the commit, a whole version or a time.

    The three numbers of a version are not: the post-release 1.2.3.post1 has those of 1.2.3.
    """
    named = fields(template)
    timed = any(_is_time(named[name]) for name in DATES if name in named)
    return timed or not named.keys().isdisjoint(("sha", "version", "tag"))


def filled(template: str, value: Callable[[str, str], str]) -> str:
    """The template with each field's `value(name, argument)` in its place; no tag yet."""
    return FIELD.sub(lambda match: value(match["name"], match["argument"] or ""), template)


def dated(moment: datetime, zone: tzinfo, date_format: str) -> str:
    """A moment in a time zone; `%-m` is a month without a leading zero, `%s` the seconds since 1970 (UTC).

    Raises OverflowError or ValueError for a moment that this zone's calendar doesn't have.
    """
    local = moment.astimezone(zone)

    def told(match: re.Match[str]) -> str:
        if match["letter"] == "s":
            return str(int(moment.timestamp()))
        text = local.strftime(f"%{match['letter']}")
        return (text.lstrip("0") or "0") if match["bare"] else text

    return DIRECTIVE.sub(told, date_format)


def sanitised(text: str) -> str:
    """Text as a tag: what no tag holds becomes `-`, no leading `.` or `-`, 128 characters at most; maybe empty.

    The replacement is docker/metadata-action's, so that teams coming from it keep their tags.
    """
    return replaced(text).lstrip(".-")[:LONGEST]


def replaced(text: str) -> str:
    """Text with `-` for whatever no tag holds."""
    return _INVALID.sub("-", text)


def _is_match(name: str) -> bool:
    return name == "match" or name.startswith("match.")


def _is_time(date_format: str) -> bool:
    letters = {match["letter"] for match in DIRECTIVE.finditer(date_format)}
    return "s" in letters or {"H", "M"} <= letters


def _check_field(template: str, name: str, argument: str | None) -> None:
    where = f"tag template {template[:140]!r}"
    if name not in _FIELDS and not _GROUP.fullmatch(name):
        message = f"{where}: there is no field {{{name[:40]}}}"
        raise UsageError(message, hint=f"the fields are {', '.join(f'{{{known}}}' for known in _FIELDS)}")
    if argument is None:
        return
    if name in _NO_ARGUMENT or _GROUP.fullmatch(name):
        message = f"{where}: {{{name}}} takes nothing after a colon"
        raise UsageError(message)
    if name == "sha" and not (re.fullmatch(r"[0-9]{1,2}", argument) and 4 <= int(argument) <= 64):
        message = f"{where}: {{sha:{argument[:40]}}} wants a length from 4 to 64"
        raise UsageError(message, hint="write {sha:7}")
    if name in DATES and not _DATE_FORMAT.fullmatch(argument):
        message = f"{where}: {argument[:60]!r} is no date format"
        raise UsageError(message, hint="strftime's directives are understood: %Y%m%d%H%M%S")
