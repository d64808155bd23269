"""A run's results as environment variables, for the later jobs of a pipeline."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_toolkit.report.outputs import newest_revision

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ci_toolkit.state import State

_KINDS = ("DIGEST", "REF", "TAG", "VERSION", "VERDICT")
_NOT_IN_A_NAME = re.compile(r"[^A-Z0-9]")


def variables_of(state: State, images: Collection[str], *, environment: str | None) -> Sequence[tuple[str, str]]:
    """Names and values, the dearest first: every image's digest before the first one's tag.

    `IMAGE_DIGEST`, `IMAGE_REF` (`REPOSITORY@DIGEST`), `IMAGE_COMMIT`, `IMAGE_TAG`, `IMAGE_VERSION`, `IMAGE_VERDICT`,
    `IMAGE_NAME` where the run is about one image; `NAME_IMAGE_DIGEST` and so on for every image, so that two jobs for
    two images don't speak of one. What isn't established has no variable. `environment` is the one that the run
    promoted to, None for a run that built or pushed. Two images whose names differ in nothing that a variable's name
    can hold have one name twice.
    """
    known = {name: _promoted(state, name, environment) if environment else _built(state, name) for name in images}
    commit = newest_revision(state.commits, environment)
    variables: list[tuple[str, str]] = []
    if len(known) == 1:
        name, only = next(iter(known.items()))
        variables += [(f"IMAGE_{kind}", only[kind]) for kind in _KINDS]
        variables.append(("IMAGE_NAME", name if only["DIGEST"] else ""))
    per_image = [(f"{_prefix(name)}_IMAGE_{kind}", found[kind]) for kind in _KINDS for name, found in known.items()]
    dearest, others = per_image[: 2 * len(known)], per_image[2 * len(known) :]
    variables += [*dearest, ("IMAGE_COMMIT", commit), *others]
    return [(name, value) for name, value in variables if value]


def _built(state: State, name: str) -> Mapping[str, str]:
    image = state.image(name)
    pushed = next((each for each in image.pushed if each.digest == image.digest), None)
    tags = pushed.tags if pushed else ()
    return {
        "DIGEST": str(image.digest or ""),
        "REF": f"{pushed.repository}@{pushed.digest}" if pushed else "",
        "TAG": next(iter(tags or image.tags), ""),
        "VERSION": image.version or "",
        "VERDICT": image.verdict or "",
    }


def _promoted(state: State, name: str, environment: str) -> Mapping[str, str]:
    done = next((p for p in state.promotions if (p.environment, p.image) == (environment, name)), None)
    if done is None:
        return dict.fromkeys(_KINDS, "")
    return {
        "DIGEST": str(done.digest),
        "REF": f"{done.repository}@{done.digest}",
        "TAG": next(iter(done.tags), ""),
        "VERSION": state.image(name).version or "",
        "VERDICT": "pass" if done.gate == "on" else "none",
    }


def _prefix(name: str) -> str:
    word = _NOT_IN_A_NAME.sub("_", name.upper())
    return f"_{word}" if word[:1].isdigit() else word
