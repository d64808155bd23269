"""The toolkit's own image: what it weighs, and how long a job waits in it for the first sign of life."""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import RUNS, Figure
from tests.harness.container import ToolkitImage
from tests.harness.project import make_project

if TYPE_CHECKING:
    from collections.abc import Iterator

START = 0.5
"""Seconds from the start of the container's process to the first step's first line."""
SIZE = 130
"""MB to download, Trivy not counted."""


def rows() -> Iterator[Figure]:
    """A real run of the example, in an image that was started before."""
    image = ToolkitImage(os.environ.get("CI_TOOLKIT_IMAGE", "ci-toolkit:dev"))
    with tempfile.TemporaryDirectory() as scratch:
        project = make_project(Path(scratch) / "hello", "localhost:1/hello", "localhost:1/trivy-db:2")
        (project.root / "site-packages").mkdir()
        waits = [_first_line(image, project.root) for _ in range(RUNS + 1)]
    yield _shown(Figure("container start to the first step's first line", statistics.median(waits[1:]), "s", START))
    layers = image.layers()
    trivy = sum(size for made_by, size in layers if "/usr/local/bin/trivy" in made_by) / 1e6
    total = sum(size for _, size in layers) / 1e6
    yield _shown(Figure(f"image to download, without {trivy:.0f} MB of Trivy", total - trivy, "MB", SIZE))


def _first_line(image: ToolkitImage, workspace: Path) -> float:
    with image.container("run", "--steps", "build", workspace=workspace) as container:
        code = container.wait(60)
        said = "".join(container.lines())
        if code or not said.startswith("build hello"):
            message = f"the run in the container ended with {code}: {said}"
            raise RuntimeError(message)
        return container.seconds_to_first_line()


def _shown(figure: Figure) -> Figure:
    print(figure, flush=True)
    return figure
