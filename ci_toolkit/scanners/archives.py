"""What archives in an image hold, whichever way a program finds its way through them.

Nothing is believed of their directories: whatever could be a file's content is unpacked where it begins.

Sources: RFC 1952, 2.3 (gzip); POSIX.1-2017, pax: content begins at a multiple of 512 bytes; PKWARE APPNOTE 6.3.10,
4.3.7 (zip's local headers).
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_GZIP, _ZIP = b"\x1f\x8b\x08", b"PK\x03\x04"
_IN_GZIP, _BARE = 31, -15
"""How zlib is told which header deflated data has."""
_BLOCK = 512
_READ, _STEP = 16 * 1024, 1024 * 1024
MOST = 128 * 1024 * 1024
"""Bytes of one archive; Helm 4 reads no chart of more than 100 MiB."""
_MOST_OF_ALL = 1024 * 1024 * 1024
"""With all that is in it: an archive can hold itself."""


class BottomlessError(Exception):
    """It unpacks to more, or takes longer, than anything that is meant to be read."""


def unpacked(content: bytes) -> Iterator[bytes]:
    """What a file holds that is packed with gzip or zip, and what that holds in turn.

    Damaged data counts up to where it is damaged, as programs use it that don't read on. Raises BottomlessError.
    """
    waiting, left = [content], _MOST_OF_ALL
    while waiting:
        data = waiting.pop()
        for start, form in _beginnings(data):
            found, read = _inflated(memoryview(data)[start:], form)
            left -= len(found) + read
            if left < 0:
                raise BottomlessError
            if found:
                yield found
                waiting.append(found)


def _beginnings(data: bytes) -> Iterator[tuple[int, int]]:
    """Where packed data begins, and its form."""
    for start in range(0, len(data), _BLOCK):
        if data.startswith(_GZIP, start):
            yield start, _IN_GZIP
    start = data.find(_ZIP)
    while start >= 0:
        lengths = data[start + 26 : start + 30]
        yield start + 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little"), _BARE
        start = data.find(_ZIP, start + 1)


def _inflated(data: memoryview, form: int) -> tuple[bytes, int]:
    """Deflated data, of gzip one member after the other, up to the first damage; and how much was read for it."""
    found, position, chunk = bytearray(), 0, b""
    packer, step, is_new = zlib.decompressobj(form), _STEP, True
    while len(found) < MOST:
        if not chunk:
            chunk = bytes(data[position : position + _READ])
            position += len(chunk)
        before, is_last = zlib.decompressobj(form) if is_new else packer.copy(), not chunk
        try:
            got = packer.decompress(chunk, step)
        except zlib.error:
            if step == 1:
                break
            packer, step = before, step // 2
            continue
        found += got
        chunk, is_new = packer.unconsumed_tail, False
        if packer.eof:
            chunk = packer.unused_data + bytes(data[position : position + len(_GZIP)])
            position += len(_GZIP)
            if not chunk.startswith(_GZIP):
                break
            packer, step, is_new = zlib.decompressobj(form), _STEP, True
        elif is_last and not got:
            break
    return bytes(found), position
