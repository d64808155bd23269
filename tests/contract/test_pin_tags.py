"""Before `ci-toolkit pin` writes a tag beside a digest, the registry has to say that they still are one image."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ci_toolkit import state as states
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import OCI_INDEX, OCI_MANIFEST
from tests.harness.committing import PUSHED, REGISTRY, Checkout, clone, config, digest, make_remote
from tests.harness.pinning import pod
from tests.harness.proxy import answers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.proxy import FaultServer

APP = f"{REGISTRY}/app"
OLD = pod(f"{APP}:0.9", f"{APP}:0.9@{digest('c')}")
NEW = pod(*[f"{APP}:1.0@{digest('a')}"] * 2)
TAG = "/manifests/1.0"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    remote = make_remote(tmp_path / "remote.git", {".ci-toolkit.yml": config("app"), "deploy/app.yaml": OLD})
    return clone(remote, tmp_path / "checkout", {"app": digest("a")})


@pytest.fixture
def registry(registry_of_commits: FaultServer) -> Iterator[FaultServer]:
    """The registry, and only this test's requests."""
    registry_of_commits.seen.clear()
    rules = list(registry_of_commits.rules)
    yield registry_of_commits
    registry_of_commits.rules[:] = rules


def manifest(checkout: Checkout) -> str:
    return (checkout.root / "deploy/app.yaml").read_text()


def restyled(checkout: Checkout, style: str) -> None:
    file = checkout.root / ".ci-toolkit.yml"
    file.write_text(file.read_text().replace('yaml"]\n', f'yaml"]\n    style: {style}\n'))


def test_a_tag_is_asked_for_once_and_a_second_run_asks_nobody(checkout: Checkout, registry: FaultServer) -> None:
    plan = checkout.run("pin", "--dry-run", "--format", "json")
    first = json.loads(plan.stdout)["actions"][0]
    assert (first["method"], first["url"]) == ("HEAD", f"http://{REGISTRY.replace('/', '/v2/')}/app{TAG}")
    assert registry.seen == []
    done = checkout.run("pin")
    assert done.returncode == 0, done.stderr
    assert manifest(checkout) == NEW
    assert [e.path for e in registry.seen if e.method == "HEAD"] == [f"/v2/acme/app{TAG}"]
    registry.seen.clear()
    assert checkout.run("pin").returncode == 0
    assert registry.seen == []


@pytest.mark.parametrize(("tags", "word"), [({"app": digest("b")}, f"is {digest('b')} now"), ({}, "isn't there any")])
def test_a_tag_that_points_elsewhere_fails_and_nothing_is_written(
    checkout: Checkout, registry: FaultServer, tags: dict[str, str], word: str
) -> None:
    PUSHED.digests.pop("app")
    PUSHED.digests.update(tags)
    done = checkout.run("pin")
    assert done.returncode == 5, done.stderr
    assert f"{APP}:1.0 {word}" in done.stderr
    assert digest("a") in done.stderr
    assert manifest(checkout) == OLD
    assert registry.count("HEAD", TAG) == 1
    restyled(checkout, "digest")
    assert checkout.run("pin").returncode == 0
    assert manifest(checkout) == pod(*[f"{APP}@{digest('a')}"] * 2)
    assert registry.count("HEAD", TAG) == 1, "no tag is written, so nobody is asked"


def test_a_tag_in_a_comment_is_a_tag_that_is_written(checkout: Checkout, registry: FaultServer) -> None:
    restyled(checkout, "digest-and-comment")
    PUSHED.digests["app"] = digest("b")
    assert checkout.run("pin").returncode == 5
    assert registry.count("HEAD", TAG) == 1
    PUSHED.digests["app"] = digest("a")
    assert checkout.run("pin").returncode == 0
    assert manifest(checkout).count(f"{APP}@{digest('a')}  # tag=1.0 # keep") == 2


def test_a_check_asks_nobody(checkout: Checkout, registry: FaultServer) -> None:
    assert checkout.run("pin", "--check").returncode == 1
    assert registry.seen == []


def test_a_registry_that_refuses_is_a_remote_failure(checkout: Checkout, registry: FaultServer) -> None:
    registry.rules.clear()
    registry.rule("", "", answers(403), times=100)
    done = checkout.run("pin")
    assert done.returncode == 4, done.stderr
    assert manifest(checkout) == OLD
    assert "Traceback" not in done.stderr


def test_the_commit_asks_no_more(checkout: Checkout, registry: FaultServer) -> None:
    done = checkout.pin_and_commit()
    assert done.returncode == 0, done.stderr
    assert registry.count("HEAD", TAG) == 1


def test_an_index_is_not_swapped_for_one_of_its_parts(checkout: Checkout, registry: FaultServer) -> None:
    """An image that was an index when it was pinned, and now is one platform's alone."""
    part = {"mediaType": OCI_MANIFEST, "digest": digest("a"), "size": 10}
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [part]}).encode()
    before = str(Digest.of(index))
    (checkout.root / "deploy/app.yaml").write_text(pod(f"{APP}:0.9@{before}"))
    registry.rule("GET", before, answers(200, {"content-type": OCI_INDEX}, index), times=5)
    state = checkout.state()
    image = replace(state.image("app"), platforms={"linux/amd64": Digest(digest("a"))})
    states.write(checkout.root / ".ci-toolkit/state.json", replace(state, images={"app": image}))
    done = checkout.run("pin")
    assert done.returncode == 5, done.stderr
    assert f"{before} is the image for all platforms" in done.stderr
    assert manifest(checkout) == pod(f"{APP}:0.9@{before}")
