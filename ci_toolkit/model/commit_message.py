"""What a commit of pinned manifests says: a template's subject, what was pinned, trailers for machines. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.errors import UsageError
from ci_toolkit.model.tags_template import FIELD, check_braces
from ci_toolkit.model.text import neutralise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.model.context import CiContext

FIELDS = ("image", "images", "digest", "version", "environment", "sha", "branch")
_WITH_LENGTH = ("digest", "sha")
_WITH_BLANK = re.compile(rf" ?{FIELD.pattern}")
_MOST_NAMES = 5
_SKIP = "[skip ci]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """One image that the commit brings."""

    name: str
    reference: str
    """As the manifests have it, with the digest."""
    version: str | None = None

    @property
    def digest(self) -> str:
        """`sha256:…`."""
        return self.reference.rpartition("@")[2]


def check_message(template: str) -> None:
    """Raise UsageError for a template with a field that doesn't exist, or without a subject."""
    check_braces(template, "commit message", hint="a field looks like {digest:12}")
    for match in FIELD.finditer(template):
        _check_field(match["name"], match["argument"])
    if not template.partition("\n")[0].strip():
        message = "a commit message starts with its subject"
        raise UsageError(message, hint="write one line, such as `deploy: {images}`, and more after an empty one")


def commit_message(
    template: str,
    delivered: Sequence[Delivered],
    context: CiContext,
    *,
    environment: str | None = None,
    skip_ci: bool = False,
    target: str | None = None,
) -> str:
    """The whole message. A template of one line gets the images as its body. `target`: the branch it is requested for.

    A field nobody knows is left out with the blank before it, so that one template serves runs and promotions.
    """
    values = _values(delivered, context, environment)

    def told(match: re.Match[str]) -> str:
        value, length = values[match["name"]], match["argument"]
        if length and not value.startswith("<"):  # a plan's digest isn't known yet
            value = value.removeprefix("sha256:")[: int(length)]
        return (" " if match[0].startswith(" ") and value else "") + value

    subject, _, body = "\n".join(_WITH_BLANK.sub(told, line) for line in template.splitlines()).partition("\n")
    subject = " ".join(subject.split()) + (f" {_SKIP}" if skip_ci else "")
    body = body.strip("\n") or "\n".join(f"{image.name} → {_line(image.reference)}" for image in delivered)
    trailers = [f"Image-Digest: {image.name}@{image.digest}" for image in delivered]
    trailers += [f"Environment: {environment}"] if environment else []
    trailers += [f"Target-Branch: {_line(target)}"] if target else []
    trailers += [f"Run-URL: {_line(context.run_url)}"] if context.run_url else []
    return "\n\n".join(part for part in (subject, body, "\n".join(trailers)) if part) + "\n"


def _values(delivered: Sequence[Delivered], context: CiContext, environment: str | None) -> dict[str, str]:
    first = delivered[0]
    names = [image.name for image in delivered]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    known = {
        "image": first.name,
        "images": ", ".join(names[:_MOST_NAMES]) + more,
        "digest": first.digest,
        "version": first.version,
        "environment": environment,
        "sha": context.revision,
        "branch": context.branch,
    }
    return {name: _line(value or "") for name, value in known.items()}


def _line(text: str) -> str:
    """Text from outside on one line: it can start no trailer and no body."""
    return " ".join(neutralise(text.replace("\n", " ")).split())


def _check_field(name: str, argument: str | None) -> None:
    if name not in FIELDS:
        message = f"a commit message has no field {{{name[:40]}}}"
        raise UsageError(message, hint=f"the fields are {', '.join(f'{{{known}}}' for known in FIELDS)}")
    if argument is None:
        return
    if name not in _WITH_LENGTH or not re.fullmatch(r"[0-9]{1,2}", argument) or not 4 <= int(argument) <= 64:
        message = f"commit message: {{{name}:{argument[:40]}}} can't be filled in"
        raise UsageError(message, hint="only digest and sha take a length, from 4 to 64: {digest:12}")
