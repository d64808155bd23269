"""The push step: who may pass, and what is recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ci_toolkit.errors import IntegrityError, UsageError, VerdictError
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.reference import LayoutRepository, parse_destination
from ci_toolkit.state import Pushed
from tests.harness.push_step import OFF, REPOSITORIES, PushBench
from tests.harness.pushing import TAGS, destinations, sample_image

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> PushBench:
    return PushBench(tmp_path, *sample_image(tmp_path / "layout"))


def test_what_passed_is_pushed_everywhere_and_recorded(bench: PushBench) -> None:
    state = bench.step().run(bench.state())
    assert sorted(bench.publisher.pushed) == sorted((name, bench.image.digest, TAGS) for name in REPOSITORIES)
    image = state.image("app")
    assert image.references == (
        "example.com/app:1.0",
        "example.com/app:latest",
        "ghcr.io/acme/app:1.0",
        "ghcr.io/acme/app:latest",
    )
    assert [record.repository for record in image.pushed] == ["example.com/app", "ghcr.io/acme/app"]
    assert image.pushed[0] == Pushed(
        repository="example.com/app", digest=bench.image.digest, tags=TAGS, uploaded=3, bytes=7, tags_moved=2
    )
    assert image.gate == "on"
    assert bench.saved[-1] == state
    assert bench.progress.of("warn") == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verdict": "fail", "blocking": ("CVE-1 zlib 1 (high)",)}, "1 blocking, first CVE-1"),
        ({"verdict": None}, "never scanned"),
        ({"scan": None}, "never scanned"),
        ({"verdict": "none"}, "the gate refuses it"),
        ({"scan": {"digest": Digest.of(b"other")}}, "another image was scanned"),
        ({"scan": {"policy_hash": "other"}}, "another policy"),
    ],
)
def test_what_did_not_pass_is_not_pushed(bench: PushBench, changes: dict[str, Any], words: str) -> None:
    state = bench.state()
    if isinstance(changes.get("scan"), dict):
        scan = state.image("app").scan
        assert scan
        changes = {"scan": replace(scan, **changes["scan"])}
    state = state.with_image("app", **changes)
    with pytest.raises(VerdictError, match=words) as caught:
        bench.step().run(state)
    assert caught.value.exit_code == 1
    assert bench.publisher.pushed == []
    assert bench.saved == []
    passed = bench.step(no_gate=True).run(state)
    assert len(bench.publisher.pushed) == 2
    assert passed.image("app").gate == "overridden"
    assert "--no-gate" in bench.progress.of("warn")[0]
    assert words in bench.progress.of("warn")[0]


def test_one_refused_image_keeps_all_back(bench: PushBench) -> None:
    good = bench.state().image("app")
    state = replace(bench.state(), images={"app": good, "bad": replace(good, verdict="fail")})
    with pytest.raises(VerdictError, match="bad is not pushed"):
        bench.step(images=("app", "bad")).run(state)
    assert bench.publisher.pushed == []


def test_without_a_gate_nothing_needs_a_scan(bench: PushBench) -> None:
    state = bench.step(OFF).run(bench.state(scan=None, verdict=None))
    assert len(bench.publisher.pushed) == 2
    assert state.image("app").gate == "off"
    assert bench.progress.of("warn") == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"digest": None}, "has not been built"),
        ({"layout": None}, "has not been built"),
        ({"tags": ()}, "has no tags"),
    ],
)
def test_what_earlier_steps_left_open(bench: PushBench, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        bench.step().run(bench.state().with_image("app", **changes))


def test_a_layout_of_another_image_is_refused(bench: PushBench, tmp_path: Path) -> None:
    sample_image(tmp_path / "layout", salt="changed after the build")
    with pytest.raises(IntegrityError, match="in the state") as caught:
        bench.step().run(bench.state())
    assert caught.value.exit_code == 5
    assert bench.publisher.pushed == []


def test_the_plan_names_every_request_in_order(bench: PushBench) -> None:
    empty = replace(bench.state(), images={})
    actions = bench.step().plan(empty)
    assert {action.kind for action in actions} == {"request"}
    first = [action for action in actions if "ghcr.io" in action.url]
    assert first[0].as_json() == {
        "step": "push",
        "kind": "request",
        "summary": "ask whether ghcr.io/acme/app has <digest of app>",
        "image": "app",
        "method": "HEAD",
        "url": "https://ghcr.io/v2/acme/app/manifests/<digest of app>",
    }
    puts = [action.url.rpartition("/")[2] for action in first if action.method == "PUT"]
    assert puts == [
        "<upload>?digest=<digest of each blob>",
        "<digest of each platform>",
        "<digest of app>",
        "<each tag of app>",
    ]
    assert all(action.when for action in first if action.method in ("PUT", "POST"))


def test_the_plan_says_what_is_known(bench: PushBench) -> None:
    urls = [action.url for action in bench.step().plan(bench.state()) if action.method == "PUT"]
    assert "https://example.com/v2/app/manifests/1.0" in urls
    assert f"https://example.com/v2/app/manifests/{bench.image.digest}" in urls


def test_the_plan_knows_plain_http_docker_hub_and_disks(tmp_path: Path) -> None:
    with destinations(root=tmp_path) as there:
        urls = {
            text: there.plan("app", "sha256:x", TAGS, parse_destination(text))[0].url
            for text in ("localhost:5000/app", "nginx", "r.test/app")
        }
        on_disk = there.plan("app", "sha256:x", TAGS, LayoutRepository("store"))
    assert urls == {
        "localhost:5000/app": "http://localhost:5000/v2/app/manifests/sha256:x",
        "nginx": "https://registry-1.docker.io/v2/library/nginx/manifests/sha256:x",
        "r.test/app": "https://r.test/v2/app/manifests/sha256:x",
    }
    assert [action.path for action in on_disk] == [str(tmp_path / "store/blobs"), str(tmp_path / "store/index.json")]
    assert list(tmp_path.iterdir()) == []


def test_to_disk_for_real(bench: PushBench) -> None:
    with destinations(root=bench.root) as there:
        step = bench.step(to=("oci:store",), publisher=there)
        state = step.run(bench.state())
        assert state.image("app").references == ("oci:store:1.0", "oci:store:latest")
        assert step.run(state).image("app").pushed[0].tags_moved == 0
