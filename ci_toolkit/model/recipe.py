"""What a Dockerfile says an image is made of: the image it starts from, and every step onto that, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ci_toolkit.model.dockerfile import Instruction, Stage, instructions, stage_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Step(NamedTuple):
    """An instruction that was carried out."""

    keyword: str
    """In upper case."""
    words: str
    """What follows the keyword and its flags."""
    line: int
    is_plain: bool
    """Neither JSON nor a here-document: what it runs stands there as it is."""
    is_trigger: bool = False
    """`ONBUILD`, which is only noted for whoever builds on the image."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How the stage that is built comes about, the stages that it builds on included."""

    base: str
    """The image of the lowest `FROM`, as it stands there; `scratch` for none."""
    line: int
    """That `FROM`'s line, from 1."""
    is_base_sure: bool
    """False where a variable in that `FROM` may stand for one of the stages above."""
    steps: tuple[Step, ...]


@dataclass(slots=True)
class _Part:
    stage: Stage
    line: int
    own: list[Instruction] = field(default_factory=list)


def recipe(text: str, target: str | None = None) -> Recipe | None:
    """The recipe of a Dockerfile's stage: `target`, else the last one. None for a Dockerfile without a stage.

    Source: Docker's Dockerfile reference: FROM, ONBUILD. An ONBUILD of a base image from elsewhere is none of it.
    """
    parts = _parts(text, target)
    if not parts:
        return None
    chain = [parts[-1]]
    for part in reversed(parts[:-1]):
        if part.stage.name and part.stage.name == _image(chain[0]).lower():
            chain.insert(0, part)
    lowest = chain[0]
    return Recipe(
        base=_image(lowest),
        line=lowest.line,
        is_base_sure="$" not in _image(lowest) or lowest is parts[0],
        steps=tuple(_steps(chain)),
    )


def _parts(text: str, target: str | None) -> list[_Part]:
    """The stages up to the one that is built."""
    parts: list[_Part] = []
    for instruction in instructions(text):
        stage = stage_of(instruction)
        if stage is not None:
            if target and parts and parts[-1].stage.name == target.lower():
                break
            parts.append(_Part(stage, instruction.line))
        elif parts:
            parts[-1].own.append(instruction)
    return parts


def _image(part: _Part) -> str:
    return (part.stage.image.bare() or part.stage.image).text


def _steps(chain: Sequence[_Part]) -> Iterator[Step]:
    triggers: list[Step] = []
    for part in chain:
        yield from (step._replace(is_trigger=False) for step in triggers)
        own = [_step(instruction) for instruction in part.own]
        triggers = [step for step in own if step.is_trigger]
        yield from own


def _step(instruction: Instruction) -> Step:
    keyword, words = instruction.words()
    rest = next((word.start for word in words if not word.text.startswith("--")), len(instruction.text))
    said = instruction.text[rest:]
    return Step(
        keyword=keyword,
        words=" ".join(said.split()),
        line=instruction.line,
        is_plain=not instruction.heredocs and not said.startswith("["),
        is_trigger=instruction.text.split(maxsplit=1)[0].upper() == "ONBUILD",
    )
