"""A run's results as names and values, for the later steps of a CI job."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from ci_toolkit.model.promotion import Promotion
    from ci_toolkit.state import ImageState, PinEdit, State

_WORST_FIRST = ("fail", "none", "pass")


def outputs_of(
    state: State, images: Collection[str], *, state_file: str, environment: str | None, shown: Callable[[str], str]
) -> Mapping[str, str]:
    """The outputs that `action.yml` lists; what isn't established is an empty string, lists have an item a line.

    `images` are those of the run; `environment` is the one it promoted to, None for a run that built or pushed.
    `state_file` is empty where no state is kept. `shown` turns paths into such as later steps can use. Digests and
    tags hold no account's name or address, which a CI system might know as a secret and drop; references do.
    """
    known = _promoted(state, images, environment) if environment else _built(state, images)
    return {
        "digest": next(iter(known["digests"].values())) if len(images) == len(known["digests"]) == 1 else "",
        "digests": _json(known["digests"]),
        "tags": _lines(known["tags"]),
        "references": _lines(known["references"]),
        "version": _only(known["versions"]),
        "verdict": next((verdict for verdict in _WORST_FIRST if verdict in known["verdicts"]), ""),
        "findings": _json(known["findings"]),
        "sarif": _lines(map(shown, known["sarif"])),
        "report": _lines(map(shown, known["html"])),
        "state": shown(state_file) if state_file else "",
        "changed-files": _lines(shown(file) for file in _changed(state.pins, environment)),
        "commit": newest_revision(getattr(state, "commits", ()), environment),
    }


def _built(state: State, images: Collection[str]) -> dict[str, Any]:
    known = {name: state.image(name) for name in images}
    return {
        "digests": {name: str(image.digest) for name, image in known.items() if image.digest},
        "tags": [tag for image in known.values() for tag in image.tags],
        "references": [reference for image in known.values() for reference in image.references],
        "versions": {image.version or "" for image in known.values()},
        "verdicts": _verdicts(known.values()),
        "findings": {name: image.findings.as_json() for name, image in known.items() if image.findings},
        "sarif": [image.reports["sarif"] for image in known.values() if "sarif" in image.reports],
        "html": [image.reports["html"] for image in known.values() if "html" in image.reports],
    }


def _promoted(state: State, images: Collection[str], environment: str) -> dict[str, Any]:
    done = [each for each in state.promotions if each.environment == environment and each.image in images]
    return {
        "digests": {each.image: str(each.digest) for each in done},
        "tags": [tag for each in done for tag in each.tags],
        "references": [reference for each in done for reference in _references(each)],
        "versions": {version or "" for version in (state.image(each.image).version for each in done)},
        "verdicts": {"pass" if each.gate == "on" else "none" for each in done},
        "findings": {},
        "sarif": [],
        "html": [],
    }


def _references(promotion: Promotion) -> Sequence[str]:
    by_tag = [f"{promotion.repository}:{tag}" for tag in promotion.tags]
    return by_tag or [f"{promotion.repository}@{promotion.digest}"]


def _verdicts(images: Iterable[ImageState]) -> set[str]:
    """Those there are; an image without one counts as `none` beside images that have theirs."""
    found = {image.verdict for image in images}
    return {verdict or "none" for verdict in found} if found != {None} else set()


def _changed(pins: Iterable[PinEdit], environment: str | None) -> Sequence[str]:
    """Of the job's own checkout: what another repository gets isn't there."""
    here = [pin for pin in pins if pin.environment == environment and pin.repository is None]
    return [pin.file for pin in here if pin.old != pin.new]


def newest_revision(commits: Iterable[Any], environment: str | None) -> str:
    """The id of the last commit that was made of this environment's pins, or of the run's own; empty without one."""
    made = [commit for commit in commits if commit.environment == environment]
    return str(max(made, key=lambda commit: str(commit.at)).revision) if made else ""


def _only(values: Collection[str]) -> str:
    return next(iter(values)) if len(values) == 1 else ""


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _lines(values: Iterable[str]) -> str:
    return "\n".join(dict.fromkeys(values))
