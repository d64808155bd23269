"""Dockerfiles as BuildKit reads them: directives, and instructions that know where each of their characters stands.

Source: BuildKit, `frontend/dockerfile/parser` (parser.go, directives.go, line_parsers.go).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIRECTIVE = re.compile(r"[ \t]*#[ \t]*(?P<name>syntax|escape|check)[ \t]*=[ \t]*(?=\S)", re.IGNORECASE)
_COMMENT = re.compile(r"\s*#")
_HEREDOC = re.compile(r"\d*<<(?P<chomp>-?)(?P<name>[^<]+)")
_TAKES_HEREDOC = ("RUN", "COPY", "ADD")
_WORDS = {
    "\\": re.compile(r"""(?:"(?:\\.|[^"\\])*"?|'[^']*'?|\\.?|[^\s"'\\])+""", re.DOTALL),
    "`": re.compile(r"""(?:"(?:`.|[^"`])*"?|'[^']*'?|`.?|[^\s"'`])+""", re.DOTALL),
}
_CONTINUED = {
    escape: re.compile(rf"(?:^|[^{re.escape(escape)}])({re.escape(escape)}[ \t]*)$") for escape in ("\\", "`")
}


class Word(NamedTuple):
    """A word of an instruction, quotes included; `start` counts characters of the instruction's text."""

    text: str
    start: int

    def bare(self) -> Word | None:
        """Without the quotes around it; None where a quote or an escape stands inside."""
        text, start = self
        if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
            text, start = text[1:-1], start + 1
        return None if any(mark in text for mark in "\"'\\`") else Word(text, start)

    def behind(self, prefix: str) -> Word:
        """What follows a prefix."""
        return Word(self.text[len(prefix) :], self.start + len(prefix))


@dataclass(frozen=True, slots=True)
class Directive:
    """A line such as `# syntax=docker/dockerfile:1` above everything else; `start` counts characters of the file."""

    name: str
    value: str
    start: int


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction on one line, its comments left out."""

    line: int
    """Where it starts, from 1."""
    text: str
    pieces: tuple[tuple[int, int], ...]
    """For each line: where it starts in `text`, and in the file."""
    escape: str
    heredocs: tuple[str, ...]
    """What stands in its here-documents."""

    def words(self) -> tuple[str, list[Word]]:
        """The keyword in upper case, that behind an `ONBUILD`, and the words that follow it."""
        return _split(self.text, self.escape)

    def in_file(self, offset: int) -> int:
        """Where a character of `text` stands in the file."""
        start, index = self.pieces[bisect_right(self.pieces, offset, key=_offset) - 1]
        return index + offset - start

    def in_text(self, index: int) -> int:
        """Where a character of the file stands in `text`."""
        offset, start = self.pieces[bisect_right(self.pieces, index, key=_index) - 1]
        return offset + index - start


def _offset(piece: tuple[int, int]) -> int:
    return piece[0]


def _index(piece: tuple[int, int]) -> int:
    return piece[1]


class Stage(NamedTuple):
    """What a FROM says: the word for its image, and the stage's name in lower case, if it has one."""

    image: Word
    name: str


def stage_of(instruction: Instruction) -> Stage | None:
    """The stage that an instruction starts, if it is a FROM."""
    keyword, words = instruction.words()
    words = [word for word in words if not word.text.startswith("--")]
    if keyword != "FROM" or not words:
        return None
    is_named = len(words) > 2 and words[1].text.upper() == "AS"
    return Stage(words[0], words[2].text.lower() if is_named else "")


class _Line(NamedTuple):
    number: int
    text: str
    start: int


def read(text: str) -> Iterator[Directive | Instruction]:
    """Everything that a Dockerfile without byte order mark says, in its order."""
    lines = _lines(text)
    escape = "\\"
    directing = True
    for line in lines:
        directive = _DIRECTIVE.match(line.text) if directing else None
        directing = directive is not None or (line.number == 1 and line.text.startswith("#!"))
        if directive is not None:
            name, value = directive["name"].lower(), line.text[directive.end() :].rstrip()
            if name == "escape" and value in _WORDS:
                escape = value
            yield Directive(name, value, line.start + directive.end())
        elif _says_something(line):
            yield _instruction(line, lines, escape)


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    for number, line in enumerate(text.split("\n"), start=1):
        yield _Line(number, line.rstrip("\r"), start)
        start += len(line) + 1


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions alone."""
    return (each for each in read(text) if isinstance(each, Instruction))


def _split(text: str, escape: str) -> tuple[str, list[Word]]:
    words = [Word(match[0], match.start()) for match in _WORDS[escape].finditer(text)]
    if words and words[0].text.upper() == "ONBUILD":
        words = words[1:]
    return (words[0].text.upper(), words[1:]) if words else ("", [])


def _says_something(line: _Line) -> bool:
    return bool(line.text.strip()) and not _COMMENT.match(line.text)


def _instruction(first: _Line, lines: Iterator[_Line], escape: str) -> Instruction:
    texts: list[str] = []
    pieces: list[tuple[int, int]] = []
    length = 0
    line: _Line | None = first
    while line is not None:
        continued = _CONTINUED[escape].search(line.text)
        taken = line.text[: continued.start(1)] if continued else line.text
        pieces.append((length, line.start))
        texts.append(taken)
        length += len(taken)
        line = next(filter(_says_something, lines), None) if continued else None
    bare = Instruction(first.number, "".join(texts), tuple(pieces), escape, ())
    heredocs = tuple(_heredoc(end, lines) for end in _ends(bare))
    return Instruction(bare.line, bare.text, bare.pieces, escape, heredocs)


def _ends(instruction: Instruction) -> Iterator[re.Match[str]]:
    """What the instruction says of each of its here-documents, whatever the file's own escape character is."""
    keyword, words = _split(instruction.text, "\\")
    for word in words if keyword in _TAKES_HEREDOC else ():
        match = _HEREDOC.fullmatch(word.text)
        if match:
            yield match


def _heredoc(end: re.Match[str], lines: Iterator[_Line]) -> str:
    name = re.sub(r"[\"'\\]", "", end["name"])
    found = []
    for line in lines:
        if (line.text.lstrip("\t") if end["chomp"] else line.text) == name:
            break
        found.append(line.text)
    return "\n".join(found)
