"""Real builds by BuildKit and by the classic engine, scanned by the real Trivy: which line made which layer."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.report.findings_file import read_findings
from tests.harness.builds import EMPTY, Bench, image_options, write_context
from tests.harness.scans import Scans

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_toolkit.model.findings import PlatformFindings
    from tests.conftest import Stack

STAGES = """\
ARG BASE=busybox:stable
FROM ${BASE} AS lowest
ENV A=b
RUN echo one > /one && \\
    # in between
    echo two   > /two

FROM lowest AS tools
ARG V=1
SHELL ["/bin/sh", "-ec"]
WORKDIR /work
COPY a.txt a.txt
COPY ["a.txt", "/json.txt"]
ADD a.txt /${V}.txt
RUN ["/bin/touch", "/exec"]
ONBUILD RUN echo hi > /hi

FROM tools AS last
EXPOSE 80/tcp
HEALTHCHECK CMD true
COPY --from=lowest /one /one2
LABEL own=yes
CMD ["sh"]

FROM busybox:stable AS unrelated
RUN false
"""
FROM_LOWEST = [
    (True, 2, ""),
    (False, 4, "RUN /bin/sh -c echo one > /one && echo two > /two"),
    (False, 11, "WORKDIR /work"),
    (False, 12, "COPY"),
    (False, 13, "COPY"),
    (False, 14, "ADD"),
    (False, 15, "RUN"),
    (False, 16, "RUN /bin/sh -ec echo hi > /hi"),
    (False, 21, "COPY"),
]


@pytest.fixture(params=["buildkit", "classic"])
def bench(request: pytest.FixtureRequest, tmp_path: Path, stack: Stack) -> Bench:
    if request.param == "buildkit":
        return Bench(tmp_path)
    env = {**os.environ, "DOCKER_HOST": stack.classic_engine, "DOCKER_CONFIG": str(tmp_path / "docker")}
    saved = subprocess.run(["docker", "save", "busybox:stable"], check=True, capture_output=True).stdout
    subprocess.run(["docker", "load", "--quiet"], input=saved, env=env, check=True, capture_output=True)
    return Bench(tmp_path, env=env)


def scanned(bench: Bench, stack: Stack, dockerfile: str, **changes: object) -> PlatformFindings:
    """Build it, scan it, and read the findings file."""
    context = write_context(bench.root / "src", dockerfile, a_txt="hello")
    options = image_options(context, provenance="none", scratch=False, **changes)
    state = bench.step(options).run(EMPTY)
    scans = Scans(bench.root, stack.trivy, (stack.database,), state=state, images=[options])
    scans.policy = replace(scans.policy, incomplete="ignore")
    reports: Mapping[str, str] = scans.scan().image("app").reports
    [platform] = read_findings(bench.root / reports["findings"]).platforms
    return platform


def test_every_layer_has_the_line_that_made_it(bench: Bench, stack: Stack) -> None:
    layers = scanned(bench, stack, STAGES, target="last", labels={"team": "x"}).layers
    found = [(layer.base, layer.line, " ".join(layer.created_by.split())) for layer in layers]
    assert [(base, line) for base, line, _ in found] == [(base, line) for base, line, _ in FROM_LOWEST]
    assert all(told.startswith(start) for (*_, told), (*_, start) in zip(found, FROM_LOWEST, strict=True))
    assert all(layer.digest.startswith("sha256:") and layer.diff_id.startswith("sha256:") for layer in layers)


def test_an_image_from_scratch_has_no_base(bench: Bench, stack: Stack) -> None:
    layers = scanned(bench, stack, "FROM scratch\nCOPY a.txt /a\n\nADD a.txt /b\n").layers
    assert [(layer.base, layer.line) for layer in layers] == [(False, 2), (False, 4)]


def test_a_stage_without_steps_is_all_base(bench: Bench, stack: Stack) -> None:
    layers = scanned(bench, stack, "# nothing of our own\nFROM busybox:stable\nUSER 1\n").layers
    assert [(layer.base, layer.line) for layer in layers] == [(True, 2)]


def test_a_here_document_is_the_line_it_starts_in(tmp_path: Path, stack: Stack) -> None:
    text = (
        "FROM busybox:stable\nRUN <<EOF\necho a > /a\nEOF\nCOPY <<one <<two /there/\n1\none\n2\ntwo\nRUN echo b > /b\n"
    )
    layers = scanned(Bench(tmp_path), stack, text).layers
    assert [(layer.base, layer.line) for layer in layers] == [(True, 1), (False, 2), (False, 5), (False, 10)]


def test_nothing_is_claimed_of_an_image_of_another_dockerfile(tmp_path: Path, stack: Stack) -> None:
    bench = Bench(tmp_path)
    context = write_context(tmp_path / "src", "FROM busybox:stable\nRUN echo a > /a\nRUN echo b > /b\n")
    options = image_options(context, provenance="none")
    state = bench.step(options).run(EMPTY)
    write_context(context, "FROM busybox:stable\nRUN echo a > /a\nRUN echo c > /b\n")
    scans = Scans(tmp_path, stack.trivy, (stack.database,), state=state, images=[options])
    [platform] = read_findings(tmp_path / scans.scan().image("app").reports["findings"]).platforms
    assert {(layer.base, layer.line) for layer in platform.layers} == {(None, 0)}
    assert len(platform.layers) == 3


def test_build_arguments_are_no_part_of_what_is_told(bench: Bench, stack: Stack) -> None:
    text = 'FROM busybox:stable\nARG PASSWORD\nRUN echo a > /a\nRUN ["/bin/touch", "/b"]\n'
    layers = scanned(bench, stack, text, build_args={"PASSWORD": "hunter2 and more"}).layers
    assert [layer.created_by for layer in layers[1:]] == ["RUN /bin/sh -c echo a > /a", "RUN"]
    assert [layer.line for layer in layers] == [1, 3, 4]
