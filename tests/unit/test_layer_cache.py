"""The caches of layers: one scan each at a time, kept between scans, emptied after a failure."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.scanners.layer_cache import LayerCache

if TYPE_CHECKING:
    from pathlib import Path


def test_each_scan_is_lent_its_own_and_then_there_are_none(tmp_path: Path) -> None:
    with ExitStack() as stack:
        lent = [stack.enter_context(LayerCache(tmp_path, slots=2).lent()) for _ in range(3)]
    assert lent == [tmp_path / "0/fanal", tmp_path / "1/fanal", None]


def test_what_was_kept_is_lent_again(tmp_path: Path) -> None:
    caches = LayerCache(tmp_path, slots=1)
    with caches.lent() as first:
        assert first is not None
        (first / "fanal.db").write_bytes(b"known")
    with caches.lent() as again:
        assert again is not None
        assert (again / "fanal.db").read_bytes() == b"known"


def test_a_failed_scan_leaves_nothing_that_could_fail_the_next(tmp_path: Path) -> None:
    caches = LayerCache(tmp_path, slots=1)

    def fail() -> None:
        with caches.lent() as cache:
            assert cache is not None
            (cache / "fanal.db").write_bytes(b"broken")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with caches.lent() as again:
        assert again is not None
        assert list(again.iterdir()) == []
