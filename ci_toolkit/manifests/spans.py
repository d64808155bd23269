"""From what a walk found in a YAML document to spans of its text: what every format that is YAML shares."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import replace
from typing import TYPE_CHECKING

from ci_toolkit.manifests.base import ImageSpan, Part, Place
from ci_toolkit.manifests.scalars import locate
from ci_toolkit.manifests.sharing import others
from ci_toolkit.manifests.tree import Mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.manifests.base import Holds
    from ci_toolkit.manifests.scalars import Located
    from ci_toolkit.manifests.tree import Alias, Document, Node, Scalar
    from ci_toolkit.manifests.walk import Found, Step, Walk

_REST = re.compile(r"[ \t]*(?P<comment>#[ \t]*(?:tag=(?P<tag>[\w.-]+))?)?[^\r\n]*")
_FLUX = '"$imagepolicy"'
"""In a comment that has to stay as it is: Flux takes the whole of it for JSON, or for nothing to do with Flux."""
_NO_INDENT = re.compile("[\r\x85\u2028\u2029]|\\?[ \t]*\\Z")
"""Before a key: what ends a line for libyaml alone, and `? `, behind which a key stands deeper than its mapping."""
_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=\r?\n|\Z)")


class Lines:
    """Lines as editors and grep count them: libyaml ends some at characters where they don't."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends: list[int] | None = None

    def place(self, index: int, document: int, path: str) -> Place:
        """The place of a character."""
        if self._ends is None:
            self._ends = [end.start() for end in re.finditer("\n", self._text)]
        line = bisect_left(self._ends, index)
        start = self._ends[line - 1] + 1 if line else 0
        return Place(line + 1, index - start + 1, document, path)


class Source:
    """One document of a YAML text, and the walk through its file."""

    def __init__(self, text: str, lines: Lines, walk: Walk, document: Document) -> None:
        self.text = text
        self.walk = walk
        self.document = document
        self._lines = lines

    def place(self, index: int, path: str) -> Place:
        """The place of a character of this document."""
        return self._lines.place(index, self.document.index, path)

    def references(self, images: Sequence[Found]) -> list[ImageSpan]:
        """One span for each whole reference, in the text's order; what several share is looked at once."""
        by_scalar: dict[Scalar, list[Found]] = {}
        for image in images:
            by_scalar.setdefault(image.scalar, []).append(image)
        found = [span for scalar, users in by_scalar.items() for span in self._of_one(scalar, users)]
        return in_order(found)

    def part(self, found: Found, holds: Holds) -> Part | None:
        """What a scalar holds, empty or not; None where it is spread over lines, tagged, or a template.

        An empty one without quotes (`digest:`) is a place to put something.
        """
        scalar = found.scalar
        if not scalar.value.strip():
            return self._empty(scalar, holds)
        located = locate(self.text, scalar)
        if located is None or located.skipped:
            return None
        part = _part(located, scalar, holds)
        is_json = part.plain and isinstance(scalar.parent, Mapping) and self._quote(scalar.parent)
        return replace(part, template='"{}"', plain=False) if is_json else part

    def shared(self, found: Sequence[Found | Step]) -> tuple[Place, ...]:
        """The places that share these nodes by aliases, but for the ways that the walk came."""
        by_node: dict[Node, list[tuple[Alias, ...]]] = {}
        for node, route, _ in found:
            by_node.setdefault(node, []).append(route)
        return tuple(
            self.place(other.start, _path(other))
            for node, routes in by_node.items()
            for other in others(self.document, node, routes)
        )

    def addition(self, mapping: Mapping, beside: Scalar, key: str, holds: Holds) -> Part | None:
        """Where a key can be put into a mapping, right behind the value `beside`; None where there is no good place.

        In a block mapping it gets a line of its own, as deep as the others; in a flow mapping it follows by a comma.
        No good places: a pair in a list without braces (`[name: app]`), and beside a key that begins with `?`.
        """
        first = mapping.entries[0][0].start
        if mapping.flow:
            if self.text[mapping.end - 1] != "}":
                return None
            quote = self._quote(mapping)
            template = f", {quote}{key}{quote}: {quote}{{}}{quote}"
            return Part(holds=holds, start=beside.end, end=beside.end, template=template, adds=key)
        before = self._line_until(first)
        rest = _LINE.match(self.text, beside.end)
        if beside.style in ("|", ">") or rest is None or _NO_INDENT.search(before):
            return None
        end = "\r\n" if self.text[rest.end() :].startswith("\r\n") else "\n"
        template = f"{end}{' ' * len(before)}{key}: {{}}"
        return Part(holds=holds, start=rest.end(), end=rest.end(), template=template, adds=key)

    def _quote(self, mapping: Mapping) -> str:
        """The quote in which a mapping has keys and values: that of JSON, or none."""
        return '"' if mapping.flow and self.text[mapping.entries[0][0].start] == '"' else ""

    def _line_until(self, index: int) -> str:
        return self.text[self.text.rfind("\n", 0, index) + 1 : index]

    def _of_one(self, scalar: Scalar, users: Sequence[Found]) -> Iterator[ImageSpan]:
        located = locate(self.text, scalar)
        if located is None:
            return
        shared = self.shared(users)
        comment = self._comment(scalar)
        reference = _part(located, scalar, "reference")
        for user in users:
            used_at = user.route[-1].start if user.route else located.start
            yield ImageSpan(
                value=located.value,
                parts=(reference, comment) if comment else (reference,),
                place=self.place(used_at, user.path),
                skipped=located.skipped,
                shared=shared,
            )

    def _comment(self, scalar: Scalar) -> Part | None:
        """Where a comment behind a value says its tag, or could: nowhere behind more of the line's text."""
        if scalar.style in ("|", ">") or not _LINE.match(self.text, scalar.end):
            return None
        rest = _REST.match(self.text, scalar.end)
        if rest is None or not rest["comment"]:
            return Part(holds="comment", start=scalar.end, end=scalar.end, template="  # tag={}")
        if rest["tag"]:
            return Part(holds="comment", start=rest.start("tag"), end=rest.end("tag"), value=rest["tag"])
        if _FLUX in rest[0]:
            return None
        start = rest.start("comment")
        return Part(holds="comment", start=start, end=start, template="# tag={} ")

    def _empty(self, scalar: Scalar, holds: Holds) -> Part | None:
        if scalar.tag is not None or scalar.style in ("|", ">"):
            return None
        if not scalar.style and not self._line_until(scalar.start).rstrip().endswith((":", "-")):
            return None
        if scalar.style:
            inside = scalar.end - 1
            return Part(holds=holds, start=inside, end=inside)
        blank = self.text[scalar.end - 1] in (" ", "\t")
        return Part(holds=holds, start=scalar.end, end=scalar.end, plain=True, template="{}" if blank else " {}")


def in_order(spans: Sequence[ImageSpan]) -> list[ImageSpan]:
    """Spans as they stand in the text."""
    return sorted(spans, key=lambda span: (span.place.line, span.place.column))


def _part(located: Located, scalar: Scalar, holds: Holds) -> Part:
    plain = not scalar.style and located.value == scalar.value
    return Part(holds=holds, start=located.start, end=located.end, value=located.value, plain=plain)


def _path(node: Node) -> str:
    """The keys above a node that no walk came to."""
    parts: list[str] = []
    above: Node | None = node
    while above is not None:
        if above.key:
            parts.append(above.key)
        above = above.parent
    return ".".join(reversed(parts))
