"""What scans share on disk: locks between processes, and a database that is looked into before it is believed."""

from __future__ import annotations

import gzip
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_toolkit.errors import IntegrityError, ToolError
from ci_toolkit.layout import Layout
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import OCI_MANIFEST, Index, Manifest
from ci_toolkit.scanners.bolt import has_entries
from ci_toolkit.scanners.flatten import flatten, layers_of, runnable
from ci_toolkit.scanners.lock import locked, shared, unused
from tests.harness.fake_trivy import bolt
from tests.harness.images import DEBIAN_12, make_image, pip_package

if TYPE_CHECKING:
    from pathlib import Path


def test_a_lock_that_is_held_is_waited_for_and_no_longer(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "lock"
    with locked(file, seconds=1):
        started = time.monotonic()
        with pytest.raises(ToolError, match=r"has held .*lock for 0\.2 s"), locked(file, seconds=0.2):
            pass
        assert 0.2 <= time.monotonic() - started < 5
    with locked(file, seconds=0):
        assert not unused(file)
    assert unused(file)


def test_what_is_read_is_in_use(tmp_path: Path) -> None:
    with shared(tmp_path / "in-use"), shared(tmp_path / "in-use"):
        assert not unused(tmp_path / "in-use")
    assert unused(tmp_path / "in-use")


@pytest.mark.parametrize(
    ("content", "filled"),
    [
        ({"vulnerability": {"CVE-1": b"{}"}}, True),
        ({"vulnerability": {f"CVE-{n}": b"{}" * 100 for n in range(500)}, "a": {}, "z": {}}, True),
        ({"vulnerability": {}}, False),
        ({"vulnerability": b"no bucket"}, False),
        ({"data-source": {"x": b"{}"}}, False),
        ({}, False),
    ],
)
def test_an_empty_database_is_told_from_a_filled_one(tmp_path: Path, content: Any, filled: bool) -> None:
    file = tmp_path / "trivy.db"
    file.write_bytes(bolt().dump(content))
    assert has_entries(file, "vulnerability") is filled


@pytest.mark.parametrize("data", [b"", b"x", b"\0" * 8192, b"SQLite format 3\0" * 1000])
def test_what_is_no_database_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "trivy.db").write_bytes(data)
    with pytest.raises(ValueError, match="no bbolt file"):
        has_entries(tmp_path / "trivy.db", "vulnerability")


def test_a_large_database_has_its_buckets_below_branch_pages(tmp_path: Path) -> None:
    data = bytearray(bolt().dump(WHOLE))
    branch = len(data) // 4096
    root = 0
    for meta in (0, 4096):
        [root] = struct.unpack_from("<Q", data, meta + 32)
        struct.pack_into("<Q", data, meta + 32, branch)
    page = struct.pack("<QHHI", branch, 0x01, 1, 0) + struct.pack("<IIQ", 16, 11, root) + b"data-source"
    (tmp_path / "trivy.db").write_bytes(bytes(data) + page.ljust(4096, b"\0"))
    assert has_entries(tmp_path / "trivy.db", "vulnerability")
    assert not has_entries(tmp_path / "trivy.db", "absent")


def test_a_page_that_claims_to_be_endless_is_not_read_whole(tmp_path: Path) -> None:
    data = bytearray(bolt().dump(WHOLE))
    for page in range(3, len(data) // 4096):
        data[page * 4096 + 12 : page * 4096 + 16] = b"\xff" * 4
    (tmp_path / "trivy.db").write_bytes(bytes(data))
    assert has_entries(tmp_path / "trivy.db", "vulnerability")


WHOLE = {"vulnerability": {"CVE-1": b"{}"}, "data-source": {"x": b"{}"}}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=2000)
@given(cut=st.integers(0, 6 * 4096), at=st.integers(0, 4 * 4096), byte=st.integers(0, 255))
def test_a_damaged_database_is_an_answer_or_a_value_error(tmp_path: Path, cut: int, at: int, byte: int) -> None:
    data = bytearray(bolt().dump(WHOLE))[:cut]
    if at < len(data):
        data[at] = byte
    (tmp_path / "trivy.db").write_bytes(bytes(data))
    with suppress(ValueError):
        assert has_entries(tmp_path / "trivy.db", "vulnerability") in (True, False)


def test_a_flattened_layout_holds_one_platform_and_shares_its_blobs(tmp_path: Path) -> None:
    layers = {"linux/amd64": [DEBIAN_12, pip_package("x", "1")], "linux/arm64": [DEBIAN_12, pip_package("x", "2")]}
    root = make_image(tmp_path / "whole", layers)
    layout = Layout(tmp_path / "whole")
    index = layout.document(root)
    assert isinstance(index, Index)
    descriptors = runnable(layout, root, index.platforms)
    config, told = flatten(layout, descriptors["linux/arm64"], tmp_path / "flat")
    flat = Layout(tmp_path / "flat")
    [entry] = flat.entries()
    manifest = flat.document(entry)
    assert (entry.digest, entry.media_type) == (index.platforms["linux/arm64"], OCI_MANIFEST)
    assert isinstance(manifest, Manifest)
    assert manifest.config.digest == config
    assert flat.verify(entry) > 0
    assert len(list(flat.blobs.iterdir())) == 4
    assert all(flat.blob(blob.digest).samefile(layout.blob(blob.digest)) for blob in manifest.layers)
    assert flat.blob(config).read_bytes() == layout.blob(config).read_bytes()
    assert flatten(layout, descriptors["linux/arm64"], tmp_path / "flat") == (config, told)
    assert [layer.digest for layer in told] == [str(blob.digest) for blob in manifest.layers]
    contents = [gzip.decompress(layout.blob(blob.digest).read_bytes()) for blob in manifest.layers]
    assert [layer.diff_id for layer in told] == [str(Digest.of(content)) for content in contents]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (b"", "Expecting value"),
        (b"[]", "no attribute"),
        (b"{}", "has 0 ids for 2 layers"),
        (b'{"rootfs": {"diff_ids": ["sha256:1"]}}', "has 1 ids for 2 layers"),
        (b'{"rootfs": {"DIFF_IDS": ["sha256:1", "sha256:1"]}}', "has 0 ids for 2 layers"),
        (b'{"rootfs": {"diff_ids": ["a", "b"], "diff_id\xc5\xbf": ["a", "a"]}}', "names a field twice: diff_ids"),
    ],
)
def test_layers_and_ids_that_dont_agree_are_no_image(tmp_path: Path, config: bytes, said: str) -> None:
    make_image(tmp_path, {"linux/amd64": [DEBIAN_12, DEBIAN_12]}, index=False)
    layout = Layout(tmp_path)
    manifest = layout.document(layout.root())
    assert isinstance(manifest, Manifest)
    with pytest.raises(IntegrityError, match=said):
        layers_of(manifest, config)


def test_what_the_state_does_not_list_would_be_pushed_unscanned(tmp_path: Path) -> None:
    root = make_image(tmp_path, {"linux/amd64": [DEBIAN_12], "linux/arm64": [DEBIAN_12]})
    layout = Layout(tmp_path)
    index = layout.document(root)
    assert isinstance(index, Index)
    with pytest.raises(IntegrityError, match="they don't agree on sha256:"):
        runnable(layout, root, {"linux/amd64": index.platforms["linux/amd64"]})
