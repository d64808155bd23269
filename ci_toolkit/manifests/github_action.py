"""GitHub's action files: the image that a container action runs, and those that a composite one's steps use, by `docker://`.

Source: GitHub, "Metadata syntax for GitHub Actions" (`runs` for Docker container actions and composite actions);
actions/runner, `ContainerActionHandler` and `ActionManifestManager` (`docker` and `docker://` in any case).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.manifests.base import FormatDescription
from ci_toolkit.manifests.scheme import behind_docker, behind_scheme
from ci_toolkit.manifests.spans import Lines, Source
from ci_toolkit.manifests.tree import read_documents
from ci_toolkit.manifests.verify import YamlFormat
from ci_toolkit.manifests.walk import IMAGE, Step, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.manifests.base import ImageSpan
    from ci_toolkit.manifests.tree import Document
    from ci_toolkit.manifests.walk import Shape

_NAMES = frozenset({"action.yml", "action.yaml"})
_SHAPES: dict[str, Shape] = {
    "docker": {"runs": {"image": IMAGE}},
    "composite": {"runs": {"steps": [{"uses": IMAGE}]}},
}
"""By `runs.using`."""
_BUILT = "it is built from that Dockerfile"

DESCRIPTION = FormatDescription(
    name="GitHub action",
    files="`action.yml`, `action.yaml` of a container action or a composite one",
    places=("`runs.image`", "`runs.steps[].uses`"),
    writes="`docker://REFERENCE`",
)


class GitHubActionFormat(YamlFormat):
    """The metadata file of a container action or a composite one; a JavaScript action runs no image."""

    name: ClassVar[str] = "github-action"

    def takes(self, name: str, text: str) -> bool:
        """True for `action.yml` or `action.yaml` that says what it runs; raises UnreadableError."""
        if PurePosixPath(name).name not in _NAMES:
            return False
        walk = Walk()
        return any(_using(walk, document) for document in read_documents(text))

    def find(self, text: str) -> Iterator[ImageSpan]:
        """The images behind `docker://`; raises UnreadableError."""
        walk, lines = Walk(), Lines(text)
        for document in read_documents(text):
            using = _using(walk, document)
            if document.root is not None and using in _SHAPES:
                images = list(walk.images(Step(document.root), _SHAPES[using]))
                found = Source(text, lines, walk, document).references(
                    images if using == "docker" else behind_docker(images)
                )
                yield from (behind_scheme(text, span) or replace(span, skipped=_BUILT) for span in found)


def _using(walk: Walk, document: Document) -> str:
    """What an action runs on, in lower case."""
    runs = [] if document.root is None else walk.values(Step(document.root), ("runs",))
    followed = [walk.follow(value) for _, value in runs]
    return next((walk.text(step, "using").lower() for step in followed if step is not None), "")
