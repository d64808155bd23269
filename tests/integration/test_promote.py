"""Promotion as people do it: between real registries, by digest, refused before anything is written, idempotent."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.model.attestation import ScanAttestation
from ci_toolkit.model.digest import Digest
from tests.harness.delivered import TWO_ENVIRONMENTS, Delivered, crane, delivered, delivered_to_two, manifest, tags_in
from tests.harness.project import git
from tests.harness.proxy import FaultServer, answers
from tests.harness.registry import running_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.harness.registry import Registry

Completed = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running_registry(tmp_path_factory.mktemp("source")) as running:
        yield running


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running_registry(tmp_path_factory.mktemp("target")) as running:
        yield running


@pytest.fixture
def here(tmp_path: Path) -> str:
    """A part of repository names that is this test's own."""
    return tmp_path.name.lower().replace("_", "-").strip("-")


@pytest.fixture
def project(tmp_path: Path, source: Registry, target: Registry, here: str) -> Delivered:
    return delivered_to_two(tmp_path / "project", f"{source.host}/{here}", f"{target.host}/{here}")


@pytest.fixture
def promote(project: Delivered, run_command: Callable[..., Completed]) -> Callable[..., Completed]:
    def run(*arguments: str, code: int = 0) -> Completed:
        done = run_command("promote", *arguments, cwd=project.root, env={"GITHUB_ACTIONS": "", "USER": "alice"})
        assert done.returncode == code, done.stderr
        return done

    return run


def test_through_both_environments(
    project: Delivered, promote: Callable[..., Completed], source: Registry, target: Registry, here: str
) -> None:
    digest, short = project.digests["app"], project.short
    production = project.root / "deploy/production/app.yaml"
    before = production.read_bytes()
    promote("staging")
    assert crane("digest", f"{source.host}/{here}/app:staging") == digest
    assert crane("digest", f"{source.host}/{here}/app:staging-{short}") == digest
    assert (
        f"image: {source.host}/{here}/app:staging-{short}@{digest}   # keep me"
        in (project.root / "deploy/staging/app.yaml").read_text()
    )
    assert production.read_bytes() == before
    done = promote("production")
    there = f"{target.host}/{here}/prod/app"
    assert tags_in(there) == sorted(["production", f"production-{short}"])
    for tag in tags_in(there):
        assert crane("digest", f"{there}:{tag}") == digest
        crane("validate", "--remote", f"{there}:{tag}", "--platform", "linux/arm64")
    assert len(json.loads(crane("manifest", f"{there}:production"))["manifests"]) == 3
    assert f"image: {there}:production-{short}@{digest}   # keep me" in production.read_text()
    assert digest in done.stdout
    records = {p.environment: p for p in project.state.promotions}
    assert (records["staging"].source, records["production"].source) == ("build", "staging")
    assert (records["production"].by, records["production"].gate) == ("alice", "on")
    assert {pin.environment for pin in project.state.pins} == {"staging", "production"}


def test_a_second_time_writes_nothing(
    tmp_path: Path, source: Registry, here: str, run_command: Callable[..., Completed]
) -> None:
    with FaultServer(source.host).running() as proxy:
        config = TWO_ENVIRONMENTS.format(source=f"{proxy.host}/{here}", target=f"{proxy.host}/{here}")
        project = delivered(tmp_path / "project", config)
        for environment, repository in (("staging", "app"), ("production", "prod/app")):
            manifest(project.root, environment, f"{proxy.host}/{here}/{repository}")
            assert run_command("promote", environment, cwd=project.root).returncode == 0
        state, files = project.state, [p.stat().st_mtime_ns for p in project.root.glob("deploy/*/*")]
        proxy.seen.clear()
        for environment in ("staging", "production"):
            done = run_command("promote", environment, cwd=project.root)
            assert done.returncode == 0, done.stderr
        assert proxy.seen
        assert {exchange.method for exchange in proxy.seen} <= {"GET", "HEAD"}
        assert (project.state.images, project.state.promotions) == (state.images, state.promotions)
        assert [p.stat().st_mtime_ns for p in project.root.glob("deploy/*/*")] == files


def test_the_plan_says_it_all_and_writes_nothing(
    project: Delivered, promote: Callable[..., Completed], source: Registry, target: Registry, here: str
) -> None:
    promote("staging")
    crane("tag", f"{source.host}/{here}/app:staging", "other")
    before = project.state_file.read_bytes()
    done = promote("production", "--dry-run")
    digest = project.digests["app"]
    assert f"app: {digest} from staging ({source.host}/{here}/app), gate on; copies " in done.stdout
    assert f"{target.host}/{here}/prod/app:production → {digest} (new)" in done.stdout
    assert "deploy/production/app.yaml:8" in done.stdout
    assert tags_in(f"{target.host}/{here}/prod/app") == []
    assert project.state_file.read_bytes() == before


def test_a_tag_that_moves_is_told_from_where(
    project: Delivered, promote: Callable[..., Completed], source: Registry, here: str
) -> None:
    promote("staging")
    older = project.digests["app"]
    newer = delivered(project.root.parent / "newer", (project.root / ".ci-toolkit.yml").read_text())
    git(newer.root, "commit", "-q", "--allow-empty", "-m", "second")
    assert newer.digests["app"] != older
    done = promote("staging", "--digest", newer.digests["app"], "--override", "a trial", "--dry-run")
    assert f"{source.host}/{here}/app:staging → {newer.digests['app']} (from {older})" in done.stdout


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"verdict": "fail", "blocking": ("CVE-2019-11324 urllib3 1.24.1 (high)",)}, "first CVE-2019-11324"),
        ({"verdict": None, "scan": None}, "nothing here tells that"),
    ],
)
def test_the_gate_counts(
    project: Delivered,
    promote: Callable[..., Completed],
    source: Registry,
    here: str,
    changes: dict[str, object],
    said: str,
) -> None:
    project.with_image("app", **changes)
    done = promote("staging", code=1)
    assert said in done.stderr
    assert tags_in(f"{source.host}/{here}/app") == [f"sha-{project.short}"]
    promote("staging", "--override", "hotfix 4711, accepted by bob")
    (record,) = project.state.promotions
    assert (record.gate, record.reason) == ("overridden", "hotfix 4711, accepted by bob")
    done = promote("production", code=1)
    assert "is not promoted to production" in done.stderr


@pytest.mark.parametrize(("result", "code"), [("PASSED", 0), ("FAILED", 1)])
def test_an_attestation_tells_the_verdict(
    project: Delivered, promote: Callable[..., Completed], result: str, code: int
) -> None:
    project.state_file.unlink()
    attestation = ScanAttestation(digest=Digest(project.digests["app"]), result=result)  # type: ignore[arg-type]
    (project.root / "attestation.json").write_text(json.dumps(attestation.as_json("app")))
    promote("staging", "--attestation", "attestation.json", code=code)


def test_without_a_state_the_tags_tell_the_digest_and_the_image_its_revision(
    project: Delivered, promote: Callable[..., Completed], target: Registry, here: str
) -> None:
    promote("staging")
    project.state_file.unlink()
    git(project.root, "commit", "-q", "--allow-empty", "-m", "a later one")
    promote("production", "--override", "the state is gone")
    assert tags_in(f"{target.host}/{here}/prod/app") == sorted(["production", f"production-{project.short}"])


def test_never_promoted_to_the_source(promote: Callable[..., Completed]) -> None:
    done = promote("production", code=4)
    assert "app is not in staging" in done.stderr


def test_an_immutable_tag_and_a_lost_source_are_refused_before_anything_is_written(
    project: Delivered, promote: Callable[..., Completed], source: Registry, target: Registry, here: str
) -> None:
    there = f"{target.host}/{here}/prod/app"
    other = delivered(project.root.parent / "other", (project.root / ".ci-toolkit.yml").read_text())
    crane("copy", f"{source.host}/{here}/app:sha-{other.short}", f"{there}:production-{project.short}")
    promote("staging")
    done = promote("production", code=5)
    assert f"{there}:production-{project.short} is immutable and is {other.digests['app']}" in done.stderr
    assert project.digests["app"] in done.stderr
    assert tags_in(there) == [f"production-{project.short}"]
    lost = "sha256:" + "1" * 64
    done = promote("staging", "--digest", lost, "--override", "none", code=4)
    assert lost in done.stderr


def test_two_digests_for_one_tag(
    tmp_path: Path, source: Registry, here: str, run_command: Callable[..., Completed]
) -> None:
    config = f"""\
version: 1
images:
  one: {{ repositories: [{source.host}/{here}/one] }}
  two: {{ repositories: [{source.host}/{here}/two] }}
environments:
  staging:
    tags: [staging]
    repositories: {{ one: [{source.host}/{here}/both], two: [{source.host}/{here}/both] }}
"""
    project = delivered(tmp_path / "project", config)
    done = run_command("promote", "staging", cwd=project.root)
    assert done.returncode == 5
    assert f"{source.host}/{here}/both:staging can't be both one ({project.digests['one']}) and two" in done.stderr
    assert tags_in(f"{source.host}/{here}/both") == []
    assert run_command("promote", "staging", "--image", "one", cwd=project.root).returncode == 0


def test_a_registry_that_fails_stops_no_other_and_the_next_run_finishes(
    tmp_path: Path, source: Registry, target: Registry, here: str, run_command: Callable[..., Completed]
) -> None:
    with FaultServer(target.host).running() as proxy:
        proxy.rule("POST", "/blobs/uploads/", answers(403), times=99)
        config = f"""\
version: 1
images:
  app: {{ repositories: [{source.host}/{here}/app], tags: ["sha-{{sha:7}}"] }}
environments:
  staging:
    tags: [staging]
    repositories: {{ app: [{proxy.host}/{here}/app, {source.host}/{here}/staging] }}
    pin: ["deploy/staging/*.yaml"]
"""
        project = delivered(tmp_path / "project", config)
        path = manifest(project.root, "staging", f"{source.host}/{here}/staging")
        before = path.read_bytes()
        done = run_command("promote", "staging", cwd=project.root)
        assert done.returncode == 4, done.stderr
        assert f"app → {proxy.host}/{here}/app" in done.stderr
        assert [p.repository for p in project.state.promotions] == [f"{source.host}/{here}/staging"]
        assert tags_in(f"{source.host}/{here}/staging") == ["staging"]
        assert path.read_bytes() == before
        proxy.rules.clear()
        done = run_command("promote", "staging", cwd=project.root)
        assert done.returncode == 0, done.stderr
        assert len(project.state.promotions) == 2
        assert crane("digest", f"{target.host}/{here}/app:staging") == project.digests["app"]
        assert project.digests["app"].encode() in path.read_bytes()


def test_pins_that_find_nothing_are_told_before_a_tag_moves(
    project: Delivered, promote: Callable[..., Completed], source: Registry, here: str
) -> None:
    manifest(project.root, "staging", "registry.example.com/something/else")
    done = promote("staging", code=2)
    assert "environments.staging.pin[0]" in done.stderr
    assert "staging" not in tags_in(f"{source.host}/{here}/app")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere",), "there is no environment 'nowhere'"),
        (("staging", "--from", "nowhere"), "there is no environment 'nowhere'"),
        (("staging", "--digest", "latest"), "digest"),
        (("staging", "--override", " "), "--override wants a reason"),
        (("staging", "--attestation", "missing.json"), "missing.json can't be read"),
    ],
)
def test_usage(promote: Callable[..., Completed], arguments: tuple[str, ...], said: str) -> None:
    assert said in promote(*arguments, code=2).stderr


def test_a_state_of_another_policy_is_no_verdict(project: Delivered, promote: Callable[..., Completed]) -> None:
    scan = project.state.image("app").scan
    assert scan
    project.with_image("app", scan=replace(scan, policy_hash="sha256:0"))
    assert "under another policy" in promote("staging", code=1).stderr
