"""What is in a build's layout."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from ci_toolkit.layout import Layout
from ci_toolkit.model.oci import parse_manifest

if TYPE_CHECKING:
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.state import ImageState
    from tests.harness.builds import Bench


def layout_of(bench: Bench, image: ImageState) -> Layout:
    """The layout of an image that was built."""
    assert image.layout is not None
    return Layout(bench.root / image.layout)


def config_of(bench: Bench, image: ImageState, platform: str) -> dict[str, Any]:
    """The config of one platform's image."""
    layout = layout_of(bench, image)
    digest = image.platforms[platform]
    manifest = parse_manifest(layout.blob(digest).read_bytes())
    config: dict[str, Any] = json.loads(layout.read(manifest.config))
    return config


def files_in(layout: Layout, digest: Digest) -> str:
    """The names in every layer of a platform."""
    manifest = parse_manifest(layout.blob(digest).read_bytes())
    blobs = [str(layout.blob(layer.digest)) for layer in manifest.layers]
    return "".join(subprocess.run(["tar", "tzf", b], capture_output=True, text=True, check=True).stdout for b in blobs)
