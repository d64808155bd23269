"""Pushing 200 MB in 12 layers to a fresh repository, beside `crane push`: wall time, and memory that stays flat."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import Contender, compare
from ci_toolkit.layout import Layout
from ci_toolkit.model.oci import OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST, Descriptor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.measure import Row

LAYERS = 12
SIZE = 200 * 1000 * 1000
PEAK = 120 * 1000 * 1000
"""Bytes of resident memory that a push may take, however large the image."""


def rows() -> Iterator[Row]:
    """Our push and crane's, in turn, each to a repository and a storage that are empty."""
    with tempfile.TemporaryDirectory() as scratch, registry(Path(scratch) / "registry") as (host, storage):
        layout = Path(scratch) / "layout"
        make_layout(layout)
        numbers = count()
        ours = [sys.executable, "-m", "bench.once", "push", str(layout)]
        theirs = ["crane", "push", str(layout)]
        prepare = partial(empty, storage)

        def pair(kind: str, *, reports: bool) -> tuple[Contender, Contender]:
            number = next(numbers)
            return (
                Contender([*ours, f"{host}/bench/{kind}-ours-{number}", "1"], prepare=prepare, reports=reports),
                Contender([*theirs, f"{host}/bench/{kind}-theirs-{number}:1"], prepare=prepare),
            )

        for name, reports, limit in (
            ("push 200 MB / crane push", True, 1.2),
            ("the same, with the interpreter's start", False, None),
        ):
            row = compare(name, *pair("up" if reports else "cold", reports=reports), limit=limit)
            if row.peak > PEAK:
                sys.exit(f"a push took {row.peak / 1e6:.0f} MB of memory: {PEAK / 1e6:.0f} MB are promised")
            yield row


def empty(storage: Path) -> None:
    """Take away all that a registry holds."""
    shutil.rmtree(storage, ignore_errors=True)
    os.sync()


@contextmanager
def registry(directory: Path) -> Iterator[tuple[str, Path]]:
    """A registry of our own, so that nothing it holds makes a push shorter; its host and its storage."""
    directory.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    config = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(directory / "data")}},
        "http": {"addr": host, "secret": "nothing"},
    }
    (directory / "config.yml").write_text(json.dumps(config), encoding="utf-8")
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", directory / "config.yml"], stdout=log, stderr=log)
    try:
        _wait_for(host, process)
        yield host, directory / "data"
    finally:
        process.terminate()
        process.wait()


def _wait_for(host: str, process: subprocess.Popen[bytes]) -> None:
    name, _, port = host.partition(":")
    while process.poll() is None:
        try:
            socket.create_connection((name, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    sys.exit("docker-registry doesn't start: is `scripts/stack up --tests` done?")


def make_layout(path: Path) -> None:
    """A layout of one image; its layers are random bytes, as compressed ones look to a client."""
    layout = Layout(path)
    layout.create()
    layers = [_blob(layout, OCI_LAYER_GZIP, os.urandom(SIZE // LAYERS)) for _ in range(LAYERS)]
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _blob(layout, OCI_CONFIG, json.dumps(config).encode()).as_json(),
        "layers": [layer.as_json() for layer in layers],
    }
    child = _blob(layout, OCI_MANIFEST, json.dumps(manifest).encode())
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [child.as_json()]}
    layout.write_entries([_blob(layout, OCI_INDEX, json.dumps(index).encode())])


def _blob(layout: Layout, media_type: str, data: bytes) -> Descriptor:
    return Descriptor(media_type, layout.add(data), len(data))
