"""Looks into a bbolt file just far enough to tell a vulnerability database from an empty one.

Source: the file format as bbolt's page.go and meta.go define it; numbers in the machine's order, little-endian on
every machine Trivy is built for.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PAGE = struct.Struct("<QHHI")
_META = struct.Struct("<IIIIQQQQQ")
_LEAF = struct.Struct("<IIII")
_BRANCH = struct.Struct("<IIQ")
_MAGIC = 0xED0CDAED
_BRANCH_PAGE, _LEAF_PAGE = 0x01, 0x02
_BUCKET = 0x01
_MOST_PAGES = 10_000
_LONGEST_PAGE = 64 * 1024 * 1024


def has_entries(file: Path, bucket: str) -> bool:
    """True if the top-level bucket of this name is there and holds something; raises ValueError for no bbolt file."""
    with file.open("rb") as stream:
        size, root = _newest_meta(stream)
        try:
            return any(
                key == bucket.encode() and flags & _BUCKET and _filled(stream, size, value)
                for flags, key, value in _leaves(stream, size, root, set())
            )
        except (struct.error, OSError, OverflowError) as error:
            message = f"broken pages: {error}"
            raise ValueError(message) from None


def _newest_meta(stream: BinaryIO) -> tuple[int, int]:
    """Page size and root page, of the meta page that was written last."""
    best: tuple[int, int, int] | None = None
    first = stream.read(_PAGE.size + _META.size)
    for attempt in range(2):
        if len(first) < _PAGE.size + _META.size:
            break
        magic, _, size, _, root, _, _, _, transaction = _META.unpack_from(first, _PAGE.size)
        if magic != _MAGIC or not 512 <= size <= 65536:
            break
        if best is None or transaction > best[0]:
            best = (transaction, size, root)
        if attempt == 0:
            stream.seek(size)
            first = stream.read(_PAGE.size + _META.size)
    if best is None:
        message = "no bbolt file"
        raise ValueError(message)
    return best[1], best[2]


def _page(stream: BinaryIO, size: int, number: int) -> tuple[int, int, bytes]:
    stream.seek(number * size)
    header = stream.read(_PAGE.size)
    _, flags, count, overflow = _PAGE.unpack(header)
    return flags, count, header + stream.read(min((overflow + 1) * size, _LONGEST_PAGE) - _PAGE.size)


def _leaves(stream: BinaryIO, size: int, number: int, seen: set[int]) -> Iterator[tuple[int, bytes, bytes]]:
    """Flags, key and value of every element below a page; a damaged file's circles are gone round once."""
    if number in seen:
        return
    seen.add(number)
    flags, count, page = _page(stream, size, number)
    for index in range(count):
        if flags & _LEAF_PAGE:
            at = _PAGE.size + index * _LEAF.size
            kind, position, key_size, value_size = _LEAF.unpack_from(page, at)
            start = at + position
            yield kind, page[start : start + key_size], page[start + key_size : start + key_size + value_size]
        elif flags & _BRANCH_PAGE and len(seen) < _MOST_PAGES:
            child = _BRANCH.unpack_from(page, _PAGE.size + index * _BRANCH.size)[2]
            yield from _leaves(stream, size, child, seen)


def _filled(stream: BinaryIO, size: int, value: bytes) -> bool:
    """True if a bucket, given by its element's value, has an element: inline, or on the page it points at."""
    root = struct.unpack_from("<Q", value)[0]
    count = _page(stream, size, root)[1] if root else _PAGE.unpack_from(value, 16)[2]
    return bool(count)
