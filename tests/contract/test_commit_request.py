"""`commit.mode: pull-request` on real repositories: one branch and one request a purpose, nobody's work lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.committing import config, digest, push_as_somebody_else, write
from tests.harness.pinning import pod
from tests.harness.project import git
from tests.harness.requesting import APP, BRANCH, MODE, Workplace, pinned, workplace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.committing import Checkout


@pytest.fixture(params=["gitlab", "github"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workplace]:
    with workplace(tmp_path, request.param) as made:
        yield made


def done(checkout: Checkout) -> str:
    """Pin and commit, successfully; the log."""
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    return result.stderr


def onto(place: Workplace, branch: str, files: dict[str, str | bytes], *flags: str) -> str:
    """Somebody's commit on a branch, made with these flags."""
    there = place.directory / f"somebody-{place.made}-{len(list(place.directory.iterdir()))}"
    git(place.directory, "clone", "-q", "-b", branch, f"file://{place.remote.path}", str(there))
    write(there, files)
    git(there, "add", "-A")
    git(there, "commit", "-q", "-m", "somebody's", *flags)
    git(there, "push", "-q", "--force", "origin", f"HEAD:{branch}")
    return git(there, "rev-parse", "HEAD")


def test_the_first_run_opens_one(place: Workplace) -> None:
    before, checkout = place.remote.head(), place.job("a")
    here = checkout.git("rev-parse", "HEAD")
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert place.remote.head() == before
    assert place.remote.read("deploy/app.yaml", BRANCH) == pod(pinned("a"))
    assert place.remote.git("rev-parse", f"{BRANCH}^") == before
    assert "Target-Branch: main" in place.remote.message(BRANCH)
    assert (place.only.source, place.only.target, place.only.title) == (BRANCH, "main", "deploy: app")
    for told in (digest("a"), "deploy/app.yaml", f"{APP}:0.9", pinned("a"), "/9)", place.remote.head(BRANCH)):
        assert told in place.only.description
    (commit,) = checkout.state().commits
    assert (commit.branch, commit.revision) == (BRANCH, place.remote.head(BRANCH))
    assert commit.request
    assert commit.request.number == 1
    assert commit.request.url in result.stdout
    assert checkout.git("rev-parse", "HEAD") == here
    assert checkout.git("status", "--porcelain") == "M deploy/app.yaml"


@pytest.mark.parametrize("flags", [(), ("--depth=1",)], ids=["whole", "shallow"])
def test_the_same_digest_moves_nothing(place: Workplace, flags: tuple[str, ...]) -> None:
    done(place.job("a", *flags))
    head, writes, description = place.remote.head(BRANCH), place.host.writes(), place.only.description
    push_as_somebody_else(place.remote, place.directory / "else", {"notes.txt": "on\n"})
    again = place.job("a", *flags)
    assert "requested already" in done(again)
    assert (place.remote.head(BRANCH), place.host.writes()) == (head, writes)
    assert place.only.description == description
    assert [commit.revision for commit in again.state().commits] == [head]


@pytest.mark.parametrize("flags", [(), ("--depth=1",)], ids=["whole", "shallow"])
def test_a_new_digest_updates_the_same_request(place: Workplace, flags: tuple[str, ...]) -> None:
    done(place.job("a", *flags))
    theirs = push_as_somebody_else(place.remote, place.directory / "else", {"notes.txt": "on\n"})
    done(place.job("b", *flags))
    assert place.remote.read("deploy/app.yaml", BRANCH) == pod(pinned("b"))
    assert place.remote.git("rev-parse", f"{BRANCH}^") == theirs
    assert place.only.state == "open"
    assert digest("b") in place.only.description
    assert digest("a") not in place.only.description
    assert place.remote.head(BRANCH) in place.only.description


def test_a_target_that_changed_beside_the_pin_gets_a_fresh_commit(place: Workplace) -> None:
    done(place.job("a"))
    new = "# new\n" + pod(f"{APP}:0.9")
    theirs = push_as_somebody_else(place.remote, place.directory / "else", {"deploy/app.yaml": new})
    done(place.job("a"))
    assert place.remote.git("rev-parse", f"{BRANCH}^") == theirs
    assert place.remote.read("deploy/app.yaml", BRANCH) == "# new\n" + pod(pinned("a"))
    assert len(place.requests.all) == 1


@pytest.mark.parametrize("squash", [False, True])
@pytest.mark.parametrize("remove", [False, True])
def test_once_it_is_merged_a_new_digest_gets_a_new_one(place: Workplace, squash: bool, remove: bool) -> None:
    done(place.job("a"))
    place.requests.merge(place.only, squash=squash, remove=remove)
    merged = place.remote.head()
    assert "holds every digest already" in done(place.job("a"))
    assert len(place.requests.all) == 1
    done(place.job("b"))
    assert [kept.state for kept in place.requests.all] == ["merged", "open"]
    assert place.remote.git("rev-parse", f"{BRANCH}^") == merged
    assert place.remote.read("deploy/app.yaml", BRANCH) == pod(pinned("b"))


def test_an_open_request_whose_content_came_in_otherwise_is_left_alone(place: Workplace) -> None:
    done(place.job("a"))
    head, writes = place.remote.head(BRANCH), place.host.writes()
    push_as_somebody_else(place.remote, place.directory / "else", {"deploy/app.yaml": pod(pinned("a"))})
    done(place.job("a"))
    assert (place.remote.head(BRANCH), place.host.writes(), place.only.state) == (head, writes, "open")


@pytest.mark.parametrize("flags", [(), ("--depth=1",)], ids=["whole", "shallow"])
def test_a_commit_of_somebody_else_stays_below_ours(place: Workplace, flags: tuple[str, ...]) -> None:
    done(place.job("a"))
    theirs = onto(place, BRANCH, {"deploy/more.txt": "replicas: 3\n"})
    assert "requested already" not in done(place.job("a", *flags))
    assert place.remote.head(BRANCH) == theirs
    assert "commits of others" in done(place.job("b", *flags))
    assert place.remote.git("rev-parse", f"{BRANCH}^") == theirs
    assert place.remote.read("deploy/more.txt", BRANCH) == "replicas: 3\n"
    assert place.remote.read("deploy/app.yaml", BRANCH) == pod(pinned("b"))
    second = place.remote.head(BRANCH)
    done(place.job("c", *flags))
    assert place.remote.git("rev-parse", f"{BRANCH}^") == second
    assert place.remote.read("deploy/more.txt", BRANCH) == "replicas: 3\n"
    assert digest("c") in place.only.description


def test_a_commit_of_ours_that_somebody_amended_stays(place: Workplace) -> None:
    done(place.job("a"))
    theirs = onto(place, BRANCH, {"deploy/more.txt": "x\n"}, "--amend", "--no-edit", "--date=now")
    done(place.job("b"))
    assert place.remote.git("rev-parse", f"{BRANCH}^") == theirs
    assert place.remote.read("deploy/more.txt", BRANCH) == "x\n"


def test_a_branch_with_others_commits_begins_anew_once_it_is_merged(place: Workplace) -> None:
    done(place.job("a"))
    onto(place, BRANCH, {"deploy/more.txt": "x\n"})
    place.requests.merge(place.only, squash=True)
    merged = place.remote.head()
    done(place.job("b"))
    assert place.remote.git("rev-parse", f"{BRANCH}^") == merged
    assert [kept.state for kept in place.requests.all] == ["merged", "open"]


def test_a_declined_one_is_not_opened_again_but_a_new_one_is(place: Workplace) -> None:
    done(place.job("a"))
    place.requests.close(place.only)
    done(place.job("b"))
    assert [kept.state for kept in place.requests.all] == ["closed", "open"]
    assert place.remote.read("deploy/app.yaml", BRANCH) == pod(pinned("b"))


def test_the_run_itself_again_adds_nothing(place: Workplace) -> None:
    checkout = place.job("a")
    done(checkout)
    writes, (commit,) = place.host.writes(), checkout.state().commits
    done(checkout)
    assert place.host.writes() == writes
    assert checkout.state().commits == (commit,)


def test_a_run_on_the_requests_own_branch_asks_for_nothing(place: Workplace) -> None:
    done(place.job("a"))
    writes, head = place.host.writes(), place.remote.head(BRANCH)
    looped = place.job("b", "-b", BRANCH)
    looped.env |= {"CI_COMMIT_BRANCH": BRANCH, "GITHUB_REF": f"refs/heads/{BRANCH}"}
    assert "the branch of a request itself" in done(looped)
    assert (place.host.writes(), place.remote.head(BRANCH)) == (writes, head)
    assert looped.state().commits == ()


def test_a_run_of_one_image_is_a_request_of_its_own(place: Workplace) -> None:
    text = config("app", "web", commit=MODE)
    push_as_somebody_else(
        place.remote,
        place.directory / "else",
        {".ci-toolkit.yml": text, "deploy/app.yaml": pod(f"{APP}:0.9", APP.replace("/app", "/web:0.9"))},
    )
    for name in ("app", "web"):
        checkout = place.job("a")
        checkout.digests = {"app": digest("a"), "web": digest("b")}
        checkout.hand_state_on()
        result = checkout.run("run", "--steps", "pin,commit", "--image", name)
        assert result.returncode == 0, result.stderr
    assert [kept.source for kept in place.requests.all] == ["ci-toolkit/pin-app/main", "ci-toolkit/pin-web/main"]
    assert [kept.title for kept in place.requests.all] == ["deploy: app", "deploy: web"]


def test_four_at_once_make_one_request(place: Workplace) -> None:
    running = [(checkout := place.job("a"), checkout.start("run", "--steps", "pin,commit")) for _ in range(4)]
    for _, process in running:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert len(place.requests.all) == 1
    assert place.remote.count(BRANCH) == 2
    done(place.job("a"))
    assert place.only.description.count(place.remote.head(BRANCH)) == 1


def test_the_plan_tells_of_branch_and_request(place: Workplace) -> None:
    result = place.job("a").run("run", "--steps", "pin,commit", "--dry-run")
    assert result.returncode == 0, result.stderr
    assert f"push to {BRANCH} at origin" in result.stdout
    assert f"of {BRANCH} into main" in result.stdout
    assert f"--force-with-lease=refs/heads/{BRANCH}:<head>" in result.stdout
    assert place.host.server.seen == []
    assert place.requests.all == []


def test_a_pull_requests_run_asks_for_nothing(place: Workplace) -> None:
    checkout = place.job("a")
    checkout.env |= {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_REF": "refs/pull/3/merge",
        "CI_MERGE_REQUEST_IID": "3",
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "99",
    }
    checkout.run("run", "--steps", "pin,commit")
    assert place.host.server.seen == []
    assert place.remote.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"
