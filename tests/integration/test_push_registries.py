"""`ci-toolkit push` to several registries at once: one fails, all are slow, a signal comes, the next run finishes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.project import git
from tests.harness.proxy import FaultServer, answers, drips
from tests.harness.pushing import sample_image
from tests.harness.registry import program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ci_toolkit.model.oci import Descriptor
    from tests.harness.proxy import Exchange
    from tests.harness.registry import Registry

Completed = subprocess.CompletedProcess[str]
COUNT = 3
CONFIG = """\
version: 1
images:
  app:
    repositories: [{repositories}]
    tags: ["1.0", "sha-{{sha:7}}", latest]
    immutable-tags: [sha-*]
scan:
  gate: {{ severity: none }}
"""


@pytest.fixture
def hosts(registry: Registry) -> Iterator[list[FaultServer]]:
    """One registry under three names, each of which can misbehave by itself."""
    with ExitStack() as stack:
        yield [stack.enter_context(FaultServer(registry.host).running()) for _ in range(COUNT)]


@dataclass
class Project:
    """A project whose image is built, as another job of the same pipeline hands it on."""

    root: Path
    image: Descriptor
    repositories: list[str]

    @property
    def state(self) -> dict[str, Any]:
        app: dict[str, Any] = json.loads((self.root / ".ci-toolkit/state.json").read_text())["images"]["app"]
        return app

    def digests(self, tag: str) -> list[str]:
        """What a tag is, repository by repository; empty where there is none."""
        asked = [[program("crane"), "digest", f"{repository}:{tag}"] for repository in self.repositories]
        return [subprocess.run(a, capture_output=True, text=True, check=False).stdout.strip() for a in asked]


@pytest.fixture
def project(hosts: list[FaultServer], tmp_path: Path, run_command: Callable[..., Completed]) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    name = "".join(c for c in tmp_path.name if c.isalnum())
    repositories = [f"{server.host}/test/{name}-{number}" for number, server in enumerate(hosts)]
    (root / ".ci-toolkit.yml").write_text(CONFIG.format(repositories=", ".join(repositories)))
    (root / "Dockerfile").write_text("FROM scratch\n")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    done = run_command("tag", cwd=root)
    assert done.returncode == 0, done.stderr
    _, image = sample_image(root / ".ci-toolkit/layouts/app", salt=tmp_path.name)
    file = root / ".ci-toolkit/state.json"
    state = json.loads(file.read_text())
    state["images"]["app"].update(digest=str(image.digest), layout=".ci-toolkit/layouts/app")
    file.write_text(json.dumps(state))
    return Project(root, image, repositories)


def test_one_that_fails_stops_no_other_and_the_next_run_finishes(
    project: Project, hosts: list[FaultServer], run_command: Callable[..., Completed]
) -> None:
    denied = json.dumps({"errors": [{"code": "DENIED", "message": "not today"}]}).encode()
    hosts[1].rule("POST", "", answers(403, body=denied), times=99)
    done = run_command("push", cwd=project.root)
    assert done.returncode == 4
    good, digest = [project.repositories[0], project.repositories[2]], str(project.image.digest)
    assert project.digests("latest") == [digest, "", digest]
    assert sorted(p["repository"] for p in project.state["pushed"]) == sorted(good)
    assert list(project.state["failed_pushes"]) == [project.repositories[1]]
    assert "403 Forbidden: DENIED: not today" in project.state["failed_pushes"][project.repositories[1]]
    assert re.search(rf"failed +{re.escape(project.repositories[1])}  POST .*not today", done.stdout)
    lines = done.stderr.splitlines()
    for repository in good:
        assert len([line for line in lines if line.startswith(f"app → {repository}: ") and " now " in line]) == 1
    assert f"warning: app: the push to {project.repositories[1]} failed: POST" in done.stderr
    for server in hosts:
        server.reset()
    again = run_command("push", cwd=project.root)
    assert again.returncode == 0, again.stderr
    assert project.digests("latest") == [digest] * COUNT
    assert project.state["failed_pushes"] == {}
    assert [server.count("PUT") + server.count("POST") > 0 for server in hosts] == [False, True, False]


def test_every_failure_is_named_and_the_worst_decides(
    project: Project, hosts: list[FaultServer], run_command: Callable[..., Completed]
) -> None:
    hosts[0].rule("POST", "", answers(403), times=99)
    hosts[2].rule("HEAD", "sha256:", answers(200, {"Docker-Content-Digest": "sha256:" + "0" * 64}), times=9)
    hosts[2].rule("GET", "sha256:", answers(200, {"Docker-Content-Digest": "sha256:" + "0" * 64}), times=9)
    done = run_command("push", cwd=project.root)
    assert done.returncode == 5
    error = next(line for line in done.stderr.splitlines() if line.startswith("error"))
    assert error.index(f"app → {project.repositories[0]}: ") < error.index(f"app → {project.repositories[2]}: ")
    assert project.digests("1.0") == ["", str(project.image.digest), ""]


def test_tags_are_written_immutable_ones_first_and_moving_ones_last(
    project: Project, hosts: list[FaultServer], run_command: Callable[..., Completed]
) -> None:
    done = run_command("push", cwd=project.root)
    assert done.returncode == 0, done.stderr
    for server in hosts:
        puts = [e.path.rpartition("/")[2] for e in server.seen if e.method == "PUT" and "/manifests/" in e.path]
        written = [name for name in puts if not name.startswith("sha256:")]
        assert written[0].startswith("sha-")
        assert written[-1] == "latest"


def test_an_immutable_tag_with_another_digest_moves_nothing_and_stops_no_other(
    project: Project, hosts: list[FaultServer], run_command: Callable[..., Completed], tmp_path: Path
) -> None:
    sha = next(tag for tag in project.state["tags"] if tag.startswith("sha-"))
    _, other = sample_image(tmp_path / "other", salt="other")
    taken = f"{project.repositories[1]}:{sha}"
    subprocess.run([program("crane"), "push", tmp_path / "other", taken], check=True, capture_output=True)
    hosts[1].reset()
    done = run_command("push", cwd=project.root)
    assert done.returncode == 5
    assert f"{taken} is immutable and is {other.digest}, not {project.image.digest}" in done.stderr
    assert {exchange.method for exchange in hosts[1].seen} <= {"HEAD", "GET"}
    assert project.digests("latest") == [str(project.image.digest), "", str(project.image.digest)]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_pushes_to_all_of_them(
    project: Project, hosts: list[FaultServer], number: signal.Signals, code: int
) -> None:
    """Two registries hang in mid-upload; what the third has got already is kept."""
    waiting = [threading.Event() for _ in hosts]

    def hang(place: int) -> Callable[[Exchange], None]:
        def behave(exchange: Exchange) -> None:
            waiting[place].set()
            drips(b"", 0.05, headers_first=False)(exchange)

        return behave

    for place in (0, 2):
        hosts[place].rule("PUT", "digest=", hang(place), times=99)
    executable = Path(sys.executable).parent / "ci-toolkit"
    with subprocess.Popen([executable, "push"], cwd=project.root, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("app → "):
                break
        assert waiting[0].wait(30)
        assert waiting[2].wait(30)
        start = time.monotonic()
        process.send_signal(number)
        process.communicate(timeout=30)
    assert time.monotonic() - start < 5
    assert process.returncode == code
    assert [pushed["repository"] for pushed in project.state["pushed"]] == [project.repositories[1]]
    assert project.digests("1.0") == ["", str(project.image.digest), ""]
