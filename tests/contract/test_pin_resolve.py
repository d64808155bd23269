"""`ci-toolkit pin --resolve`: the digests that a real registry knows, asked for once, all failures at once."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import parse_index
from ci_toolkit.model.reference import Repository
from ci_toolkit.registry.answers import LIFETIME, Answers
from ci_toolkit.registry.credentials import Credential
from tests.harness.pinning import DIGEST, Checkout, pod
from tests.harness.proxy import answers, changes
from tests.harness.pushing import Pushing, destinations, sample_image
from tests.harness.registry import PASSWORD, USER, free_port, running_registry

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from ci_toolkit.layout import Layout
    from ci_toolkit.model.oci import Descriptor
    from tests.harness.proxy import FaultServer
    from tests.harness.registry import Registry

TAG = r"/manifests/[^s]"


@pytest.fixture(scope="module")
def pushed(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> tuple[Layout, Descriptor]:
    """`vendor/tool` in the registry: an index, as 1.0 and latest."""
    layout, root = sample_image(tmp_path_factory.mktemp("pushed") / "layout", salt="pin")
    with destinations() as there:
        Pushing(there, Repository.parse(f"{registry.host}/vendor/tool"), layout, root)()
    return layout, root


@pytest.fixture
def tool(pushed: tuple[Layout, Descriptor], proxy: FaultServer) -> str:
    """The repository as the proxy shows it."""
    assert pushed
    return f"{proxy.host}/vendor/tool"


@pytest.fixture
def digest(pushed: tuple[Layout, Descriptor]) -> Digest:
    return pushed[1].digest


@pytest.fixture
def checkout(tmp_path: Path, run_command: Callable[..., subprocess.CompletedProcess[str]]) -> Checkout:
    (tmp_path / "home").mkdir()
    env = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "cache"), "DOCKER_CONFIG": ""}
    return Checkout(tmp_path / "project", run_command, env)


def test_every_tag_gets_its_index_digest_and_is_asked_for_once(
    checkout: Checkout, proxy: FaultServer, tool: str, pushed: tuple[Layout, Descriptor]
) -> None:
    layout, root = pushed
    checkout.write(one=pod(f"{tool}:1.0", tool, f"{tool}:1.0"), two=pod(f"{tool}:1.0", f"{tool}:0.9@{DIGEST}"))
    result = checkout.pin("--resolve")
    assert result.returncode == 0, result.stderr
    pinned = f"{tool}:1.0@{root.digest}"
    assert checkout.read("one.yaml") == pod(pinned, f"{tool}@{root.digest}", pinned)
    assert checkout.read("two.yaml") == pod(pinned, f"{tool}:0.9@{DIGEST}")
    assert root.digest not in parse_index(layout.read(root)).platforms.values()
    assert sorted(e.path.rpartition("/")[2] for e in proxy.seen if e.method == "HEAD") == ["1.0", "latest"]
    assert proxy.count("GET", "/manifests/") == 0


def test_a_registry_that_tells_no_digest_on_head_is_asked_by_get(
    checkout: Checkout, proxy: FaultServer, tool: str, digest: Digest
) -> None:
    checkout.write(one=pod(f"{tool}:1.0"))
    proxy.rule("HEAD", TAG, changes(**{"docker-content-digest": None}))
    assert checkout.pin("--resolve").returncode == 0
    assert checkout.read("one.yaml") == pod(f"{tool}:1.0@{digest}")
    assert proxy.count("GET", TAG) == 1


def test_answers_are_kept_for_a_while(checkout: Checkout, proxy: FaultServer, tool: str) -> None:
    checkout.write(one=pod(f"{tool}:1.0"))
    assert checkout.pin("--resolve", "--check").returncode == 1
    assert checkout.pin("--resolve", "--check").returncode == 1
    assert proxy.count("HEAD", TAG) == 1
    assert checkout.pin("--resolve", "--check", "--no-cache").returncode == 1
    assert proxy.count("HEAD", TAG) == 2


def test_nothing_is_asked_where_everything_is_pinned(checkout: Checkout, proxy: FaultServer, tool: str) -> None:
    checkout.write(one=pod(f"{tool}:1.0@{DIGEST}", f'"{tool}:{{{{ x }}}}"'), bad="{{ if }}\nimage: x\n{{ end }}\n")
    document = checkout.pinned("--resolve")
    assert (document["edits"], len(document["skipped"]), len(document["unreadable"])) == ([], 1, 1)
    named = checkout.pin("--resolve", f"--image={tool}", "bad.yaml")
    assert named.returncode == 2
    assert "bad.yaml:2:1: a template" in named.stderr
    assert proxy.seen == []


def test_an_image_limits_what_is_asked(checkout: Checkout, proxy: FaultServer, tool: str, digest: Digest) -> None:
    checkout.write(one=pod(f"{tool}:1.0", "registry.invalid/other:1"))
    assert checkout.pin("--resolve", f"--image={tool}").returncode == 0
    assert checkout.read("one.yaml") == pod(f"{tool}:1.0@{digest}", "registry.invalid/other:1")
    checkout.write(one=pod(f"{tool}:0.9@{DIGEST}", f"{tool}:1.0@{digest}"))
    assert checkout.pin("--resolve", f"--image={tool}:latest").returncode == 0
    assert checkout.read("one.yaml") == pod(f"{tool}:latest@{digest}", f"{tool}:latest@{digest}")
    nowhere = checkout.pin("--resolve", f"--image={proxy.host}/vendor/toll")
    assert nowhere.returncode == 2
    assert f"{tool}:latest" in nowhere.stderr


def test_a_digest_that_is_named_must_be_the_tags(checkout: Checkout, tool: str, digest: Digest) -> None:
    checkout.write(one=pod(f"{tool}:0.9"))
    wrong = checkout.pin("--resolve", f"--image={tool}:1.0@{DIGEST}")
    assert wrong.returncode == 5
    assert f"is {digest}, and not {DIGEST}" in wrong.stderr
    assert checkout.read("one.yaml") == pod(f"{tool}:0.9")
    assert checkout.pin("--resolve", f"--image={tool}:1.0@{digest}").returncode == 0
    assert checkout.read("one.yaml") == pod(f"{tool}:1.0@{digest}")


def test_tags_that_do_not_exist_are_told_all_at_once(checkout: Checkout, tool: str) -> None:
    before = pod(f"{tool}:1.0", f"{tool}:1.1", f"{tool}-not:3")
    checkout.write(one=before)
    result = checkout.pin("--resolve")
    assert result.returncode == 2
    assert f"one.yaml:5:14: {tool}:1.1 doesn't exist (did you mean 1.0?)" in result.stderr
    assert f"one.yaml:6:14: {tool}-not:3 doesn't exist" in result.stderr
    assert "2 tags have no digest to pin; nothing was written" in result.stderr
    assert checkout.read("one.yaml") == before


def test_a_registry_that_fails_is_4_and_what_was_answered_is_kept(
    checkout: Checkout, proxy: FaultServer, tool: str
) -> None:
    checkout.write(one=pod(f"{tool}:1.0", f"{tool}:1.1", f"{tool}:denied"))
    proxy.rule("HEAD", "/manifests/denied", answers(403), times=9)
    result = checkout.pin("--resolve")
    assert result.returncode == 4
    assert "one.yaml:5:14" in result.stderr
    assert "one.yaml:6:14" in result.stderr
    assert "403" in result.stderr
    assert checkout.read("one.yaml") == pod(f"{tool}:1.0", f"{tool}:1.1", f"{tool}:denied")
    assert checkout.pin("--resolve").returncode == 4
    assert proxy.count("HEAD", r"/manifests/1\.0") == 1


def test_the_docker_configs_login_is_used(
    checkout: Checkout, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    layout, root = sample_image(tmp_path / "layout", salt="closed")
    with running_registry(tmp_path_factory.mktemp("closed"), htpasswd=True) as closed:
        repository = f"{closed.host}/vendor/tool"
        checkout.write(one=pod(f"{repository}:1.0"))
        docker = tmp_path / "home/.docker"
        docker.mkdir()
        assert checkout.pin("--resolve").returncode == 4
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        login = {"auths": {closed.host: {"auth": token}}}
        (docker / "config.json").write_text(json.dumps(login), encoding="utf-8")
        with destinations(login=Credential(USER, PASSWORD), hosts=(closed.host,)) as there:
            Pushing(there, Repository.parse(repository), layout, root)()
        result = checkout.pin("--resolve")
    assert result.returncode == 0, result.stderr
    assert checkout.read("one.yaml") == pod(f"{repository}:1.0@{root.digest}")
    assert PASSWORD not in result.stdout + result.stderr


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"a/b:1": 3}', '{"a/b:1": ["sha256:1", 5]}', "[" * 100_000, "\xff"])
def test_a_damaged_cache_is_no_cache(tmp_path: Path, kept: str) -> None:
    file = tmp_path / "digests.json"
    file.write_text(kept, encoding="latin-1")
    now = time.time()
    found = Answers(file, now)
    assert found.known() == {}
    one = Repository.parse("a/b").tagged("1")
    found.keep({one: Digest(DIGEST)})
    assert Answers(file, now + LIFETIME - 1).known() == {str(one): Digest(DIGEST)}
    assert Answers(file, now + LIFETIME).known() == {}
    assert Answers(file, now - 1).known() == {}, "the clock was set back"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_cache_that_cannot_be_written_is_no_failure(
    checkout: Checkout, tmp_path: Path, tool: str, digest: Digest
) -> None:
    (tmp_path / "cache").write_text("no directory", encoding="utf-8")
    checkout.write(one=pod(f"{tool}:1.0"))
    assert checkout.pin("--resolve").returncode == 0
    assert checkout.read("one.yaml") == pod(f"{tool}:1.0@{digest}")


def test_nobody_listens(checkout: Checkout) -> None:
    checkout.write(one=pod(f"127.0.0.1:{free_port()}/vendor/tool:1.0"))
    result = checkout.pin("--resolve")
    assert result.returncode == 4
    assert "one.yaml:4:14" in result.stderr
