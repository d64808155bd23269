"""Builds on the real engine that can't be, or are ended: what is said, and what is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.config.options import SecretSource
from ci_toolkit.errors import ToolError, UsageError
from tests.harness.builds import COPY, EMPTY, Bench, image_options, write_context
from tests.harness.built_layouts import layout_of

if TYPE_CHECKING:
    from pathlib import Path


def test_a_failing_dockerfile_says_where_and_why(tmp_path: Path) -> None:
    dockerfile = "FROM busybox:stable\n\nRUN echo the reason why && false\n"
    context = write_context(tmp_path / "src", dockerfile)
    with pytest.raises(ToolError) as caught:
        Bench(tmp_path).step(image_options(context)).run(EMPTY)
    assert f"{context}/Dockerfile:3: " in caught.value.message
    assert caught.value.place == (f"{context}/Dockerfile", 3)
    assert "exit code: 1" in caught.value.message
    assert "the reason why" in caught.value.message


def test_a_dockerfile_of_the_context_root_is_named_though_its_copy_is_built(tmp_path: Path) -> None:
    context = write_context(tmp_path, "FROM scratch\nCOPI a b\n")
    with pytest.raises(ToolError, match=r"Dockerfile:2: .*unknown instruction: COPI") as caught:
        Bench(tmp_path).step(image_options(context)).run(EMPTY)
    assert f"{context}/Dockerfile:2" in caught.value.message


def test_what_is_missing_is_said_before_anything_is_built(tmp_path: Path) -> None:
    context = write_context(tmp_path / "src", COPY)
    bench = Bench(tmp_path)
    wrong = {
        "no directory": image_options(tmp_path / "nowhere"),
        "no Dockerfile": image_options(context, dockerfile=context / "Other"),
        "NO_SUCH_TOKEN": image_options(context, secrets={"x": SecretSource(env="NO_SUCH_TOKEN", file=None)}),
        "isn't there": image_options(context, secrets={"x": SecretSource(env=None, file=tmp_path / "nothing")}),
    }
    for word, options in wrong.items():
        with pytest.raises(UsageError, match=word):
            bench.step(options).run(EMPTY)
    assert not bench.workdir.exists()


def test_an_interrupted_build_leaves_the_old_layout_whole_and_ends_soon(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    context = write_context(tmp_path / "src", COPY, a_txt="hello")
    first = bench.step(image_options(context)).run(EMPTY).image("app")
    (context / "Dockerfile").write_text(f"FROM busybox:stable\nRUN echo begun && sleep 300 # {tmp_path}\n")
    script = (
        "import sys; from pathlib import Path; from tests.harness.builds import *\n"
        "class Loud(Heard):\n"
        "    def tool(self, line):\n        print(line, flush=True)\n"
        f"root = Path({str(tmp_path)!r})\n"
        "Bench(root, heard=Loud()).step(image_options(root / 'src')).run(EMPTY)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line.endswith(" begun\n") for line in process.stdout)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        process.wait(10)
    assert time.monotonic() - started < 5
    layout = layout_of(bench, first)
    assert layout.root().digest == first.digest
    layout.verify(layout.root())
    assert [entry.name for entry in bench.workdir.joinpath("images").iterdir()] == ["app"]


def test_a_killed_builds_rest_is_swept_away(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    context = write_context(tmp_path / "src", COPY, a_txt="hello")
    rest = bench.workdir / "images" / ".app.new" / "layout" / "blobs"
    rest.mkdir(parents=True)
    (rest / "half").write_text("half")
    assert bench.step(image_options(context)).run(EMPTY).image("app").digest
    assert not rest.exists()


def test_a_workdir_that_links_elsewhere_is_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    context = write_context(tmp_path / "src", COPY, a_txt="hello")
    bench.workdir.joinpath("images").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    bench.workdir.joinpath("images", "app").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ToolError, match="symbolic link"):
        bench.step(image_options(context)).run(EMPTY)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_without_an_engine_the_user_is_told_what_to_do(tmp_path: Path) -> None:
    context = write_context(tmp_path / "src", COPY, a_txt="hello")
    bench = Bench(tmp_path, env={**os.environ, "DOCKER_HOST": "unix:///nonexistent.sock"})
    with pytest.raises(ToolError, match="no container engine answers") as caught:
        bench.step(image_options(context)).run(EMPTY)
    assert "DOCKER_HOST" in caught.value.hint


def test_without_docker_the_user_is_told_what_to_install(tmp_path: Path) -> None:
    context = write_context(tmp_path / "src", COPY, a_txt="hello")
    bench = Bench(tmp_path, env={**os.environ, "PATH": str(tmp_path)})
    with pytest.raises(ToolError, match="docker isn't there") as caught:
        bench.step(image_options(context)).run(EMPTY)
    assert "install Docker Engine" in caught.value.hint


def test_without_buildx_the_user_is_told_what_to_install(tmp_path: Path) -> None:
    context = write_context(tmp_path / "src", COPY, a_txt="hello")
    # What docker answers where the plugin isn't installed.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text(
        '#!/bin/sh\necho "docker: unknown command: docker buildx" >&2\necho "Run \'docker --help\'" >&2\nexit 1\n'
    )
    (tmp_path / "bin" / "docker").chmod(0o755)
    bench = Bench(tmp_path, env={**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"})
    with pytest.raises(ToolError, match="docker has no Buildx") as caught:
        bench.step(image_options(context)).run(EMPTY)
    assert "install the Buildx plugin" in caught.value.hint
