"""The caches of layers: one scan each at a time, kept between scans, emptied after a failure, true to digests."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.model.findings import Layer
from ci_toolkit.scanners.layer_cache import LayerCache

if TYPE_CHECKING:
    from pathlib import Path

BASE = Layer(digest="sha256:1", diff_id="sha256:a")
OWN = Layer(digest="sha256:2", diff_id="sha256:b")
FALSE = Layer(digest="sha256:3", diff_id="sha256:a")


@pytest.fixture
def caches(tmp_path: Path) -> LayerCache:
    return LayerCache(tmp_path, slots=1)


def left_by_the_last(caches: LayerCache, *layers: Layer) -> bool:
    """Scan an image of these layers: whether there was anything of an earlier scan."""
    with caches.lent(layers) as cache:
        assert cache
        was_there = (cache / "fanal.db").exists()
        (cache / "fanal.db").write_bytes(b"known")
    return was_there


def test_each_scan_is_lent_its_own_and_then_there_are_none(tmp_path: Path) -> None:
    with ExitStack() as stack:
        lent = [stack.enter_context(LayerCache(tmp_path, slots=2).lent([BASE])) for _ in range(3)]
    assert lent == [tmp_path / "0/fanal", tmp_path / "1/fanal", None]


def test_an_image_whose_layers_nobody_knows_is_lent_none(caches: LayerCache) -> None:
    with caches.lent([]) as cache:
        assert cache is None


def test_what_was_kept_is_lent_again_unless_a_layer_came_with_another_digest(caches: LayerCache) -> None:
    asked = [[BASE], [BASE, OWN], [OWN], [OWN, FALSE], [FALSE], [OWN], [BASE], [BASE]]
    kept = [left_by_the_last(caches, *layers) for layers in asked]
    assert kept == [False, True, True, False, True, True, False, True]


def test_what_a_killed_scan_left_is_not_lent(tmp_path: Path, caches: LayerCache) -> None:
    left_by_the_last(caches, BASE)
    with caches.lent([BASE]):
        (tmp_path / "0/lock").rename(tmp_path / "0/held")
        assert not left_by_the_last(caches, BASE)


@pytest.mark.parametrize("notes", [b"", b"[1]", b"{}", b"null"])
def test_notes_that_are_none_empty_it(tmp_path: Path, caches: LayerCache, notes: bytes) -> None:
    left_by_the_last(caches, BASE)
    (tmp_path / "0/digests.json").write_bytes(notes)
    assert not left_by_the_last(caches, BASE)


def test_a_failed_scan_leaves_nothing_that_could_fail_the_next(caches: LayerCache) -> None:
    def fail() -> None:
        with caches.lent([BASE]) as cache:
            assert cache is not None
            (cache / "fanal.db").write_bytes(b"broken")
            raise RuntimeError

    left_by_the_last(caches, BASE)
    with pytest.raises(RuntimeError):
        fail()
    assert not left_by_the_last(caches, BASE)
