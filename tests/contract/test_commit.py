"""`ci-toolkit commit` on real repositories: just the pinned places get in, and the checkout is left as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.harness.committing import (
    REGISTRY,
    Checkout,
    Remote,
    config,
    digest,
    everything_below,
    push_as_somebody_else,
    write,
)
from tests.harness.pinning import pod

if TYPE_CHECKING:
    from pathlib import Path

APP = f"{REGISTRY}/app"
PINNED = f"{APP}:1.0@{digest('a')}"


def reconfigured(checkout: Checkout, commit: str) -> None:
    """Give the checkout this `commit` section; the config needn't be committed."""
    (checkout.root / ".ci-toolkit.yml").write_text(config("app", commit=commit))


def test_a_plain_commit(remote: Remote, checkout: Checkout) -> None:
    before = remote.head()
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert remote.read("deploy/app.yaml") == pod(PINNED)
    assert remote.changed() == ["deploy/app.yaml"]
    assert remote.git("rev-parse", "main^") == before
    assert remote.message() == f"deploy: app\n\napp → {PINNED}\n\nImage-Digest: app@{digest('a')}"
    (commit,) = checkout.state().commits
    assert (commit.branch, commit.revision, commit.files) == ("main", remote.head(), ("deploy/app.yaml",))
    assert f"committed  {remote.head()[:12]} on main" in result.stdout
    assert checkout.git("rev-parse", "HEAD") == remote.head()
    assert checkout.git("status", "--porcelain") == ""
    assert sorted(p.name for p in (checkout.root / ".ci-toolkit").iterdir()) == [".gitignore", "lock", "state.json"]


def test_after_the_commit_the_run_is_still_the_same(remote: Remote, checkout: Checkout) -> None:
    built = checkout.git("rev-parse", "HEAD")
    checkout.pin_and_commit()
    again = checkout.run("run", "--steps", "pin,commit")
    assert again.returncode == 0, again.stderr
    assert "nothing to commit" in again.stderr
    assert remote.count() == 2
    assert len(checkout.state().commits) == 1
    assert checkout.state().source.revision == built
    assert checkout.run("tag").returncode == 0
    assert checkout.state().source.revision == built


def test_what_else_is_staged_or_dirty_stays_where_it_is(remote: Remote, checkout: Checkout) -> None:
    write(checkout.root, {"notes.txt": "staged\n", "new.txt": "staged too\n"})
    checkout.git("add", "notes.txt", "new.txt")
    write(checkout.root, {"notes.txt": "dirty on top\n", "untracked.txt": "x\n"})
    checkout.git("update-index", "--assume-unchanged", ".ci-toolkit.yml")
    before = checkout.git("status", "--porcelain")
    staged = checkout.git("diff", "--cached")
    assert checkout.pin_and_commit().returncode == 0
    assert remote.changed() == ["deploy/app.yaml"]
    assert checkout.git("status", "--porcelain") == before
    assert checkout.git("diff", "--cached") == staged
    assert (checkout.root / "notes.txt").read_text() == "dirty on top\n"
    assert "h .ci-toolkit.yml" in checkout.git("ls-files", "-v")


def test_other_changes_of_a_pinned_file_stay_in_the_checkout(remote: Remote, checkout: Checkout) -> None:
    write(checkout.root, {"deploy/app.yaml": pod(f"{APP}:0.9") + "# mine\n"})
    assert checkout.pin_and_commit().returncode == 0
    assert remote.read("deploy/app.yaml") == pod(PINNED)
    assert checkout.git("diff", "--unified=0", "--", "deploy").splitlines()[-1] == "+# mine"


def test_staged_changes_of_a_pinned_file_keep_the_checkout_where_it_is(remote: Remote, checkout: Checkout) -> None:
    before = checkout.git("rev-parse", "HEAD")
    write(checkout.root, {"deploy/app.yaml": pod(f"{APP}:0.9") + "# mine\n"})
    checkout.git("add", "deploy/app.yaml")
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert "git pull" in result.stderr
    assert remote.read("deploy/app.yaml") == pod(PINNED)
    assert checkout.git("rev-parse", "HEAD") == before
    assert checkout.git("show", ":deploy/app.yaml") == (pod(f"{APP}:0.9") + "# mine").strip()


def test_commits_that_were_not_pushed_are_nobody_elses_business(remote: Remote, checkout: Checkout) -> None:
    write(checkout.root, {"notes.txt": "not pushed\n"})
    checkout.git("commit", "-q", "-a", "-m", "mine")
    checkout.hand_state_on()
    mine = checkout.git("rev-parse", "HEAD")
    assert checkout.pin_and_commit().returncode == 0
    assert remote.read("notes.txt") == "notes\n"
    assert remote.read("deploy/app.yaml") == pod(PINNED)
    assert checkout.git("rev-parse", "HEAD") == mine


def test_nothing_changed_means_no_commit(remote: Remote, checkout: Checkout, tmp_path: Path) -> None:
    push_as_somebody_else(remote, tmp_path / "other", {"deploy/app.yaml": pod(PINNED)})
    before = remote.head()
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert "nothing to commit" in result.stderr
    assert remote.head() == before
    assert checkout.state().commits == ()


def test_manifests_that_do_not_hold_what_was_pinned_are_5(remote: Remote, checkout: Checkout) -> None:
    before = remote.head()
    result = checkout.run("commit")
    assert result.returncode == 5
    assert "deploy/app.yaml:4" in result.stderr
    assert "ci-toolkit pin" in result.stderr
    assert remote.head() == before


def test_without_a_mode_nothing_happens_and_nothing_is_said(remote: Remote, checkout: Checkout) -> None:
    reconfigured(checkout, "{ mode: none }")
    before = remote.head()
    assert checkout.run("pin").returncode == 0
    result = checkout.run("commit", "-v", "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    assert checkout.run("plan", "--steps", "commit").stdout.strip() == ""
    assert remote.head() == before


def test_the_plan_shows_files_branch_message_and_push(remote: Remote, checkout: Checkout) -> None:
    before = everything_below(checkout.root)
    result = checkout.run("plan", "--steps", "pin,commit")
    assert result.returncode == 0, result.stderr
    assert "commit deploy/app.yaml on top of main at origin: deploy: app" in result.stdout
    assert "origin '<commit>:refs/heads/main'" in result.stdout
    assert "--force " not in result.stdout
    assert {k: v for k, v in everything_below(checkout.root).items() if k != ".git/index"} == {
        k: v for k, v in before.items() if k != ".git/index"
    }
    assert remote.count() == 1


def test_another_branch_message_and_author(remote: Remote, checkout: Checkout) -> None:
    remote.git("branch", "deploy/live", "main")
    message = '"ship {version} {digest:12}{environment}"'
    author = "{ name: Deploy Bot, email: deploy@example.com }"
    reconfigured(
        checkout, f"{{ mode: push, branch: deploy/live, message: {message}, author: {author}, skip-ci: true }}"
    )
    here = checkout.git("rev-parse", "HEAD")
    assert checkout.pin_and_commit().returncode == 0
    assert remote.count() == 1
    assert remote.message("deploy/live").splitlines()[0] == "ship 1.0 aaaaaaaaaaaa [skip ci]"
    who = remote.git("log", "-1", "--format=%an <%ae> %cn <%ce>", "deploy/live")
    assert who == "Deploy Bot <deploy@example.com> Deploy Bot <deploy@example.com>"
    assert checkout.git("rev-parse", "HEAD") == here


def test_on_github_the_bot_commits_and_the_run_is_named(remote: Remote, checkout: Checkout) -> None:
    checkout.env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_SHA": checkout.git("rev-parse", "HEAD"),
        "GITHUB_REPOSITORY": "acme/app",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_RUN_ID": "42",
    }
    checkout.git("checkout", "-q", "--detach")
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert remote.git("log", "-1", "--format=%an <%ae>", "main") == (
        "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"
    )
    assert "Run-URL: https://github.example/acme/app/actions/runs/42" in remote.message().splitlines()
    assert remote.git("log", "-1", "--format=%(trailers:key=Image-Digest,valueonly)", "main").strip() == (
        f"app@{digest('a')}"
    )


def test_without_any_branch_it_is_2_before_anything_is_done(checkout: Checkout) -> None:
    checkout.git("checkout", "-q", "--detach")
    result = checkout.pin_and_commit()
    assert result.returncode == 2
    assert "commit.branch" in result.stderr
    assert (checkout.root / "deploy/app.yaml").read_text() == pod(f"{APP}:0.9")


def test_without_a_remote_it_is_2(checkout: Checkout) -> None:
    reconfigured(checkout, "{ mode: push, remote: elsewhere }")
    result = checkout.pin_and_commit()
    assert result.returncode == 2
    assert "its remotes are origin" in result.stderr


def test_a_branch_that_the_remote_does_not_have_is_4(checkout: Checkout) -> None:
    reconfigured(checkout, "{ mode: push, branch: nowhere }")
    result = checkout.pin_and_commit()
    assert result.returncode == 4
    assert "there is no branch nowhere at origin" in result.stderr


def test_gits_own_identity_is_taken(remote: Remote, checkout: Checkout) -> None:
    checkout.git("config", "user.name", "Ada")
    checkout.git("config", "user.email", "ada@example.com")
    assert checkout.pin_and_commit().returncode == 0
    assert remote.git("log", "-1", "--format=%an <%ae>", "main") == "Ada <ada@example.com>"
