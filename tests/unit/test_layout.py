"""Layouts on disk: what is written can be read, and what was changed is noticed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import IntegrityError, ToolError
from ci_toolkit.layout import Layout
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST, Descriptor, Index, Manifest
from tests.harness.pushing import damage, document, sample_image, with_index

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def image(tmp_path: Path) -> tuple[Layout, Descriptor]:
    return sample_image(tmp_path / "layout")


def test_an_empty_layout(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "new")
    layout.create()
    layout.create()
    assert layout.entries() == ()
    assert json.loads((layout.path / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    with pytest.raises(IntegrityError, match="lists 0 images"):
        layout.root()


def test_no_layout_is_a_tool_error(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no OCI image layout"):
        Layout(tmp_path).entries()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"manifests": 1}', '{"manifests": [{"digest": "x"}]}', "[" * 99999])
def test_a_broken_index_json(tmp_path: Path, text: str) -> None:
    layout = Layout(tmp_path)
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(IntegrityError):
        layout.entries()


def test_several_images_are_no_root(image: tuple[Layout, Descriptor]) -> None:
    layout, root = image
    other = layout.document(root)
    assert isinstance(other, Index)
    layout.write_entries([root, other.manifests[0]])
    with pytest.raises(IntegrityError, match="lists 2 images"):
        layout.root()


def test_walking_goes_children_first_and_each_once(image: tuple[Layout, Descriptor]) -> None:
    layout, root = image
    nodes = list(layout.walk(root))
    assert nodes[-1][0] == root
    assert len({node.digest for node, _ in nodes}) == len(nodes) == 4
    assert [type(found) for _, found in nodes] == [Manifest, Manifest, Manifest, Index]


def test_an_attestation_is_walked_and_is_no_platform(image: tuple[Layout, Descriptor]) -> None:
    layout, root = image
    index = layout.document(root)
    assert isinstance(index, Index)
    assert set(index.platforms) == {"linux/amd64", "linux/arm64"}
    assert len(index.attestations) == 1


def test_children_of_unknown_types_are_left_alone(image: tuple[Layout, Descriptor]) -> None:
    layout, root = image
    index = layout.document(root)
    assert isinstance(index, Index)
    odd = Descriptor("application/vnd.example.thing", Digest.of(b"elsewhere"), 9)
    assert len(list(layout.walk(with_index(layout, [*index.manifests, odd])))) == 4


def test_an_index_that_contains_itself(tmp_path: Path) -> None:
    """Only with a wrong hash can it be written down at all."""
    layout = Layout(tmp_path)
    layout.create()
    digest = Digest.of(b"what will be wrong")
    body = b'{"schemaVersion": 2, "manifests": [{"mediaType": "%s", "digest": "%s", "size": 200}]}' % (
        OCI_INDEX.encode(),
        str(digest).encode(),
    )
    layout.blob(digest).write_bytes(body.ljust(200))
    with pytest.raises(IntegrityError) as caught:
        list(layout.walk(Descriptor(OCI_INDEX, digest, 200)))
    assert caught.value.exit_code == 5


def test_indexes_nested_without_end(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.create()
    node = with_index(layout, [])
    for _ in range(10):
        node = with_index(layout, [node])
    with pytest.raises(IntegrityError, match="nested too deep"):
        list(layout.walk(node))


def test_verifying_a_whole_layout(image: tuple[Layout, Descriptor]) -> None:
    layout, root = image
    heard: list[int] = []
    assert layout.verify(root, progress=heard.append) == sum(f.stat().st_size for f in _needed(layout, root))
    assert heard


def test_a_damaged_blob_is_found(image: tuple[Layout, Descriptor]) -> None:
    layout, root = image
    for file in _needed(layout, root):
        data = file.read_bytes()
        damage(layout, Digest(f"sha256:{file.name}"))
        with pytest.raises(IntegrityError, match=r"build again|holds other bytes|another size or hash"):
            layout.verify(root)
        file.write_bytes(data)
    assert layout.verify(root) > 0


def test_a_missing_blob_is_found(image: tuple[Layout, Descriptor]) -> None:
    layout, root = image
    for file in _needed(layout, root):
        data = file.read_bytes()
        file.unlink()
        with pytest.raises(IntegrityError, match="can't be read"):
            layout.verify(root)
        file.write_bytes(data)


def test_a_manifest_over_4_mib_is_refused(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    with pytest.raises(IntegrityError, match="more than 4194304"):
        layout.read(Descriptor(OCI_MANIFEST, Digest.of(b""), 4 * 1024 * 1024 + 1))


def test_a_child_that_is_something_else_than_announced(image: tuple[Layout, Descriptor]) -> None:
    layout, root = image
    liar = Descriptor(OCI_MANIFEST, root.digest, root.size)
    with pytest.raises(IntegrityError, match="announced as"):
        list(layout.walk(with_index(layout, [liar])))


@pytest.mark.parametrize("size", [-1, 1.5, "3", True, None])
def test_nonsense_for_a_size(tmp_path: Path, size: object) -> None:
    layout = Layout(tmp_path)
    layout.create()
    item = {"mediaType": OCI_MANIFEST, "digest": str(Digest.of(b"x")), "size": size}
    body = document({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [item]})
    with pytest.raises(IntegrityError, match="malformed"):
        layout.document(Descriptor(OCI_INDEX, layout.add(body), len(body)))


def test_a_stream_that_isn_t_what_it_should_be_leaves_nothing(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    expected = Descriptor(OCI_LAYER_GZIP, Digest.of(b"hello"), 5)
    for chunks in ([b"hell"], [b"hello", b"!"], [b"jello"], []):
        with pytest.raises(IntegrityError):
            layout.add_stream(iter(chunks), expected)
        assert list(layout.blobs.iterdir()) == []
    layout.add_stream(iter([b"he", b"llo"]), expected)
    assert layout.has(expected)
    assert not layout.has(Descriptor(OCI_LAYER_GZIP, expected.digest, 6))


def test_a_blob_that_is_there_stays(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    digest = layout.add(b"data")
    before = layout.blob(digest).stat().st_mtime_ns
    assert layout.add(b"data") == digest
    assert layout.blob(digest).stat().st_mtime_ns == before


def _needed(layout: Layout, root: Descriptor) -> list[Path]:
    digests = set()
    for node, found in layout.walk(root):
        digests.add(node.digest)
        if isinstance(found, Manifest):
            digests.update(blob.digest for blob in found.blobs)
    return [layout.blob(digest) for digest in sorted(digests)]
