"""The `format` keywords of the config's schema: one check a format, each raising UsageError with its reason."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ci_toolkit.config.paths import check_inside, check_pattern, check_relative, check_secret
from ci_toolkit.config.violations import listed
from ci_toolkit.errors import UsageError
from ci_toolkit.model.commit_message import check_message
from ci_toolkit.model.field_path import parse_field_path
from ci_toolkit.model.namespace import Namespace
from ci_toolkit.model.reference import LayoutRepository, Reference, Repository, parse_destination
from ci_toolkit.model.suggestion import nearest
from ci_toolkit.model.tags_immutable import check_immutable
from ci_toolkit.model.tags_template import check_fields, check_template, highest_group, timezone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ci_toolkit.model.reference import Destination

_DURATION = re.compile(r"(?:([0-9]{1,9})d)?(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?")
_LONGEST = timedelta(days=366)
_LONGEST_HOST = 253 + len(":65535")
"""RFC 1035, 2.3.4, and a port."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SYSTEMS = ("linux", "windows", "freebsd")
_ARCHITECTURES = (
    "amd64", "arm64", "arm", "386", "riscv64", "ppc64le", "s390x", "loong64", "mips64le", "mips64", "mipsle", "mips",
)  # fmt: skip
_ALSO_CALLED = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "i386": "386", "x86": "386"}
_VARIANT = re.compile(r"v[0-9]{1,2}(?:\.[0-9]{1,2})?")
_FIELD = re.compile(r"\{([^{}]*)\}")
_NO_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{")
_GIT_URL = re.compile(
    r"(?:https?|ssh)://(?:(?P<user>[^\s@/]*)@)?(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?/[^\s?#]+"
)
_GIT_SCP = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]*@)?[A-Za-z0-9][A-Za-z0-9.-]+:(?!:)[^\s-][^\s]*")
_GIT_FILE = re.compile(r"(?:file://)?/[^\s]+")
_STAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def duration(text: str) -> timedelta:
    """`90s`, `15m`, `48h`, `7d`, `1h30m`; raises UsageError for anything else, for none and for over 366 days."""
    match = _DURATION.fullmatch(text)
    if match is None or not text:
        message = f"{text[:40]!r} is no duration"
        raise UsageError(message, hint="write whole numbers with their units, such as 90s, 15m, 48h, 7d or 1h30m")
    days, hours, minutes, seconds = (int(number or 0) for number in match.groups())
    length = timedelta(days=min(days, 999_999), hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta() < length <= _LONGEST:
        message = f"{text!r} is no useful duration"
        raise UsageError(message, hint="it must be more than nothing and at most 366d")
    return length


def day(text: str) -> date:
    """`2027-03-31`; raises UsageError for anything else."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    message = f"{text[:40]!r} is no date"
    raise UsageError(message, hint="write a day of the calendar as YYYY-MM-DD")


def platform(text: str) -> str:
    """The platform as BuildKit and registries write it (`arm64/v8` is `arm64`); raises UsageError."""
    system, _, rest = text.partition("/")
    architecture, slash, variant = rest.partition("/")
    if system not in _SYSTEMS or architecture not in _ARCHITECTURES or (slash and not _VARIANT.fullmatch(variant)):
        message = f"{text[:60]!r} is no platform"
        raise UsageError(message, hint=_platform_hint(system, architecture))
    return f"{system}/{architecture}" if (architecture, variant) == ("arm64", "v8") else text


def registry_host(text: str) -> str:
    """The host as references to it say it; raises UsageError for anything but HOST or HOST:PORT."""
    try:
        if len(text) <= _LONGEST_HOST and "/" not in text and "@" not in text:
            host = Repository.parse(f"{text}/name/name").registry
            # A word without dot and port would be a user's name on Docker Hub, which no key of `registries` means.
            if host == text.lower() or "." in text:
                return host
    except UsageError:
        pass
    message = f"{text[:100]!r} is no registry host"
    raise UsageError(message, hint="write HOST or HOST:PORT alone, such as ghcr.io or localhost:5000")


def repository(text: str) -> Destination:
    """HOST/NAME, or `oci:DIRECTORY` inside; raises UsageError."""
    destination = parse_destination(text)
    if isinstance(destination, LayoutRepository):
        check_inside(destination.directory)
    return destination


def remote_repository(text: str) -> Repository:
    """HOST/NAME; raises UsageError, for a registry on disk too."""
    destination = parse_destination(text)
    if isinstance(destination, LayoutRepository):
        message = f"{text[:100]!r} is a registry on disk"
        raise UsageError(message, hint="images go from registry to registry here: write HOST/NAME")
    return destination


def cache_reference(text: str) -> None:
    """Raise UsageError for what is no reference, `{repository}` standing for a repository."""
    Reference.parse(text.replace("{repository}", "example.com/name"))


def cache_path(text: str) -> None:
    """Raise UsageError for what is no path inside, `{image}` standing for a name."""
    _check_fields(text, ("image",))
    check_inside(text)


def category(text: str) -> None:
    """Raise UsageError for a template with fields nobody knows."""
    if not text.strip() or any(not c.isprintable() for c in text):
        message = f"{text[:60]!r} is no category"
        raise UsageError(message, hint="a category is one line of printable characters, such as container/{image}")
    _check_fields(text, ("image", "platform"))


def tag_part(text: str) -> None:
    """Raise UsageError for what can't stand before or after every tag of an image."""
    check_fields(text)
    if highest_group(text) is not None:
        message = f"{text[:100]!r}: {{match}} has a meaning in the rule alone that has the pattern"
        raise UsageError(message, hint="write it into that rule's `tag`")


def tag_pattern(text: str) -> None:
    """Raise UsageError for a regular expression that is wrong or could take too long."""
    from ci_toolkit.model.linear_pattern import LinearPattern

    LinearPattern(text)


def git_branch(text: str) -> None:
    """Raise UsageError for what git takes for no branch's name, or a command for a flag (git check-ref-format)."""
    parts = text.split("/")
    wrong = _NO_BRANCH.search(text) or any(not p or p.startswith(".") or p.endswith(".lock") for p in parts)
    if wrong or text.startswith(("-", "refs/")) or text.endswith(".") or text in ("@", "HEAD"):
        message = f"{text[:100]!r} is no branch"
        raise UsageError(message, hint="write the branch's name alone, such as main or deploy/production")


def git_repository(text: str) -> None:
    """Raise UsageError for what is no address of a repository, for one with a password, and for a command."""
    address = _GIT_URL.fullmatch(text)
    if address and ":" in (address["user"] or ""):
        message = "the address of a repository holds a password"
        raise UsageError(message, hint="leave it out, and give the password as `commit.token: ${VAR}`")
    if not (address or _GIT_FILE.fullmatch(text) or (_GIT_SCP.fullmatch(text) and "://" not in text)):
        message = f"{text[:100]!r} is no repository's address"
        raise UsageError(message, hint="write https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH")


def build_context(text: str) -> None:
    """Raise UsageError for what is neither a directory inside nor a kind of context that BuildKit knows."""
    scheme, separator, rest = text.partition("://")
    if scheme == "docker-image" and separator:
        Reference.parse(rest)
    elif scheme == "oci-layout" and separator:
        check_inside(rest.partition("@")[0])
    elif scheme == "https" and separator:
        _check_url(text, rest)
    elif separator or (text.startswith("target:") and not _STAGE.fullmatch(text.removeprefix("target:"))):
        message = f"{text[:100]!r} is no build context"
        raise UsageError(message, hint="write a directory, docker-image://, oci-layout://, target:NAME or https://")
    elif not text.startswith("target:"):
        check_inside(text)


def _check_url(text: str, rest: str) -> None:
    if not rest or "@" in rest.partition("/")[0] or any(c.isspace() or not c.isprintable() for c in text):
        message = "the address of the build context can't be used"
        raise UsageError(message, hint="write https://HOST/PATH without credentials and blanks")


def _check_fields(text: str, known: tuple[str, ...]) -> None:
    unknown = [name for name in _FIELD.findall(text) if name not in known]
    if unknown or _FIELD.sub("", text).strip("{}") != _FIELD.sub("", text):
        message = f"{text[:100]!r} has a field that is not known here"
        raise UsageError(message, hint=f"known is {listed([f'{{{name}}}' for name in known], 'and')}")


def _platform_hint(system: str, architecture: str) -> str:
    right_system = system if system in _SYSTEMS else nearest(system, _SYSTEMS)
    right = _ALSO_CALLED.get(architecture.lower()) or nearest(architecture, _ARCHITECTURES)
    alone = _ALSO_CALLED.get(system, system)
    if not architecture and alone in _ARCHITECTURES:
        return f"did you mean linux/{alone}?"
    if right_system and right:
        return f"did you mean {right_system}/{right}?"
    return "write OS/ARCHITECTURE, such as linux/amd64, linux/arm64 or linux/arm/v7"


def server_address(text: str) -> str:
    """`https://HOST` or `http://HOST`, with port and path; raises UsageError for anything else."""
    try:
        parts = urlsplit(text)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine or "@" in text or "?" in text or "#" in text or not text.isascii() or not text.isprintable():
        message = f"{text[:100]!r} is no server's address"
        raise UsageError(message, hint="write https://HOST or https://HOST:PORT, without user and query")
    return text.rstrip("/")


CHECKS: Mapping[str, Callable[[str], object]] = {
    "build-context": build_context,
    "cache-path": cache_path,
    "cache-reference": cache_reference,
    "category-template": category,
    "commit-message": check_message,
    "date": day,
    "duration": duration,
    "field-path": parse_field_path,
    "file-pattern": check_pattern,
    "git-branch": git_branch,
    "git-repository": git_repository,
    "image-namespace": Namespace.parse,
    "image-reference": Reference.parse,
    "image-repository": repository,
    "immutable-tag": check_immutable,
    "path-inside": check_inside,
    "platform": platform,
    "registry-host": registry_host,
    "relative-path": check_relative,
    "remote-repository": remote_repository,
    "secret-path": check_secret,
    "server-address": server_address,
    "tag-part": tag_part,
    "tag-pattern": tag_pattern,
    "tag-template": check_template,
    "time-zone": timezone,
}
