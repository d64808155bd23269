"""Builds where the engine has the classic image store: by the engine itself, for one platform."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import ToolError
from ci_toolkit.layout import Layout
from ci_toolkit.model.oci import OCI_LAYER_GZIP, parse_manifest
from tests.harness.builds import BOTH, EMPTY, Bench, image_options, write_context

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Stack

TWO_LAYERS = "FROM scratch\nCOPY a.txt /a.txt\nCOPY b.txt /b.txt\nLABEL own=yes\n"


@pytest.fixture
def bench(tmp_path: Path, stack: Stack) -> Bench:
    # A configuration of its own, so that no builder of the machine is the current one.
    return Bench(
        tmp_path, env={**os.environ, "DOCKER_HOST": stack.classic_engine, "DOCKER_CONFIG": str(tmp_path / "docker")}
    )


def images(bench: Bench) -> str:
    command = ["docker", "images", "--quiet", "--no-trunc", "--filter=dangling=true"]
    return subprocess.run(command, env=bench.env, capture_output=True, text=True, check=True).stdout


def test_the_engines_image_becomes_a_verified_layout(tmp_path: Path, bench: Bench) -> None:
    context = write_context(tmp_path / "src", TWO_LAYERS, a_txt="hello", b_txt="there" * 1000)
    before = images(bench)
    options = image_options(context, platforms=("linux/amd64",), annotations={"team": "x"})
    image = bench.step(options).run(EMPTY).image("app")
    layout = Layout(bench.root / str(image.layout))
    root = layout.root()
    layout.verify(root)
    assert image.builder == "classic engine"
    assert image.platforms == {"linux/amd64": image.digest}
    assert image.attestations == ()
    manifest = parse_manifest(layout.read(root))
    assert manifest.annotations["team"] == "x"
    assert {layer.media_type for layer in manifest.layers} == {OCI_LAYER_GZIP}
    config = json.loads(layout.read(manifest.config))
    assert config["config"]["Labels"]["own"] == "yes"
    assert len(config["rootfs"]["diff_ids"]) == len(manifest.layers) == 2
    assert "classic image store, without provenance and rewritten file times" in bench.heard.text
    assert images(bench) == before


def test_a_rebuild_gives_the_same_digest(tmp_path: Path, bench: Bench) -> None:
    context = write_context(tmp_path / "src", TWO_LAYERS, a_txt="hello", b_txt="there")
    step = bench.step(image_options(context))
    first = step.run(EMPTY)
    assert step.run(first) == first


def test_one_layer_that_is_there_twice(tmp_path: Path, bench: Bench) -> None:
    context = write_context(tmp_path / "src", "FROM scratch\nCOPY a.txt /\nCOPY a.txt /\n", a_txt="x")
    image = bench.step(image_options(context)).run(EMPTY).image("app")
    layout = Layout(bench.root / str(image.layout))
    layers = [layer.digest for layer in parse_manifest(layout.read(layout.root())).layers]
    assert len(layers) == 2
    assert layers[0] == layers[1]


def test_what_the_engine_cannot_save_is_the_engines_failure(tmp_path: Path, bench: Bench) -> None:
    context = write_context(tmp_path / "src", "FROM scratch\nLABEL no=layer\n")
    with pytest.raises(ToolError, match=r"the engine can't save the image: .*empty export"):
        bench.step(image_options(context)).run(EMPTY)


def test_several_platforms_need_another_builder_and_the_error_says_which(tmp_path: Path, bench: Bench) -> None:
    context = write_context(tmp_path / "src", TWO_LAYERS, a_txt="hello", b_txt="there")
    with pytest.raises(
        ToolError, match=r"no builder can build app for linux/amd64, linux/arm64: .*docker driver"
    ) as e:
        bench.step(image_options(context, platforms=BOTH)).run(EMPTY)
    assert "containerd image store" in e.value.hint
    assert "builder.create: true" in e.value.hint


def test_a_builder_that_cannot_be_created_leaves_the_engine(tmp_path: Path, bench: Bench) -> None:
    context = write_context(tmp_path / "src", TWO_LAYERS, a_txt="hello", b_txt="there")
    (tmp_path / "bin").mkdir()
    # Creating a builder pulls its image, which hangs on the network this machine has: here it never can.
    real = subprocess.run(["sh", "-c", "command -v docker"], capture_output=True, text=True, check=True).stdout.strip()
    (tmp_path / "bin" / "docker").write_text(
        f'#!/bin/sh\nif [ "$2" = create ]; then echo "ERROR: no network" >&2; exit 1; fi\nexec {real} "$@"\n'
    )
    (tmp_path / "bin" / "docker").chmod(0o755)
    env = {**bench.env, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    creating = replace(bench, env=env, create=True)
    image = creating.step(image_options(context)).run(EMPTY).image("app")
    assert image.builder == "classic engine"
    assert "warning: the builder ci-toolkit can't be created: ERROR: no network" in bench.heard.lines
    with pytest.raises(ToolError, match="can't be created"):
        creating.step(image_options(context, platforms=BOTH)).run(EMPTY)


def test_a_created_builder_builds_what_the_engine_cannot_and_stays_chosen(tmp_path: Path, bench: Bench) -> None:
    context = write_context(tmp_path / "src", TWO_LAYERS, a_txt="hello", b_txt="there")
    (tmp_path / "bin").mkdir()
    real = subprocess.run(["sh", "-c", "command -v docker"], capture_output=True, text=True, check=True).stdout.strip()
    # The builder's image can't be pulled here: the engine with the containerd store stands in for the builder.
    (tmp_path / "bin" / "docker").write_text(
        f"""#!/bin/sh
echo "$*" >> {tmp_path}/calls
case "$*" in
  "buildx create --name=ci-toolkit --driver=docker-container --bootstrap") exit 0 ;;
  *--builder=ci-toolkit*)
    unset DOCKER_HOST
    for argument; do shift; [ "$argument" = --builder=ci-toolkit ] || set -- "$@" "$argument"; done ;;
esac
exec {real} "$@"
"""
    )
    (tmp_path / "bin" / "docker").chmod(0o755)
    env = {**bench.env, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    options = [image_options(context, name=name, platforms=BOTH) for name in ("one", "two")]
    state = replace(bench, env=env, create=True).step(*options).run(EMPTY)
    assert set(state.image("two").platforms) == set(BOTH)
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [" ".join(call.split()[:2]) for call in calls] == [
        "buildx build",
        "buildx create",
        "buildx build",
        "buildx build",
    ]


def test_a_failing_build_is_told_as_such(tmp_path: Path, bench: Bench) -> None:
    context = write_context(tmp_path / "src", "FROM scratch\nCOPY nothing /\n")
    with pytest.raises(ToolError, match=r"Dockerfile:2: .*not found"):
        bench.step(image_options(context)).run(EMPTY)
