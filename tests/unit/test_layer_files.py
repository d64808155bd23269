"""Layers are read as Go's reader reads them, or refused."""

from __future__ import annotations

import gzip
import io
import subprocess
import tarfile
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_toolkit.scanners import zstd
from ci_toolkit.scanners.layer_files import DAMAGE, DoubtfulLayerError, decompressed, files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATHS = st.text(st.characters(exclude_categories=["C"], exclude_characters="/."), min_size=1, max_size=200)
Format = Literal[0, 1, 2]
FORMATS: tuple[Format, ...] = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
SEEN, HIDDEN = b"what is seen", b"what is hidden"


def read(archive: bytes, wanted: Callable[[str], bool] = lambda _: True) -> list[tuple[str, bytes]]:
    return list(files(io.BytesIO(archive), wanted))


def entry(name: str, content: bytes = b"", *, form: Format = tarfile.USTAR_FORMAT, **fields: object) -> bytes:
    """A header and what follows it."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info.tobuf(form) + content + bytes(-len(content) % 512)


def changed(header: bytes, at: int, field: bytes) -> bytes:
    """With other bytes in it, and the checksum that they have."""
    blank = header[:at] + field + header[at + len(field) :]
    blank = blank[:148] + b" " * 8 + blank[156:]
    return blank[:148] + b"%06o\0 " % sum(blank[:512]) + blank[156:]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(PATHS, st.binary(max_size=2000), max_size=8), st.sampled_from(FORMATS))
def test_what_python_writes_is_read(tree: dict[str, bytes], form: Format) -> None:
    tree = {
        path: content for path, content in tree.items() if form != tarfile.USTAR_FORMAT or len(path.encode()) < 100
    }
    archive = b"".join(entry(path, content, form=form) for path, content in tree.items())
    assert read(archive + bytes(1024)) == list(tree.items())
    assert read(archive) == list(tree.items()), "no end marker"


@pytest.mark.parametrize("form", ["gnu", "oldgnu", "pax", "ustar", "v7"])
def test_what_tar_writes_is_read(tmp_path: Path, form: str) -> None:
    tree = {"d/a": SEEN, "d/e/b": bytes(3000), "d/.wh.c": b""}
    for path, content in tree.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    (tmp_path / "d/link").symlink_to("a")
    (tmp_path / "d/other").hardlink_to(tmp_path / "d/a")
    made = subprocess.run(
        ["tar", f"--format={form}", "--sort=name", "-cf", "-", "d"], cwd=tmp_path, check=True, capture_output=True
    )
    assert {content for _, content in read(made.stdout)} == set(tree.values())
    assert [path for path, _ in read(made.stdout, lambda path: path.endswith("b"))] == ["d/e/b"]


@pytest.mark.parametrize("form", ["gnu", "pax"])
def test_a_file_with_holes_is_passed_over(tmp_path: Path, form: str) -> None:
    with (tmp_path / "holes").open("wb") as file:
        for hole in range(40):
            file.seek(hole * 1_000_000)
            file.write(b"x")
    (tmp_path / "next").write_bytes(SEEN)
    made = subprocess.run(
        ["tar", f"--format={form}", "--sparse", "-cf", "-", "holes", "next"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert read(made.stdout, lambda path: path == "next") == [("next", SEEN)]


def test_a_name_is_what_go_makes_of_it() -> None:
    names = ("/a/Dockerfile", "./a/../Dockerfile", "Dockerfile/.", "//x//y", f"{'p' * 120}/{'n' * 90}")
    archive = b"".join(entry(name, SEEN) for name in names)
    assert [name for name, _ in read(archive)] == [
        "a/Dockerfile",
        "Dockerfile",
        "Dockerfile",
        "x/y",
        f"{'p' * 120}/{'n' * 90}",
    ]


def test_records_for_all_files_say_nothing() -> None:
    """Python takes a size from them; Go passes them over, and reads the file that is hidden from Python."""
    records = tarfile.TarInfo.create_pax_global_header({"size": "1024", "path": "other"})
    assert read(records + entry("a") + entry("b", HIDDEN)) == [("a", b""), ("b", HIDDEN)]


def test_a_number_may_be_padded_in_front() -> None:
    """Python reads a zero, and what is hidden in the content as the next file."""
    hidden = entry("b", HIDDEN)
    archive = changed(entry("a", hidden), 124, b"\0%010o\0" % len(hidden))
    assert read(archive) == [("a", hidden)]


@pytest.mark.parametrize("kind", [b"1", b"2", b"5"])
def test_what_has_no_content_may_have_a_size(kind: bytes) -> None:
    assert read(entry("a", type=kind, size=512) + entry("b", HIDDEN)) == [("b", HIDDEN)]


def test_a_binary_number_is_read() -> None:
    assert read(changed(entry("a", SEEN), 124, b"\x80" + len(SEEN).to_bytes(11))) == [("a", SEEN)]


def pax(record: bytes) -> bytes:
    return entry("x", record, type=b"x")


@pytest.mark.parametrize(
    "archive",
    [
        pytest.param(pax(b"+12 size=20\n") + entry("a", SEEN), id="a sign before a record's length"),
        pytest.param(pax(b"012 size=20\n") + entry("a", SEEN), id="a zero before a record's length"),
        pytest.param(pax(b"11 size=+9\n") + entry("a", SEEN), id="a sign before a size"),
        pytest.param(pax(b"5011 size=" + b"9" * 5000 + b"\n") + entry("a", SEEN), id="a size of 5000 digits"),
        pytest.param(pax(b"12 size=12") + entry("a", SEEN), id="a record without its end"),
        pytest.param(pax(b"9 size=12\n") + entry("a", SEEN), id="a record of another length"),
        pytest.param(pax(b"22 GNU.sparse.major=1\n") + entry("a", SEEN), id="holes"),
        pytest.param(pax(b"9 path=b\n") + pax(b"9 path=c\n") + entry("a", SEEN), id="records twice"),
        pytest.param(pax(b"9 path=b\n") + entry("x", b"c\0", type=b"L") + entry("a", SEEN), id="a name twice"),
        pytest.param(entry("a/", SEEN), id="content of what is called as a directory"),
        pytest.param(entry("", SEEN), id="content without a name"),
        pytest.param(changed(entry("a", SEEN), 124, b"0000000001_2"), id="a number with other characters"),
        pytest.param(changed(entry("a", SEEN), 124, b"\xff" * 12), id="a number below zero"),
        pytest.param(entry("x", bytes(2_000_000), type=b"L") + entry("a", SEEN), id="a name of two million bytes"),
        pytest.param(entry("a", SEEN).replace(b"ustar", b"ystar"), id="a wrong checksum"),
    ],
)
def test_what_readers_could_read_differently_is_refused(archive: bytes) -> None:
    with pytest.raises(DoubtfulLayerError):
        read(archive)


@pytest.mark.parametrize("size", [100, 512, 520])
def test_an_archive_that_is_cut_off_is_an_error(size: int) -> None:
    with pytest.raises(EOFError):
        read(entry("a", SEEN)[:size])


def test_nothing_is_read_after_the_end() -> None:
    assert read(entry("a", SEEN) + bytes(1024) + b"\xff" * 600) == [("a", SEEN)]


@pytest.mark.parametrize(
    "pack",
    [bytes, gzip.compress, zstd.compress, lambda data: gzip.compress(data[:700]) + gzip.compress(data[700:])],
    ids=["plain", "gzip", "zstd", "gzip in two members"],
)
def test_a_layer_is_unpacked_by_its_first_bytes(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    (tmp_path / "layer").write_bytes(pack(entry("a", SEEN) + entry("b", HIDDEN)))
    with decompressed(tmp_path / "layer") as archive:
        assert list(files(archive, lambda _: True)) == [("a", SEEN), ("b", HIDDEN)]


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
@pytest.mark.parametrize("damage", [lambda data: data[:-30], lambda data: data[:20] + b"\xff" * 9 + data[29:]])
def test_damage_is_an_error(tmp_path: Path, pack: Callable[[bytes], bytes], damage: Callable[[bytes], bytes]) -> None:
    content = bytes(range(256)) * 8
    (tmp_path / "layer").write_bytes(damage(pack(entry("a", content))))
    with pytest.raises(DAMAGE), decompressed(tmp_path / "layer") as archive:
        list(files(archive, lambda _: True))
