"""Small images in every place that `scan TARGET` can look into."""

from __future__ import annotations

import subprocess
import tarfile
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.builders.layouts import inspect
from ci_toolkit.config.load import load
from ci_toolkit.layout import Layout
from ci_toolkit.model.reference import Repository
from ci_toolkit.state import ImageState, Source, State, read, write
from tests.harness.images import DEBIAN_12, Tree, make_image, pip_package
from tests.harness.pushing import destinations

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.model.oci import Descriptor

FINE: list[Tree] = [DEBIAN_12]
VULNERABLE: list[Tree] = [DEBIAN_12, pip_package("jinja2", "2.10")]
CONFIG = """\
version: 1
images:
  app:
    repositories: [{repository}]
scan:
  gate: {{fixable-only: true}}
  database:
    repositories: [{database}]
"""


@dataclass(frozen=True)
class Places:
    """Below `root`, and in a repository nobody else has."""

    root: Path
    registry: str
    database: str

    def config(self, extra: str = "") -> Repository:
        """Write a config with the stack's database and one image, `app`; returns its repository."""
        repository = Repository.parse(f"{self.registry}/test/named-{uuid.uuid4().hex[:12]}")
        text = CONFIG.format(repository=repository, database=self.database) + extra
        (self.root / ".ci-toolkit.yml").write_text(text, encoding="utf-8")
        return repository

    def layout(self, name: str, platforms: dict[str, list[Tree]]) -> tuple[Layout, Descriptor]:
        """A layout of an index with these platforms."""
        return Layout(self.root / name), make_image(self.root / name, platforms)

    def pushed(self, repository: Repository, tag: str, platforms: dict[str, list[Tree]]) -> Descriptor:
        """The same, pushed under a tag."""
        layout, root = self.layout(f"pushed-{uuid.uuid4().hex[:8]}", platforms)
        with destinations() as there:
            there.push(repository, layout, root, (tag,))
        return root

    def built(self, platforms: dict[str, list[Tree]]) -> Descriptor:
        """Let it be as if the config's `app` had just been built so."""
        layout, root = self.layout(".ci-toolkit/layouts/app", platforms)
        config = load(self.root / ".ci-toolkit.yml", {})
        image = ImageState(digest=root.digest, platforms=inspect(layout).platforms, layout=str(layout.path))
        source = Source(images_hash=config.images_hash)
        write(self.root / ".ci-toolkit" / "state.json", State(tool_version="0", source=source, images={"app": image}))
        return root

    def image(self) -> ImageState:
        """What the state knows of `app`."""
        return read(self.root / ".ci-toolkit" / "state.json").image("app")

    def archive(self, layout: Layout, name: str) -> Path:
        """A layout in a compressed tar."""
        file = self.root / name
        with tarfile.open(file, "w:gz") as tar:
            tar.add(layout.path, arcname=".")
        return file

    def in_engine(self, reference: str) -> str:
        """Let the local engine have an image of a registry; returns its name there."""
        subprocess.run(["docker", "pull", "-q", reference], check=True, capture_output=True)
        return reference
