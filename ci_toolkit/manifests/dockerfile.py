"""Dockerfiles and Containerfiles: the images that stages start from, copy from and mount, and the syntax directive's.

Sources: Docker, "Dockerfile reference"; BuildKit, `frontend/dockerfile/instructions` (a stage's name in any case,
known to a FROM below it; variables in FROM alone; no `ADD --from`).
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.errors import IntegrityError
from ci_toolkit.manifests.base import FormatDescription, ImageSpan, Part, UnreadableError
from ci_toolkit.manifests.scalars import no_reference
from ci_toolkit.manifests.spans import Lines
from ci_toolkit.manifests.verify import HINT
from ci_toolkit.model.dockerfile import Directive, Instruction, Word, instructions, read, stage_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ci_toolkit.manifests.base import Edit

_NAME = re.compile(r"(?:[Dd]ockerfile|[Cc]ontainerfile)(?:[._-].*)?|.+\.(?:[Dd]ockerfile|[Cc]ontainerfile)")
MOST_LINES = 20_000
LONGEST_LINE = 65_535
"""As BuildKit's parser has it, in bytes."""
_IGNORED = (".dockerignore", ".containerignore")
_VARIABLE = re.compile(r"\$(?:(?P<bare>\w+)|\{(?P<name>\w+)(?::?-(?P<default>[^${}]*))?\})")
_ANY_VARIABLE = re.compile(r"\$\{?(\w+)")
_FIELD = re.compile(r"[^,]+")

DESCRIPTION = FormatDescription(
    name="Dockerfile",
    files="`Dockerfile`, `Dockerfile.*`, `*.Dockerfile`, `Containerfile`, `Containerfile.*`",
    places=(
        "`FROM`, `COPY --from`, `RUN --mount=from=`, not where they name a stage",
        "the default of an `ARG` that a `FROM` uses as its whole reference: `FROM $BASE`, `FROM ${BASE:-…}`",
        "`# syntax=`",
    ),
    writes="a whole reference; no comment can stand behind it, so `digest-and-comment` writes tag and digest",
)


class DockerfileFormat:
    """What BuildKit and Buildah build from. The name of a build context can't be told from an image's."""

    name: ClassVar[str] = "dockerfile"

    def takes(self, name: str, text: str) -> bool:  # noqa: ARG002
        """By its name."""
        last = PurePosixPath(name).name
        return _NAME.fullmatch(last) is not None and not last.endswith(_IGNORED)

    def find(self, text: str) -> Iterator[ImageSpan]:
        """Every image in the text's order; raises UnreadableError for more than any builder reads."""
        _check_size(text)
        finder = _Finder(text)
        for each in read(text):
            yield from finder.in_directive(each) if isinstance(each, Directive) else finder.in_instruction(each)

    def verify(self, before: str, after: str, edits: Sequence[Edit]) -> None:
        """Raise IntegrityError unless both texts say the same, instruction by instruction, but for the edits."""
        waiting = sorted(edits, key=lambda edit: edit.part.start, reverse=True)
        expected = [_said(each, waiting) for each in read(before)]
        if waiting or expected != [_said(each, []) for each in read(after)]:
            message = "an edit would have changed more than the image: the Dockerfile would say something else"
            raise IntegrityError(message, hint=HINT)


def _check_size(text: str) -> None:
    lines = text.split("\n")
    if len(lines) > MOST_LINES:
        raise UnreadableError(MOST_LINES + 1, 1, f"more than {MOST_LINES:,} lines")
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST_LINE:
            raise UnreadableError(number, LONGEST_LINE + 1, f"a line of more than {LONGEST_LINE:,} characters")


def _said(each: Directive | Instruction, waiting: list[Edit]) -> tuple[object, ...]:
    """What a directive or an instruction says once the edits in it are made, which leave `waiting`, last first."""
    if isinstance(each, Directive):
        text, start, end = each.value, each.start, each.start + len(each.value)
    else:
        text, start, end = each.text, each.pieces[0][1], each.in_file(len(each.text))
    pieces: list[str] = []
    done = 0
    while waiting and start <= waiting[-1].part.start < end:
        edit = waiting.pop()
        at = edit.part.start - start if isinstance(each, Directive) else each.in_text(edit.part.start)
        pieces += (text[done:at], edit.new)
        done = at + len(edit.part.value)
    pieces.append(text[done:])
    whole = "".join(pieces)
    return (each.name, whole) if isinstance(each, Directive) else (each.line, whole, each.heredocs)


class _Finder:
    """Finds the images of one file, which knows its stages and what its FROMs use variables for."""

    def __init__(self, text: str) -> None:
        self._lines = Lines(text)
        said = list(instructions(text))
        stages = {each: stage for each in said if (stage := stage_of(each)) is not None}
        self._first = min((each.line for each in stages), default=0)
        """The line of the first FROM: variables for the others are declared above it."""
        self._stages = {stage.name for stage in stages.values()} - {""}
        self._passed: set[str] = set()
        """The stages above."""
        self._wholes: dict[str, set[str]] = {}
        """By each variable that some FROM uses as its whole reference: the stages above the last of them."""
        self._parts: dict[str, int] = {}
        """By each variable that is used as a part of something: the line."""
        above: set[str] = set()
        for instruction, stage in stages.items():
            variable = _VARIABLE.fullmatch(stage.image.text.strip("\"'"))
            if variable:
                self._wholes[variable["bare"] or variable["name"]] = set(above)
            else:
                self._use(stage.image, instruction)
            above.add(stage.name)
        arguments = [(each, *argument) for each in said if self._is_global(each) for argument in _arguments(each)]
        for instruction, _, value in arguments:
            self._use(value, instruction)
        self._defaults = {name for _, name, _ in arguments}

    def _is_global(self, instruction: Instruction) -> bool:
        return instruction.line < self._first

    def _use(self, word: Word, instruction: Instruction) -> None:
        self._parts.update(dict.fromkeys(_ANY_VARIABLE.findall(word.text), instruction.line))

    def in_directive(self, directive: Directive) -> Iterator[ImageSpan]:
        """The image of `# syntax=`, which ends at the first blank."""
        if directive.name == "syntax":
            value = directive.value.split(" ")[0]
            yield self._span(value, directive.start, "syntax", no_reference(value))

    def in_instruction(self, instruction: Instruction) -> Iterator[ImageSpan]:
        """The images of one instruction."""
        stage = stage_of(instruction)
        if stage is not None:
            yield from self._in_from(instruction, stage.image)
            self._passed.add(stage.name)
        elif self._is_global(instruction):
            for name, word in _arguments(instruction):
                if name in self._wholes:
                    yield self._in_word(instruction, word, f"ARG {name}", self._wholes[name], name)
        else:
            for path, word in _sources(instruction):
                yield self._in_word(instruction, word, path, self._stages)

    def _in_from(self, instruction: Instruction, word: Word) -> Iterator[ImageSpan]:
        bare = word.bare()
        variable = _VARIABLE.fullmatch(bare.text) if bare else None
        if bare and variable and variable["default"]:
            default = Word(variable["default"], bare.start + variable.start("default"))
            yield self._in_word(instruction, default, "FROM", self._passed)
        elif variable is None or (variable["bare"] or variable["name"]) not in self._defaults:
            yield self._in_word(instruction, word, "FROM", self._passed)

    def _in_word(
        self, instruction: Instruction, word: Word, path: str, stages: Collection[str], variable: str = ""
    ) -> ImageSpan:
        bare = word.bare()
        value, offset = bare or word
        start = instruction.in_file(offset)
        if bare is None:
            skipped = "it is written with quotes or escapes inside: write it plainly"
        elif value.lower() in stages or value.isdecimal():
            skipped = "it is a stage of this file"
        elif value.lower() == "scratch":
            skipped = "it is the empty image"
        elif value and instruction.in_file(offset + len(value) - 1) != start + len(value) - 1:
            skipped = "it is spread over several lines"
        else:
            skipped = no_reference(value)
        return self._span(value, start, path, skipped, self._refusal(variable))

    def _refusal(self, variable: str) -> str:
        line = self._parts.get(variable)
        return (
            f"${variable} is a part of something else in line {line}: give that a variable of its own" if line else ""
        )

    def _span(self, value: str, start: int, path: str, skipped: str, refused: str = "") -> ImageSpan:
        part = Part(holds="reference", start=start, end=start + len(value), value=value)
        place = self._lines.place(start, 0, path)
        return ImageSpan(value=value, parts=(part,), place=place, skipped=skipped, refused=refused)


def _arguments(instruction: Instruction) -> Iterator[tuple[str, Word]]:
    """Names and defaults that an ARG declares."""
    keyword, words = instruction.words()
    for word in words if keyword == "ARG" else ():
        name, equals, value = word.text.partition("=")
        if equals and value:
            yield name, word.behind(f"{name}=")


def _sources(instruction: Instruction) -> Iterator[tuple[str, Word]]:
    """What `COPY --from` and `RUN --mount=from=` name: flags come first, a mount's fields are separated by commas."""
    keyword, words = instruction.words()
    for word in words:
        if not word.text.startswith("--"):
            return
        if keyword == "COPY" and word.text.startswith("--from="):
            yield "COPY --from", word.behind("--from=")
        elif keyword == "RUN" and word.text.startswith("--mount="):
            fields = word.behind("--mount=")
            for field in _FIELD.finditer(fields.text):
                if field[0].lower().startswith("from="):
                    found = Word(field[0], fields.start + field.start())
                    yield "RUN --mount", found.behind(found.text[: len("from=")])
