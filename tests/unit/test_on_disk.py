"""A registry on disk: the same promises as one on a network."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import IntegrityError, ToolError
from ci_toolkit.layout import Layout
from ci_toolkit.model.oci import REF_NAME, Index, Manifest
from ci_toolkit.progress import Silent
from ci_toolkit.registry.on_disk import previous_on_disk, push_to_disk
from tests.harness.pushing import damage, sample_image

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.model.oci import Descriptor
    from ci_toolkit.registry.outcome import Outcome

TAGS = ("1.0", "latest")
BLOBS = 8


@pytest.fixture
def image(tmp_path: Path) -> tuple[Layout, Descriptor]:
    return sample_image(tmp_path / "layout")


def push(directory: Path, image: tuple[Layout, Descriptor], *tags: str) -> Outcome:
    return push_to_disk(directory, *image, tags, progress=Silent())


def tags(directory: Path) -> dict[str, str]:
    """Every tag's digest; fails if what it points at isn't whole."""
    store = Layout(directory)
    for entry in store.entries():
        store.verify(entry)
    return {entry.annotations[REF_NAME]: str(entry.digest) for entry in store.entries()}


def test_a_push_and_a_second_one(tmp_path: Path, image: tuple[Layout, Descriptor]) -> None:
    store = tmp_path / "deep" / "store"
    first = push(store, image, *TAGS)
    assert (first.uploaded, first.present, first.moved) == (BLOBS, 0, TAGS)
    assert tags(store) == dict.fromkeys(TAGS, str(image[1].digest))
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*")}
    second = push(store, image, *TAGS)
    assert (second.uploaded, second.present, second.moved, second.unchanged) == (0, BLOBS, (), TAGS)
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*")} == before


def test_a_tag_moves_and_the_others_stay(tmp_path: Path, image: tuple[Layout, Descriptor]) -> None:
    other = sample_image(tmp_path / "other", salt="other")
    push(tmp_path / "store", image, *TAGS)
    outcome = push(tmp_path / "store", other, "latest", "2.0")
    assert outcome.moved == ("latest", "2.0")
    assert tags(tmp_path / "store") == {
        "1.0": str(image[1].digest),
        "latest": str(other[1].digest),
        "2.0": str(other[1].digest),
    }


def test_a_changed_layout_is_not_tagged(tmp_path: Path, image: tuple[Layout, Descriptor]) -> None:
    layout, root = image
    index = layout.document(root)
    assert isinstance(index, Index)
    manifest = layout.document(index.manifests[0])
    assert isinstance(manifest, Manifest)
    damage(layout, manifest.layers[0])
    with pytest.raises(IntegrityError) as caught:
        push(tmp_path / "store", image, *TAGS)
    assert caught.value.exit_code == 5
    assert tags(tmp_path / "store") == {}


def test_what_was_pushed_doesn_t_change_with_its_source(tmp_path: Path, image: tuple[Layout, Descriptor]) -> None:
    push(tmp_path / "store", image, *TAGS)
    for file in image[0].blobs.iterdir():
        file.write_bytes(b"other")
    assert tags(tmp_path / "store") == dict.fromkeys(TAGS, str(image[1].digest))


def test_an_interrupted_push_is_finished(tmp_path: Path, image: tuple[Layout, Descriptor]) -> None:
    """What a killed process leaves: some blobs, and a temporary file."""
    store = Layout(tmp_path / "store")
    store.create()
    store.add(b"{}")
    (store.blobs / ".incoming.left").write_bytes(b"half")
    assert push(store.path, image, *TAGS).present == 1
    assert not (store.blobs / ".incoming.left").exists()
    assert tags(store.path) == dict.fromkeys(TAGS, str(image[1].digest))


def test_ten_at_once_lose_no_tag(tmp_path: Path, image: tuple[Layout, Descriptor]) -> None:
    threads = [threading.Thread(target=push, args=(tmp_path / "store", image, f"t{n}")) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(tags(tmp_path / "store")) == sorted(f"t{n}" for n in range(10))


def test_a_foreign_index_is_not_overwritten(tmp_path: Path, image: tuple[Layout, Descriptor]) -> None:
    (tmp_path / "index.json").write_text("not a layout")
    with pytest.raises(IntegrityError):
        push(tmp_path, image, *TAGS)
    assert (tmp_path / "index.json").read_text() == "not a layout"


def test_a_file_in_the_way_is_a_tool_error(tmp_path: Path, image: tuple[Layout, Descriptor]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolError, match="can't make the registry on disk"):
        push(tmp_path / "file", image, *TAGS)


def test_an_earlier_image_is_found_and_fetched(tmp_path: Path, image: tuple[Layout, Descriptor]) -> None:
    layout, root = image
    assert previous_on_disk(tmp_path / "store", "1.0") is None
    push(tmp_path / "store", image, "1.0")
    assert previous_on_disk(tmp_path / "store", "2.0") is None
    found = previous_on_disk(tmp_path / "store", "1.0")
    assert found
    assert (found.descriptor, found.data) == (root, layout.read(root))
    copy = Layout(tmp_path / "copy")
    copy.create()
    for node, document in layout.walk(root):
        found.fetch(node, copy)
        for blob in document.blobs if isinstance(document, Manifest) else ():
            found.fetch(blob, copy)
    assert copy.verify(root) > 0
