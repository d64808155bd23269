"""`commit.repository`: the manifests are in another repository, and so is the commit."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.harness.committing import REGISTRY, Checkout, digest, push_as_somebody_else
from tests.harness.gitops import APP, PINNED, GitOps, gitops
from tests.harness.pinning import pod

if TYPE_CHECKING:
    from pathlib import Path

LEFT = [".gitignore", "lock", "state.json"]


@pytest.fixture
def place(tmp_path: Path) -> GitOps:
    return gitops(tmp_path)


def left(checkout: Checkout) -> list[str]:
    """What is in the workdir."""
    return sorted(path.name for path in (checkout.root / ".ci-toolkit").iterdir())


def test_a_run_commits_there_and_nowhere_else(place: GitOps) -> None:
    before, checkout = place.remote.head(), place.job()
    here = checkout.git("rev-parse", "HEAD"), checkout.git("status", "--porcelain")
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert place.remote.read("deploy/app.yaml") == pod(PINNED)
    assert place.remote.changed() == ["deploy/app.yaml"]
    assert place.remote.git("rev-parse", "main^") == before
    assert place.remote.message() == f"deploy: app\n\napp → {PINNED}\n\nImage-Digest: app@{digest('a')}"
    (commit,) = checkout.state().commits
    assert (commit.repository, commit.branch, commit.files) == (str(place.remote.path), "main", ("deploy/app.yaml",))
    (pin,) = checkout.state().pins
    assert (pin.file, pin.old, pin.new, pin.repository) == (
        "deploy/app.yaml",
        f"{APP}:0.9",
        PINNED,
        str(place.remote.path),
    )
    assert f"deploy/app.yaml:4 of {place.remote.path}  {PINNED}" in result.stdout
    assert f"committed  {place.remote.head()[:12]} on main of {place.remote.path}" in result.stdout
    assert place.app.count() == 1
    assert (checkout.git("rev-parse", "HEAD"), checkout.git("status", "--porcelain")) == here
    assert left(checkout) == LEFT
    assert "git pull" not in result.stderr


def test_nothing_is_said_of_files_that_the_job_s_repository_doesn_t_have(place: GitOps, tmp_path: Path) -> None:
    files = {name: tmp_path / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.touch()
    checkout = place.job(env={name: str(file) for name, file in files.items()})
    checkout.env |= {"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main", "GITHUB_REPOSITORY": "acme/shop"}
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert "::notice" not in result.stdout + result.stderr
    assert "deploy/app.yaml" not in files["GITHUB_OUTPUT"].read_text()
    assert place.remote.head() in files["GITHUB_OUTPUT"].read_text()
    assert f"`deploy/app.yaml` of `{place.remote.path}`" in files["GITHUB_STEP_SUMMARY"].read_text()


def test_once_more_makes_no_second_commit(place: GitOps) -> None:
    place.job().pin_and_commit()
    result = place.job().pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert "nothing to commit" in result.stderr
    assert place.remote.count() == 2


def test_pin_alone_looks_and_commit_alone_commits(place: GitOps) -> None:
    checkout = place.job()
    checked = checkout.run("pin", "--check", "--diff")
    assert checked.returncode == 1, checked.stderr
    assert f"+    - image: {PINNED}" in checked.stdout
    assert f"main at {place.remote.path}: 1 file would change: deploy/app.yaml:4" in checked.stderr
    assert "ci-toolkit commit" in checked.stderr
    looked = checkout.run("pin")
    assert looked.returncode == 0, looked.stderr
    assert f"deploy/app.yaml:4: {APP}:0.9 → {PINNED}" in looked.stderr
    assert place.remote.count() == 1
    fresh = place.job()
    result = fresh.run("commit")
    assert result.returncode == 0, result.stderr
    assert place.remote.read("deploy/app.yaml") == pod(PINNED)
    assert place.job().run("pin", "--check").returncode == 0


def test_the_plan_asks_nobody(place: GitOps) -> None:
    checkout = place.job(address="ssh://git@gitops.invalid/acme/gitops.git")
    result = checkout.run("plan", "--steps", "pin,commit")
    assert result.returncode == 0, result.stderr
    address = "ssh://git@gitops.invalid/acme/gitops.git"
    assert f"--depth=1 {address} 'refs/heads/<default branch>'" in result.stdout
    assert f"find the images in deploy/**/*.yaml of <default branch> at {address}" in result.stdout
    assert f"commit deploy/**/*.yaml on top of <default branch> at {address}: deploy: app" in result.stdout
    assert f"{address} '<commit>:refs/heads/<default branch>'" in result.stdout
    assert left(checkout) == [".gitignore", "state.json"]


def test_another_branch(place: GitOps) -> None:
    place.remote.git("branch", "live", "main")
    result = place.job(branch="live").pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert (place.remote.count(), place.remote.count("live")) == (1, 2)


@pytest.mark.parametrize("what", ["branch", "repository", "empty"])
def test_what_isn_t_there_is_4(place: GitOps, tmp_path: Path, what: str) -> None:
    if what == "repository":
        checkout = place.job(address=str(tmp_path / "nowhere.git"))
    elif what == "empty":
        place.remote.git("update-ref", "-d", "refs/heads/main")
        checkout = place.job()
    else:
        checkout = place.job(branch="nowhere")
    result = checkout.pin_and_commit()
    assert result.returncode == 4, result.stderr
    assert str(tmp_path) in result.stderr
    assert left(checkout) == LEFT


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"deploy/app.yaml": None, "x": "y"}, "no file matches 'deploy/**/*.yaml'"),
        ({"deploy/app.yaml": pod("a")}, "wants at least one"),
    ],
)
def test_manifests_that_lack_the_image_are_2_and_told_with_their_place(
    place: GitOps, tmp_path: Path, files: dict[str, str | bytes | None], said: str
) -> None:
    push_as_somebody_else(place.remote, tmp_path / "else", files)
    result = place.job().pin_and_commit()
    assert result.returncode == 2, result.stderr
    assert f"main at {place.remote.path}: pin[0]" in result.stderr
    assert said in result.stderr
    assert "from the top of that repository" in result.stderr


def test_a_branch_that_moved_gets_the_pins_on_its_new_head(place: GitOps, tmp_path: Path) -> None:
    before = place.remote.head()
    theirs = push_as_somebody_else(place.remote, tmp_path / "else", {"README": "theirs\n"})
    place.remote.git("update-ref", "refs/heads/main", before)
    place.remote.git("update-ref", "refs/heads/theirs", theirs)
    once = place.remote.path / "once"
    place.remote.hook("update", f"mkdir {once} 2>/dev/null && git update-ref refs/heads/main {theirs}; exit 0")
    result = place.job().pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert "has moved on; trying again" in result.stderr
    assert place.remote.git("rev-parse", "main^") == theirs
    assert place.remote.read("deploy/app.yaml") == pod(PINNED)


def test_ten_at_once_all_get_theirs_in(tmp_path: Path) -> None:
    names = [f"image{number}" for number in range(10)]
    place = gitops(tmp_path)
    manifest = pod(*(f"{REGISTRY}/{name}:0.9" for name in names))
    push_as_somebody_else(place.remote, tmp_path / "else", {"deploy/app.yaml": manifest})
    running = []
    for name in names:
        checkout = place.job(*names)
        running.append(checkout.start("run", "--steps", "pin,commit", "--image", name))
    for process in running:
        _, err = process.communicate(timeout=180)
        assert process.returncode == 0, err
    assert place.remote.count() == 12
    assert place.remote.read("deploy/app.yaml") == pod(*(f"{REGISTRY}/{n}:1.0@{digest('a')}" for n in names))


def test_a_push_that_is_refused_is_4(place: GitOps) -> None:
    place.remote.hook("pre-receive", "echo 'GH006: Protected branch update failed' >&2; exit 1")
    checkout = place.job()
    result = checkout.pin_and_commit()
    assert result.returncode == 4, result.stderr
    assert "Protected branch" in result.stderr
    assert checkout.state().commits == ()


def test_what_a_killed_run_left_goes_with_the_next(place: GitOps) -> None:
    checkout = place.job()
    at = place.directory / "bin"
    at.mkdir()
    real = shutil.which("git")
    wrapper = at / "git"
    wrapper.write_text(
        f'#!/bin/sh\ncase " $* " in *" push --porcelain "*) kill -9 $PPID; exit 1;; esac\nexec {real} "$@"\n'
    )
    wrapper.chmod(0o755)
    checkout.env["PATH"] = f"{at}:{checkout.environment()['PATH']}"
    assert checkout.run("run", "--steps", "pin,commit").returncode == -9
    assert any(name.startswith("other-") for name in left(checkout))
    del checkout.env["PATH"]
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert left(checkout) == LEFT
    assert place.remote.count() == 2


@pytest.mark.parametrize(
    "address",
    ["ext::sh -c touch", "--upload-pack=x", "https://ci:geheim@git.example.com/x", "ssh://-oProxyCommand=x/y"],
)
def test_what_is_no_address_is_refused_by_the_config(place: GitOps, address: str) -> None:
    checkout = place.job()
    file = checkout.root / ".ci-toolkit.yml"
    file.write_text(file.read_text().replace(str(place.remote.path), address))
    result = checkout.run("commit")
    assert result.returncode == 2
    assert "commit.repository" in result.stderr
    assert "geheim" not in result.stdout + result.stderr


def test_a_repository_without_a_mode_is_refused_by_the_config(place: GitOps) -> None:
    checkout = place.job()
    file = checkout.root / ".ci-toolkit.yml"
    file.write_text(file.read_text().replace('"push"', '"none"'))
    result = checkout.run("pin")
    assert result.returncode == 2
    assert "commit.repository" in result.stderr


def test_a_remote_of_the_checkout_beside_it_is_refused_by_the_config(place: GitOps) -> None:
    checkout = place.job()
    file = checkout.root / ".ci-toolkit.yml"
    file.write_text(file.read_text().replace('"mode"', '"remote": "upstream", "mode"'))
    result = checkout.run("commit")
    assert result.returncode == 2
    assert "commit.remote: `repository` says where to commit" in result.stderr
