"""What `pin --resolve` pins: digests that registries tell, of all tags or of those that `--image` names."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from ci_toolkit.cli.registries import desk
from ci_toolkit.files import cache_directory
from ci_toolkit.manifests.pinning import Target
from ci_toolkit.registry.answers import Answers
from ci_toolkit.steps.pin_resolve import asked_for, digests_of, require_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.manifests.pinning import Style
    from ci_toolkit.model.reference import Reference, Repository
    from ci_toolkit.steps.pin_paths import PathPins


def resolved_targets(
    settings: Settings, work: PathPins, images: Mapping[Repository, Reference], *, style: Style, cache: bool
) -> list[Target]:
    """The images of `--image` with a tag, wherever they stand; of the others every tag that has no digest yet."""
    tagged = {repository: image for repository, image in images.items() if image.tag}
    questions = {asked_for(image): [f"--image {image}"] for image in tagged.values()}
    seen = [image for image in work.tags(images) if image.reference.repository not in tagged]
    for image in seen:
        questions.setdefault(asked_for(image.reference), []).append(image.where)
    if not questions:
        return []
    with desk(settings) as opened:
        digests = digests_of(questions, opened.client, _answers() if cache else None)
        opened.destinations.tell_budgets()
    for named in tagged.values():
        if named.digest:
            require_digest(named, digests[asked_for(named)])

    def target(reference: Reference, *, tag: str | None, only: str | None) -> Target:
        repositories, digest = frozenset({reference.repository}), str(digests[asked_for(reference)])
        return Target(repositories=repositories, digest=digest, tag=tag, style=style, retags=True, only=only)

    return [
        *(target(image, tag=image.tag, only=None) for image in tagged.values()),
        *(target(each, tag=None, only=each.tag or "") for each in dict.fromkeys(image.reference for image in seen)),
    ]


def _answers() -> Answers | None:
    """What was answered a moment ago; None without a place that is the user's own, where nobody else could answer."""
    own = os.environ.get("XDG_CACHE_HOME") or os.environ.get("HOME")
    return Answers(cache_directory(os.environ) / "digests.json", time.time()) if own else None
