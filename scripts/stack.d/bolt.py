"""Write a bbolt file (https://github.com/etcd-io/bbolt), the format of Trivy's database.

Only what such a database needs: nested buckets, written once, in one piece.
Every bucket is one leaf page, as long as it must be, so no branch pages are
needed. The same content always gives the same bytes.
"""

import struct
from typing import Union

Bucket = dict[str, Union["Bucket", bytes]]

PAGE_SIZE = 4096
PAGE_HEADER = struct.Struct("<QHHI")  # id, flags, count, overflow
LEAF_ELEMENT = struct.Struct("<IIII")  # flags, position from here, key size, value size
BUCKET_HEADER = struct.Struct("<QQ")  # root page, sequence
META = struct.Struct("<IIIIQQQQQ")  # magic, version, page size, flags, root, sequence, freelist, end, transaction
LEAF_PAGE, META_PAGE, FREELIST_PAGE = 0x02, 0x04, 0x10
BUCKET_ELEMENT = 0x01
MAGIC, VERSION = 0xED0CDAED, 2
FIRST_FREE_PAGE = 3  # after two meta pages and the freelist


def dump(content: Bucket) -> bytes:
    """The bytes of a database file that holds ``content``."""
    pages: list[bytes] = []
    root = _bucket(content, pages)
    end = FIRST_FREE_PAGE + sum(len(page) // PAGE_SIZE for page in pages)
    freelist = _page(2, FREELIST_PAGE, 0, b"")
    return b"".join([_meta(0, root, end), _meta(1, root, end), freelist, *pages])


def _bucket(content: Bucket, pages: list[bytes]) -> int:
    """Append the pages of a bucket, its children first; return its page's number."""
    items: list[tuple[int, bytes, bytes]] = []
    for key, value in sorted((key.encode(), value) for key, value in content.items()):
        if isinstance(value, bytes):
            items.append((0, key, value))
        else:
            items.append((BUCKET_ELEMENT, key, BUCKET_HEADER.pack(_bucket(value, pages), 0)))
    elements, data = b"", b""
    for index, (flags, key, value) in enumerate(items):
        position = (len(items) - index) * LEAF_ELEMENT.size + len(data)
        elements += LEAF_ELEMENT.pack(flags, position, len(key), len(value))
        data += key + value
    number = FIRST_FREE_PAGE + sum(len(page) // PAGE_SIZE for page in pages)
    pages.append(_page(number, LEAF_PAGE, len(items), elements + data))
    return number


def _page(number: int, flags: int, count: int, body: bytes) -> bytes:
    size = PAGE_HEADER.size + len(body)
    overflow = (size - 1) // PAGE_SIZE
    page = PAGE_HEADER.pack(number, flags, count, overflow) + body
    return page.ljust((overflow + 1) * PAGE_SIZE, b"\0")


def _meta(number: int, root: int, end: int) -> bytes:
    meta = META.pack(MAGIC, VERSION, PAGE_SIZE, 0, root, 0, 2, end, number)
    return _page(number, META_PAGE, 0, meta + struct.pack("<Q", _fnv1a(meta)))


def _fnv1a(data: bytes) -> int:
    """FNV-1a of 64 bits: bbolt's checksum of its meta pages."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value
