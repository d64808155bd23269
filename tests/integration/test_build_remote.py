"""Builds by a BuildKit at an address: the engine's own, reached by TCP, and no engine for the build itself."""

from __future__ import annotations

import os
import re
import socket
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.builders.remote import remote_argv, remote_name
from ci_toolkit.errors import ToolError, UsageError
from ci_toolkit.layout import Layout
from tests.harness.buildkit import buildkit
from tests.harness.builds import EMPTY, Bench, image_options, write_context

if TYPE_CHECKING:
    from pathlib import Path


def bench_at(tmp_path: Path, address: str) -> Bench:
    """A bench whose builds find no engine, only this BuildKit."""
    away = {"DOCKER_HOST": f"unix://{tmp_path}/no-engine.sock", "DOCKER_CONFIG": str(tmp_path / "docker")}
    return Bench(tmp_path, env={**os.environ, **away, "BUILDKIT_HOST": address}, create=True)


@pytest.mark.usefixtures("stack")
def test_the_image_is_a_verified_layout_and_a_second_build_the_same(tmp_path: Path) -> None:
    context = write_context(tmp_path / "src", "FROM scratch\nCOPY a.txt /a.txt\n", a_txt="hello")
    options = image_options(context, platforms=("linux/amd64", "linux/arm64"))
    with buildkit() as address:
        bench = bench_at(tmp_path, address)
        first = bench.step(options).run(EMPTY).image("app")
        second = bench.step(options).run(EMPTY).image("app")
    assert first.builder == f"{remote_name(address)} (remote driver)"
    assert first.platforms == second.platforms
    assert set(first.platforms) == {"linux/amd64", "linux/arm64"}
    layout = Layout(bench.root / str(second.layout))
    layout.verify(layout.root())


@pytest.mark.usefixtures("stack")
def test_a_stated_builder_counts_before_the_address(tmp_path: Path) -> None:
    context = write_context(tmp_path / "src", "FROM scratch\nCOPY a.txt /a.txt\n", a_txt="hello")
    bench = Bench(tmp_path, env={**os.environ, "BUILDKIT_HOST": "tcp://127.0.0.1:1"})
    image = bench.step(image_options(context), builder="default").run(EMPTY).image("app")
    assert image.builder == "default (docker driver)"


def test_a_buildkit_that_does_not_answer_is_told_with_what_to_do(tmp_path: Path) -> None:
    context = write_context(tmp_path / "src", "FROM scratch\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(ToolError, match=r"no BuildKit answers to ci-toolkit-\w+ \(remote driver\)") as failure:
        bench_at(tmp_path, closed).step(image_options(context)).run(EMPTY)
    assert "BUILDKIT_HOST" in failure.value.hint


@pytest.mark.parametrize("address", ["buildkit:1234", "--append", "tcp://a b", "http://buildkit:1234"])
def test_what_is_no_address_is_refused_before_anything_runs(tmp_path: Path, address: str) -> None:
    with pytest.raises(UsageError, match=re.escape(repr(address))):
        bench_at(tmp_path, address).step(image_options(tmp_path))


def test_the_plan_shows_the_command_that_makes_the_address_known(tmp_path: Path) -> None:
    address = "tcp://buildkit:1234"
    actions = bench_at(tmp_path, address).step(image_options(tmp_path)).plan(EMPTY)
    known, build = (action for action in actions if action.kind == "command")
    assert known.argv == remote_argv(remote_name(address), address)
    assert f"--builder={remote_name(address)}" in build.argv
    assert remote_name(address) != remote_name("tcp://buildkit:1235")
