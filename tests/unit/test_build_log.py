"""What is made of the lines Buildx prints."""

from __future__ import annotations

import pytest

from ci_toolkit.builders.log import BuildLog
from tests.harness.builds import Heard

FAILED = """\
#0 building with "default" instance using docker driver

#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s
time="2026-01-01T00:00:00Z" level=error msg="(*service).Write failed" error="rpc error: ref x locked: unavailable"
#5 [linux/amd64 2/2] RUN false
#5 0.1 what it said
#5 ERROR: process "/bin/sh -c false" did not complete successfully: exit code: 1
------
 > [linux/amd64 2/2] RUN false:
------
Dockerfile:4
--------------------
   4 | >>> RUN false
--------------------
ERROR: failed to build: failed to solve: process "/bin/sh -c false" did not complete successfully: exit code: 1
"""


def heard(text: str) -> tuple[BuildLog, Heard]:
    listener = Heard()
    log = BuildLog(listener, listener)
    for line in text.splitlines():
        log.hear(line)
    return log, listener


def test_a_failure_is_told_with_its_place() -> None:
    log, listener = heard(FAILED)
    assert log.builder == "default (docker driver)"
    assert log.dockerfile_line == 4
    assert log.reason == 'process "/bin/sh -c false" did not complete successfully: exit code: 1'
    assert "what it said" in log.last_lines()
    assert (log.is_unsuitable, log.is_missing_buildx, log.is_missing_engine) == (False, False, False)
    assert "[linux/amd64 2/2] RUN false" in listener.lines
    assert listener.lines.count("advanced by 1") == 1


def test_what_buildkit_mends_by_itself_is_not_shown() -> None:
    log, listener = heard(FAILED)
    assert "Write failed" not in listener.text
    assert "Write failed" not in log.last_lines()


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: failed to build: OCI exporter is not supported for the docker driver.",
        "ERROR: failed to build: Attestation is not supported for the docker driver.",
        "ERROR: Multi-platform build is not supported for the docker driver.",
        "ERROR: failed to build: Cache export is not supported for the docker driver.",
        "ERROR: failed to build: docker exporter does not currently support exporting manifest lists",
    ],
)
def test_a_builder_that_cannot(line: str) -> None:
    log, _ = heard(f"{line}\nSwitch to a different driver, or turn on the containerd image store, and try again.")
    assert log.is_unsuitable
    assert log.reason.endswith(("driver.", "lists"))


@pytest.mark.parametrize(
    ("line", "buildx", "engine"),
    [
        ("docker: 'buildx' is not a docker command.", True, False),
        ("docker: unknown command: docker buildx", True, False),
        ("unknown flag: --progress", True, False),
        ("ERROR: Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?", False, True),
        ("ERROR: permission denied while trying to connect to the Docker daemon socket", False, True),
    ],
)
def test_parts_that_are_missing(line: str, buildx: bool, engine: bool) -> None:
    log, _ = heard(line)
    assert (log.is_missing_buildx, log.is_missing_engine) == (buildx, engine)
    assert log.reason


def test_a_step_that_prints_such_words_changes_nothing() -> None:
    log, _ = heard("#7 0.1 ERROR: not supported for the docker driver\n#7 0.2 Cannot connect to the Docker daemon")
    assert (log.is_unsuitable, log.is_missing_engine) == (False, False)
    assert log.reason == ""


def test_a_builder_that_cannot_push_by_digest_is_known_by_its_word() -> None:
    # Buildx 0.29.1, whichever image store the engine has.
    said = "push-by-digest is currently not implemented for docker driver, please create a new builder instance"
    log, _ = heard(f"ERROR: failed to build: {said}")
    assert log.is_unsuitable
    assert log.reason == said
