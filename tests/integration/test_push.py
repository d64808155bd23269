"""Pushes to a real registry, looked at with crane: whole images, flat memory, and kill -9 between any two requests."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.layout import Layout
from ci_toolkit.model.reference import Repository, parse_destination
from tests.harness.delivered import crane
from tests.harness.images import make_image
from tests.harness.proxy import Exchange, FaultServer, drips, kills
from tests.harness.pushing import destinations, large_image, sample_image

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.model.oci import Descriptor
    from tests.harness.registry import Registry

TAGS = ("1.0", "latest")
REQUESTS = 34
"""How many a first push of the crash test's image makes at most; the test says if it is more."""


@pytest.fixture(scope="module")
def small_image(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    path = tmp_path_factory.mktemp("small") / "layout"
    make_image(path, {"linux/amd64": [{"a": "1"}], "linux/arm64": [{"b": "2"}]})
    return Layout(path)


def child(layout: Layout, destination: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.harness.push_child", str(layout.path), destination, *TAGS]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_crane_finds_the_same_digest_and_a_whole_image(registry: Registry, image: tuple[Layout, Descriptor]) -> None:
    layout, root = image
    to = f"{registry.host}/test/whole"
    with destinations() as there:
        there.push(parse_destination(to), layout, root, TAGS)
    for tag in TAGS:
        assert crane("digest", f"{to}:{tag}") == str(root.digest)
    for platform in ("linux/amd64", "linux/arm64"):
        crane("validate", "--remote", f"{to}:1.0", "--platform", platform)
    index = json.loads(crane("manifest", f"{to}:1.0"))
    assert len(index["manifests"]) == 3


def test_a_single_manifest_without_an_index(registry: Registry, tmp_path: Path) -> None:
    root = make_image(tmp_path / "layout", {"linux/amd64": [{"only": "one"}]}, index=False)
    to = f"{registry.host}/test/single"
    with destinations() as there:
        there.push(parse_destination(to), Layout(tmp_path / "layout"), root, TAGS)
    assert crane("digest", f"{to}:latest") == str(root.digest)
    crane("validate", "--remote", f"{to}:latest")


def test_another_build_moves_the_tags(registry: Registry, tmp_path: Path) -> None:
    to = parse_destination(f"{registry.host}/test/moved")
    with destinations() as there:
        first, second = (sample_image(tmp_path / salt, salt=salt) for salt in ("one", "two"))
        there.push(to, *first, TAGS)
        outcome = there.push(to, *second, ("latest",))
    assert (outcome.moved, outcome.unchanged) == (("latest",), ())
    assert crane("digest", f"{to}:1.0") == str(first[1].digest)
    assert crane("digest", f"{to}:latest") == str(second[1].digest)


def test_several_processes_push_the_same_image_at_once(registry: Registry, image: tuple[Layout, Descriptor]) -> None:
    layout, root = image
    to = f"{registry.host}/test/together"
    running = [child(layout, to) for _ in range(3)]
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    assert crane("digest", f"{to}:latest") == str(root.digest)


def test_memory_stays_flat(registry: Registry, tmp_path: Path) -> None:
    """200 MB in 12 layers, as a process: under 120 MB resident."""
    layout, root = large_image(tmp_path / "large", *[16_700_000] * 12)
    process = child(layout, f"{registry.host}/test/large")
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()
    assert int(out) * 1024 < 120_000_000
    assert crane("digest", f"{registry.host}/test/large:1.0") == str(root.digest)
    shutil.rmtree(registry.storage)


@pytest.mark.parametrize("arrives", [False, True], ids=["before it arrives", "before the reply"])
@pytest.mark.parametrize("number", range(REQUESTS))
def test_kill_9_at_any_request(registry: Registry, small_image: Layout, number: int, *, arrives: bool) -> None:
    """The process dies at its request `number`; no tag points at half an image; the next run finishes."""
    root = small_image.root()
    name = f"test/killed-{number}-{'after' if arrives else 'before'}"
    with FaultServer(registry.host).running() as proxy:
        victims: list[int] = []
        proxy.rule("", "", kills(victims, arrives=arrives), skip=number)
        process = child(small_image, f"{proxy.host}/{name}")
        victims.append(process.pid)
        _, errors = process.communicate(timeout=60)
        killed = process.returncode == -signal.SIGKILL
        assert killed or (process.returncode == 0 and len(proxy.seen) <= number), errors.decode()
    assert number < REQUESTS - 1 or not killed, "a push makes more requests than this test kills it at"
    to = Repository.parse(f"{registry.host}/{name}")
    with destinations() as there:
        for tag in there.repository(to).tags():
            for platform in ("linux/amd64", "linux/arm64"):
                crane("validate", "--remote", f"{to}:{tag}", "--platform", platform)
        there.push(to, small_image, root, TAGS)
        assert sorted(there.repository(to).tags()) == sorted(TAGS)
    assert crane("digest", f"{to}:latest") == str(root.digest)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_push_that_waits(registry: Registry, small_image: Layout, number: signal.Signals) -> None:
    """Four threads wait for a registry that never answers; nobody waits for them."""
    waiting = threading.Event()
    with FaultServer(registry.host).running() as proxy:

        def hang(exchange: Exchange) -> None:
            waiting.set()
            drips(b"", 0.05, headers_first=False)(exchange)

        proxy.rule("PUT", "digest=", hang, times=99)
        process = child(small_image, f"{proxy.host}/test/interrupted")
        assert waiting.wait(30)
        process.send_signal(number)
        started = time.monotonic()
        process.communicate(timeout=30)
    assert time.monotonic() - started < 5
    assert process.returncode != 0


def test_a_registry_on_disk_is_a_layout_others_read(
    image: tuple[Layout, Descriptor], registry: Registry, tmp_path: Path
) -> None:
    layout, root = image
    with destinations(root=tmp_path) as there:
        there.push(parse_destination("oci:store"), layout, root, ("1.0",))
    crane("push", str(tmp_path / "store"), f"{registry.host}/test/from-disk:1.0")
    assert crane("digest", f"{registry.host}/test/from-disk:1.0") == str(root.digest)
