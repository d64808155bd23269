"""GitHub's workflows: the images that jobs run in, their services', and those that steps use by `docker://`.

Source: GitHub, "Workflow syntax for GitHub Actions"; actions/runner, `PipelineTemplateConverter` (`docker://` may
stand before a job's image and a service's, too).
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.manifests.base import FormatDescription
from ci_toolkit.manifests.scheme import behind_docker, behind_scheme
from ci_toolkit.manifests.spans import Lines, Source
from ci_toolkit.manifests.tree import Mapping, read_documents
from ci_toolkit.manifests.verify import YamlFormat
from ci_toolkit.manifests.walk import EACH, IMAGE, Step, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.manifests.base import ImageSpan
    from ci_toolkit.manifests.walk import Shape

_DIRECTORY = (".github", "workflows")
_SUFFIXES = (".yml", ".yaml")
_CONTAINER: Shape = (IMAGE, {"image": IMAGE})
_CONTAINERS: Shape = {"jobs": {EACH: {"container": _CONTAINER, "services": {EACH: _CONTAINER}}}}
_USES: Shape = {"jobs": {EACH: {"steps": [{"uses": IMAGE}]}}}

DESCRIPTION = FormatDescription(
    name="GitHub workflow",
    files="`.github/workflows/*.yml`, `*.yaml`, where a pattern spells out `.github/workflows/`",
    places=(
        "`jobs.*.container`, `jobs.*.container.image`",
        "`jobs.*.services.*`, `jobs.*.services.*.image`",
        "`jobs.*.steps[].uses: docker://…`",
    ),
    writes="",
)


class GitHubWorkflowFormat(YamlFormat):
    """A workflow; what an expression gives is not known here."""

    name: ClassVar[str] = "github-workflow"

    def takes(self, name: str, text: str) -> bool:  # noqa: ARG002
        """By where it lies."""
        path = PurePosixPath(name)
        return path.parts[-3:-1] == _DIRECTORY and path.suffix in _SUFFIXES

    def find(self, text: str) -> Iterator[ImageSpan]:
        """Every job's images; raises UnreadableError."""
        walk, lines = Walk(), Lines(text)
        for document in read_documents(text):
            if isinstance(document.root, Mapping):
                start = Step(document.root)
                images = [*walk.images(start, _CONTAINERS), *behind_docker(walk.images(start, _USES))]
                found = Source(text, lines, walk, document).references(images)
                yield from (behind_scheme(text, span) or span for span in found)
