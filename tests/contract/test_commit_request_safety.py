"""What asking for a review must not do: push for a token that can't ask, leak it, ask twice, obey a name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.harness.committing import REGISTRY, config, digest, holding
from tests.harness.github_runner import read_log
from tests.harness.pinning import pod
from tests.harness.proxy import Rule, answers
from tests.harness.requesting import BRANCH, Workplace, pinned, refused, workplace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.proxy import Behaviour, Exchange


@pytest.fixture(params=["gitlab", "github"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workplace]:
    with workplace(tmp_path, request.param) as made:
        yield made


def test_outside_of_a_job_it_is_2(place: Workplace) -> None:
    checkout = place.job("a")
    checkout.env = {}
    result = checkout.pin_and_commit()
    assert result.returncode == 2
    assert "neither a GitLab nor a GitHub job" in result.stderr
    plan = checkout.run("run", "--steps", "pin,commit", "--dry-run")
    assert plan.returncode == 0
    assert f"open a request of {BRANCH} into main" in plan.stdout


def test_a_remote_of_another_server_is_2(place: Workplace) -> None:
    checkout = place.job("a")
    checkout.git("remote", "set-url", "origin", "https://elsewhere.example.com/acme/other.git")
    result = checkout.pin_and_commit()
    assert result.returncode == 2, result.stderr
    assert "the remote is at https://elsewhere.example.com/acme/other" in result.stderr
    assert place.host.writes() == 0


def test_a_lost_reply_opens_no_second_one(place: Workplace) -> None:
    def opens_and_breaks_off(exchange: Exchange) -> None:
        place.host._served(exchange)
        exchange.drop()

    place.host.server.rules.insert(0, _rule("POST", opens_and_breaks_off))
    result = place.job("a").pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert len(place.requests.all) == 1
    assert place.remote.head(BRANCH) in place.only.description


def test_one_that_was_opened_meanwhile_is_updated(place: Workplace) -> None:
    assert place.job("a").pin_and_commit().returncode == 0
    place.host.server.rules.insert(0, _rule("GET", answers(200, {}, b"[]"), path="state=open"))
    result = place.job("b").pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert digest("b") in place.only.description


@pytest.mark.parametrize("status", [429, 503])
def test_a_host_that_is_busy_is_asked_again(place: Workplace, status: int) -> None:
    place.host.server.rules.insert(0, _rule("GET", answers(status, {"retry-after": "0"}, b"{}"), path="state=open"))
    result = place.job("a").pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert len(place.requests.all) == 1


@pytest.mark.parametrize("body", [b"{}", b"[7]", b"<html>", b'[{"iid": "x"}]'])
def test_a_wrong_answer_is_4(place: Workplace, body: bytes) -> None:
    place.host.server.rules.insert(0, _rule("GET", answers(200, {}, body), path="state=open"))
    refused(place, 4)


def test_a_run_that_was_broken_off_before_the_request_is_finished(place: Workplace) -> None:
    place.host.server.rules.insert(0, _rule("POST", answers(400, {}, b'{"message": "no"}')))
    assert place.job("a").pin_and_commit().returncode == 4
    assert place.requests.all == []
    assert place.job("a").pin_and_commit().returncode == 0
    assert place.only.state == "open"
    place.only.description = "half-written"
    assert place.job("a").pin_and_commit().returncode == 0
    assert place.remote.head(BRANCH) in place.only.description


def test_the_token_is_in_no_output_and_no_file(place: Workplace) -> None:
    result = place.job("a").run("run", "--steps", "pin,commit", "-v")
    assert result.returncode == 0, result.stderr
    echo = answers(400, {}, f'{{"message":"{place.token}"}}'.encode())
    place.host.server.rules.insert(0, _rule("GET", echo, path="state=open"))
    failed = place.job("b").run("run", "--steps", "pin,commit", "-v")
    assert failed.returncode == 4
    shown = result.stdout + failed.stdout + "\n".join(read_log(result.stderr + failed.stderr).lines)
    assert place.token not in shown
    assert holding(place.directory, [place.token]) == []


@pytest.mark.parametrize("name", ["$(touch>p)", "größe/|&x", "a'b\"c", "x&state=all#"])
def test_a_hostile_target_is_just_a_name(place: Workplace, name: str) -> None:
    place.remote.git("update-ref", f"refs/heads/{name}", "main")
    quoted = json.dumps(name, ensure_ascii=False)
    text = config("app", commit=f"{{ mode: pull-request, branch: {quoted} }}")
    checkout = place.job("a", files={".ci-toolkit.yml": text})
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert (place.only.source, place.only.target) == (f"ci-toolkit/pin/{name}", name)
    assert "requested already" in checkout.pin_and_commit().stderr
    assert not (checkout.root / "p").exists()


def test_names_and_files_say_nothing_to_the_host(place: Workplace) -> None:
    image, file = "a.b.lock", "deploy/|x`@all.yaml"
    manifest = pod(f"{REGISTRY}/{image}:0.9")
    with workplace(_fresh(place.directory), "gitlab", **{file: manifest}) as other:
        text = config("app", image, commit='{ mode: pull-request, branch: main, message: "/merge {image} @all" }')
        checkout = other.job("a", files={".ci-toolkit.yml": text})
        checkout.digests[image] = digest("b")
        checkout.hand_state_on()
        result = checkout.run("run", "--steps", "pin,commit", "--image", image)
        assert result.returncode == 0, result.stderr
        assert other.only.source == "ci-toolkit/pin-a-b-lock/main"
        assert "``deploy/¦x`@all.yaml``" in other.only.description


def test_a_long_subject_is_cut(place: Workplace) -> None:
    text = config("app", commit=f'{{ mode: pull-request, branch: main, message: "{"x" * 400}" }}')
    assert place.job("a", files={".ci-toolkit.yml": text}).pin_and_commit().returncode == 0
    assert len(place.only.title) == 255


def test_a_branch_that_may_not_be_replaced_is_named(place: Workplace) -> None:
    assert place.job("a").pin_and_commit().returncode == 0
    said = "GitLab: You are not allowed to force push code to a protected branch on this project."
    place.remote.hook("pre-receive", f'echo "{said}" >&2; exit 1')
    result = place.job("b").pin_and_commit()
    assert result.returncode == 4
    assert said in result.stderr
    assert BRANCH in result.stderr
    assert place.remote.read("deploy/app.yaml", BRANCH) == pod(pinned("a"))


def _rule(method: str, behaviour: Behaviour, path: str = "") -> Rule:
    return Rule(method, path, behaviour)


def _fresh(directory: Path) -> Path:
    place = directory / "fresh"
    place.mkdir()
    return place
