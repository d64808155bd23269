"""An image's archive as a layout: compressed for a push, left as it is where it is only looked into."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.builders.base import Workspace
from ci_toolkit.builders.saved import to_layout
from ci_toolkit.errors import IntegrityError
from ci_toolkit.layout import Layout
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import OCI_LAYER_GZIP, OCI_LAYER_TAR, Manifest
from tests.harness.images import tar_of

if TYPE_CHECKING:
    from pathlib import Path

LAYER = tar_of({"a": "x" * 100_000})
PACKED = gzip.compress(LAYER, 1)


def archive(layer: bytes, claimed: bytes) -> bytes:
    """As `docker save` writes it, the layer twice."""
    config = {"rootfs": {"type": "layers", "diff_ids": [str(Digest.of(claimed))] * 2}}
    about = [{"Config": "config.json", "RepoTags": [], "Layers": ["layer.tar"] * 2}]
    return tar_of({"config.json": json.dumps(config), "layer.tar": layer, "manifest.json": json.dumps(about)})


def layers(tmp_path: Path, data: bytes, *, compress: bool) -> list[tuple[str, bytes]]:
    """Media type and content of each layer, each blob being what its digest says."""
    tmp_path.mkdir(exist_ok=True)
    to_layout([data], Workspace(tmp_path), {}, compress=compress)
    layout = Layout(Workspace(tmp_path).layout)
    layout.verify(layout.root())
    document = layout.document(layout.root())
    assert isinstance(document, Manifest)
    return [(layer.media_type, layout.blob(layer.digest).read_bytes()) for layer in document.layers]


@pytest.mark.parametrize(("layer", "kind"), [(LAYER, OCI_LAYER_TAR), (PACKED, OCI_LAYER_GZIP)])
def test_what_is_looked_into_stays_as_it_was_saved(tmp_path: Path, layer: bytes, kind: str) -> None:
    assert layers(tmp_path, archive(layer, LAYER), compress=False) == [(kind, layer)] * 2


def test_what_is_pushed_is_compressed_the_same_way_however_it_was_saved(tmp_path: Path) -> None:
    made = [
        layers(tmp_path / name, archive(layer, LAYER), compress=True)
        for name, layer in (("plain", LAYER), ("packed", PACKED))
    ]
    assert made[0] == made[1]
    assert [(kind, gzip.decompress(content)) for kind, content in made[0]] == [(OCI_LAYER_GZIP, LAYER)] * 2


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize(("layer", "claimed"), [(LAYER, b"other"), (PACKED, b"other"), (PACKED, PACKED)])
def test_a_layer_that_is_another_than_the_config_says_is_refused(
    tmp_path: Path, layer: bytes, claimed: bytes, *, compress: bool
) -> None:
    with pytest.raises(IntegrityError, match="where its config says"):
        layers(tmp_path, archive(layer, claimed), compress=compress)
