"""Where in a Dockerfile an image's packages come from, as far as one line can say it."""

from __future__ import annotations

from ci_toolkit.model.dockerfile import instructions, stage_of


def from_line(text: str, target: str | None = None) -> int:
    """The line, from 1, of the FROM that starts the stage which is built: `target`, else the last one.

    1 where there is none. Source: Docker's Dockerfile reference: stages, escape directive, here-documents.
    """
    found = 1
    for instruction in instructions(text):
        stage = stage_of(instruction)
        if stage is not None:
            found = instruction.line
            if target and stage.name == target.lower():
                return found
    return found
