"""A release: its notes, its two commits beside the branch, its tags, and what then names it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_toolkit import state as states
from ci_toolkit.config.load import load
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import OCI_INDEX
from ci_toolkit.state import ImageState, Pushed, Source, State
from tests.harness.committing import PORT
from tests.harness.project import git
from tests.harness.proxy import Answer, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.proxy import Exchange, FaultServer

ROOT = Path(__file__).parent.parent.parent
RELEASED = "ghcr.io/ci-toolkit/ci-toolkit"
IMAGE = f"127.0.0.1:{PORT}/ci-toolkit/ci-toolkit"
"""Where the image is in these tests: a registry that answers."""
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
CHANGELOG = (
    "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-11-27\n\n### Added\n\n- A thing.\n\n## [1.2.2]\n\n- Old.\n"
)
ACTION = (ROOT / "action.yml").read_text(encoding="utf-8")
DOCKERFILE = f"ARG BASE_IMAGE=debian:trixie-slim@{DIGEST}\nARG TRIVY_IMAGE=ghcr.io/aquasecurity/trivy:1.0.0@{DIGEST}\n"


@pytest.fixture
def repository(tmp_path: Path, registry_of_commits: FaultServer) -> Iterator[Path]:
    """This repository's workflows, docs and examples, at version 1.2.3."""
    for directory in (".github", "docs", "examples/github", "examples/gitlab", "templates"):
        shutil.copytree(ROOT / directory, tmp_path / directory)
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/generate_templates.py", tmp_path / "scripts")
    (tmp_path / "ci_toolkit").mkdir()
    for file in ("scripts/release.py", ".ci-toolkit.yml", ".gitignore"):
        shutil.copy(ROOT / file, tmp_path / file)
    for path in (
        tmp_path / "scripts/release.py",
        tmp_path / ".ci-toolkit.yml",
        *(tmp_path / "templates").rglob("*.yml"),
    ):
        path.write_text(path.read_text(encoding="utf-8").replace(RELEASED, IMAGE), encoding="utf-8")
    (tmp_path / "ci_toolkit/version.py").write_text('__version__ = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "action.yml").write_text(ACTION)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "-m", "main")
    _deliver(tmp_path)
    rule = Rule("HEAD", "/v2/ci-toolkit/ci-toolkit/manifests/", lambda asked: _answer(asked, tmp_path), times=10**6)
    registry_of_commits.rules.insert(0, rule)
    yield tmp_path
    registry_of_commits.rules.remove(rule)


def _answer(asked: Exchange, root: Path) -> None:
    """The registry has what the state says that was pushed."""
    (pushed,) = states.read(root / ".ci-toolkit/state.json").image("ci-toolkit").pushed
    named = {"docker-content-digest": str(pushed.digest), "content-length": "1000"}
    asked.answer(Answer(200, {"content-type": OCI_INDEX, **named}))


def _deliver(root: Path, *tags: str, digest: str = DIGEST) -> None:
    """Leave the state of a run that pushed the image from what is checked out."""
    pushed = Pushed(repository=IMAGE, digest=Digest(digest), tags=tags or ("1.2.3", "1.2", "latest"))
    image = ImageState(digest=pushed.digest, tags=pushed.tags, pushed=(pushed,), verdict="pass", gate="on")
    config = load(root / ".ci-toolkit.yml", {})
    source = Source(revision=git(root, "rev-parse", "HEAD"), images_hash=config.images_hash)
    (root / ".ci-toolkit").mkdir(exist_ok=True)
    states.write(root / ".ci-toolkit/state.json", State(tool_version="0", source=source, images={"ci-toolkit": image}))


def _release(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "scripts/release.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _named(root: Path, revision: str) -> set[str]:
    """What the action is called at, in all that a revision holds."""
    text = git(root, "grep", "-hE", "ci-toolkit/ci-toolkit[a-z/.-]*@[0-9a-f]{40}", revision)
    return set(re.findall(r"ci-toolkit/ci-toolkit(?:/[\w./-]+)?@([0-9a-f]{40} # \S+)", text))


def test_the_notes_are_the_versions_part_of_the_changelog(repository: Path) -> None:
    done = _release(repository, "notes", "1.2.3")
    assert (done.returncode, done.stdout) == (0, "### Added\n\n- A thing.\n")


@pytest.mark.parametrize(
    ("version", "words"),
    [("1.2.2", "version.py doesn't say 1.2.2"), ("v1.2.3", "is no version"), ("1", "is no version")],
)
def test_a_version_that_is_not_the_packages_is_refused(repository: Path, version: str, words: str) -> None:
    done = _release(repository, "notes", version)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr


def test_a_version_without_notes_is_refused(repository: Path) -> None:
    (repository / "CHANGELOG.md").write_text("## [Unreleased]\n")
    assert "no part [1.2.3]" in _release(repository, "notes", "1.2.3").stderr


def test_a_release_is_made_of_images_that_cannot_be_moved(repository: Path) -> None:
    (repository / "Dockerfile").write_text(DOCKERFILE.removesuffix(f"@{DIGEST}\n") + "\n")
    for arguments in (("notes", "1.2.3"), ("commit", "1.2.3", DIGEST)):
        done = _release(repository, *arguments)
        assert (done.returncode, done.stdout, git(repository, "tag")) == (1, "", "")
        assert "names ghcr.io/aquasecurity/trivy:1.0.0 without its digest (`crane digest ghcr.io/" in done.stderr


def test_a_release_names_its_digest_and_then_itself(repository: Path) -> None:
    main = git(repository, "rev-parse", "HEAD")
    done = _release(repository, "commit", "1.2.3", DIGEST)
    assert (done.returncode, done.stdout) == (0, "refs/tags/v1.2.3 +refs/tags/v1\n"), done.stderr
    tagged = git(repository, "rev-parse", "v1.2.3^{commit}")
    assert tagged == git(repository, "rev-parse", "v1^{commit}")
    action = git(repository, "rev-parse", "v1.2.3~1")
    assert git(repository, "rev-parse", "v1.2.3~2") == main
    released = ACTION.replace("image: Dockerfile", f"image: docker://{IMAGE}:1.2.3@{DIGEST}")
    assert git(repository, "show", f"{action}:action.yml") == released.strip()
    changed = git(repository, "show", "--name-only", "--format=", action).split()
    assert {name for name in changed if not name.startswith("templates/")} == {"action.yml"}
    assert _named(repository, tagged) == {f"{action} # v1.2.3"}
    included = (repository / "examples/gitlab/.gitlab-ci.yml").read_text()
    assert f"/ci-toolkit/ci-toolkit/{action}/templates/gitlab/template.yml # v1.2.3\n" in included
    assert git(repository, "status", "--porcelain") == ""
    (pin,) = states.read(repository / ".ci-toolkit/state.json").pins
    assert (pin.file, pin.old, pin.new) == ("action.yml", f"{IMAGE}:1.2.3", f"{IMAGE}:1.2.3@{DIGEST}")


@pytest.mark.parametrize(
    ("tags", "digest", "words"),
    [
        ((), f"sha256:{'f' * 64}", "should name"),
        (("1.2.4",), DIGEST, "should name"),
    ],
)
def test_a_state_of_another_image_releases_nothing(
    repository: Path, tags: tuple[str, ...], digest: str, words: str
) -> None:
    _deliver(repository, *tags, digest=digest)
    main = git(repository, "rev-parse", "HEAD")
    done = _release(repository, "commit", "1.2.3", DIGEST)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr
    assert (git(repository, "rev-parse", "HEAD"), git(repository, "tag")) == (main, "")


def test_a_state_of_another_revision_or_none_releases_nothing(repository: Path) -> None:
    git(repository, "commit", "--quiet", "--allow-empty", "-m", "newer")
    main = git(repository, "rev-parse", "HEAD")
    for _ in range(2):
        done = _release(repository, "commit", "1.2.3", DIGEST)
        assert (done.returncode, done.stdout) == (1, "")
        assert "`ci-toolkit pin` ended with " in done.stderr
        assert (git(repository, "rev-parse", "HEAD"), git(repository, "tag")) == (main, "")
        (repository / ".ci-toolkit/state.json").unlink(missing_ok=True)
        (repository / "action.yml").write_text(ACTION)


def test_every_gitlab_template_runs_the_released_image_and_has_its_own_hash(repository: Path) -> None:
    assert _release(repository, "commit", "1.2.3", DIGEST).returncode == 0
    directory = repository / "templates/gitlab"
    for line in (directory / "integrity.txt").read_text().splitlines():
        name, stated = line.split()
        text = (directory / name).read_text()
        assert f"default: {IMAGE}:1.2.3@{DIGEST} # v1.2.3\n" in text
        assert "0" * 64 not in text
        assert stated == f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def test_nothing_is_released_where_the_templates_name_no_image(repository: Path) -> None:
    (repository / "templates/parts/base.yml").write_text("spec:\n")
    done = _release(repository, "commit", "1.2.3", DIGEST)
    assert (done.returncode, git(repository, "tag")) == (1, "")
    assert "names the image 0 times" in done.stderr


def test_a_pre_release_moves_no_tag(repository: Path) -> None:
    (repository / "ci_toolkit/version.py").write_text('__version__ = "1.2.3-rc.1"\n')
    (repository / "CHANGELOG.md").write_text("## [1.2.3-rc.1]\n\n- Soon.\n")
    _deliver(repository, "1.2.3-rc.1")
    assert _release(repository, "commit", "1.2.3-rc.1", DIGEST).stdout == "refs/tags/v1.2.3-rc.1\n"
    assert git(repository, "tag").split() == ["v1.2.3-rc.1"]


@pytest.mark.parametrize(("digest", "action"), [("sha256:1", ACTION), (DIGEST, "image: docker://elsewhere\n")])
def test_nothing_is_committed_where_something_is_amiss(repository: Path, digest: str, action: str) -> None:
    (repository / "action.yml").write_text(action)
    main = git(repository, "rev-parse", "HEAD")
    assert _release(repository, "commit", "1.2.3", digest).returncode == 1
    assert (git(repository, "rev-parse", "HEAD"), git(repository, "tag")) == (main, "")


def test_main_can_name_the_released_commit_again_and_again(repository: Path) -> None:
    for revision in ("1" * 40, "2" * 40):
        assert _release(repository, "name", "1.2.3", revision).returncode == 0
        assert _named(repository, "HEAD") == {f"{revision} # v1.2.3"}


def test_every_call_of_the_action_has_the_form_that_a_release_rewrites() -> None:
    files = [*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/github/**/*.yml")]
    calls = [
        line.strip()
        for file in [*files, ROOT / "README.md"]
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.search(r"uses: ci-toolkit/ci-toolkit", line)
    ]
    assert calls
    for call in calls:
        assert re.fullmatch(r"(?:- )?uses: ci-toolkit/ci-toolkit(?:/[\w./-]+)?@[0-9a-f]{40} # \S+", call), call
