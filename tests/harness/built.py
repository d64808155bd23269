"""A checkout whose images were built: their layouts and the state are there, no engine was needed."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ci_toolkit import state as states
from ci_toolkit.config.load import load
from ci_toolkit.layout import Layout
from ci_toolkit.model.findings import CATEGORIES, ImageFindings
from ci_toolkit.model.oci import Index
from ci_toolkit.report.findings_file import write_findings
from tests.harness.images import make_image
from tests.harness.project import git

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.harness.images import Tree

CONFIG = """\
version: 1
images:
{images}
scan:
  look-for: [{look_for}]
  sbom: [cyclonedx, spdx]
  database: {{ repositories: ["{database}"] }}
{scan}
"""


@dataclass(frozen=True)
class Built:
    """The checkout's directory."""

    root: Path

    @property
    def app(self) -> states.ImageState:
        """What the state knows of the image."""
        return states.read(self.root / ".ci-toolkit/state.json").image("app")

    def written(self) -> Iterator[Path]:
        """Every file in the workdir, but the layout that was built."""
        work = self.root / ".ci-toolkit"
        for file in work.rglob("*"):
            if file.is_file() and not file.is_relative_to(work / "layouts"):
                yield file


def built(
    root: Path,
    database: str,
    layers: Sequence[Tree],
    *,
    names: Sequence[str] = ("app",),
    look_for: Sequence[str] = CATEGORIES,
    scan: str = "",
    **image_options: Any,
) -> Built:
    """Make it: images of these layers, each of which holds the image's name, too; so no two images share one.

    `scan` adds lines to that section of the config; the rest is `make_image`'s.
    """
    root.mkdir()
    state = committed(root, _config(names, database, look_for, scan))
    for name in names:
        place = f".ci-toolkit/layouts/{name}"
        own = [{**layer, "etc/image": name} for layer in layers]
        descriptor = make_image(root / place, {"linux/amd64": own}, **image_options)
        index = Layout(root / place).document(descriptor)
        assert isinstance(index, Index)
        state = state.with_image(name, digest=descriptor.digest, platforms=index.platforms, layout=place)
    states.write(root / ".ci-toolkit/state.json", state)
    return Built(root)


def saved(root: Path, database: str, reference: str, *, look_for: Sequence[str] = CATEGORIES) -> Built:
    """The same of an image that the engine has, of one platform: it is `app`."""
    root.mkdir()
    state = committed(root, _config(("app",), database, look_for, ""))
    place = ".ci-toolkit/layouts/app"
    (root / place).mkdir(parents=True)
    with subprocess.Popen(["docker", "save", reference], stdout=subprocess.PIPE) as engine:
        subprocess.run(["tar", "-x", "-C", root / place], stdin=engine.stdout, check=True)
    assert engine.returncode == 0
    image = Layout(root / place).root()
    assert image.is_manifest
    state = state.with_image("app", digest=image.digest, platforms={"linux/amd64": image.digest}, layout=place)
    states.write(root / ".ci-toolkit/state.json", state)
    return Built(root)


def _config(names: Sequence[str], database: str, look_for: Sequence[str], scan: str) -> str:
    images = "\n".join(f'  {name}: {{ repositories: ["oci:out/{name}"] }}' for name in names)
    return CONFIG.format(images=images, look_for=", ".join(look_for), database=database, scan=scan)


def committed(root: Path, text: str) -> states.State:
    """Commit this config and a Dockerfile; the state of a run that has done nothing yet."""
    config = root / ".ci-toolkit.yml"
    config.write_text(text, encoding="utf-8")
    (root / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "all")
    source = states.Source(revision=git(root, "rev-parse", "HEAD"), images_hash=load(config, {}).images_hash)
    return states.State(tool_version="0", source=source)


def scanned(root: Path, text: str, *images: ImageFindings) -> Path:
    """A checkout with this config, whose images were scanned: this was found."""
    state = committed(root, text)
    work = root / ".ci-toolkit"
    work.mkdir()
    for found in images:
        write_findings(work / f"{found.image}.json", found)
        scan = states.Scan(
            scanner="trivy", version="1", policy_hash="sha256:1", scanned_at=found.scanned_at, digest=found.digest
        )
        reports = {"findings": f".ci-toolkit/{found.image}.json"}
        state = state.with_image(found.image, digest=found.digest, scan=scan, reports=reports)
    states.write(work / "state.json", state)
    return root
