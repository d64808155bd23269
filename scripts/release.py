#!/usr/bin/env python3
"""The parts of a release that a workflow can't say in a line; `.github/workflows/release.yml` calls them.

notes VERSION            print the version's part of CHANGELOG.md; fails where the version isn't the package's own, or
                         the Dockerfile takes a part from an image that can be moved
commit VERSION DIGEST    make the release's two commits and its tags, and print what is to be pushed; `ci-toolkit pin`
                         takes the digest from the state that the delivering run left in `.ci-toolkit`
name VERSION COMMIT      let every workflow, page and example that calls the action name this commit, and commit that
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ACTION = "ci-toolkit/ci-toolkit"
IMAGE = "ghcr.io/ci-toolkit/ci-toolkit"
REFERENCE = re.compile(rf"({re.escape(ACTION)}(?:/[\w./-]+)?)@[0-9a-f]{{40}} # \S+")
"""The action, or a workflow of this repository, at a commit; the comment says which version it is."""
TEMPLATE = re.compile(rf"(/{re.escape(ACTION)}/)[0-9a-f]{{40}}(/templates/[\w./-]+) # \S+")
"""A GitLab template's address at a commit."""
NAMING = (".github/workflows/*.yml", "README.md", "docs/*.md", "examples/**/*.md", "examples/**/*.yml")
_MOVABLE = re.compile(r"^ARG \w+_IMAGE=(?!\S+@sha256:[0-9a-f]{64}$)(.*)$", re.MULTILINE)
"""An image that the Dockerfile is made of and names without a digest."""
PINNED = re.compile(rf"{re.escape(IMAGE)}(?::\S+)?@sha256:[0-9a-f]{{64}}( # \S+)?")
"""The image by digest, as the GitLab templates run it; the comment says which version it is."""
_VERSION = re.compile(r"(\d+)\.\d+\.\d+(-[0-9A-Za-z.-]+)?")
_AUTHOR = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")


def notes(root: Path, version: str) -> str:
    """The version's part of the changelog."""
    if not _VERSION.fullmatch(version):
        sys.exit(f"release: {version!r} is no version: write it like 1.2.3 or 1.2.3-rc.1")
    if f'__version__ = "{version}"' not in (root / "ci_toolkit/version.py").read_text(encoding="utf-8").splitlines():
        sys.exit(f"release: ci_toolkit/version.py doesn't say {version}: change it on main first")
    if found := _MOVABLE.search((root / "Dockerfile").read_text(encoding="utf-8")):
        sys.exit(
            f"release: the Dockerfile names {found[1]} without its digest (`crane digest {found[1]}`): add it on main"
        )
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    for part in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        heading, _, text = part.partition("\n")
        if heading.startswith(f"[{version}]"):
            return text.strip()
    sys.exit(f"release: CHANGELOG.md has no part [{version}]: change it on main first")


def commit(root: Path, version: str, digest: str) -> str:
    """The action and the GitLab templates name the image by digest; then everything names that action.

    Returns the refs to push.
    """
    notes(root, version)
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        sys.exit(f"release: {digest!r} is no digest")
    _pin(root, f"docker://{IMAGE}:{version}", digest)
    _pin_templates(root, version, digest)
    _commit(root, f"ci-toolkit {version}: the action and the GitLab templates run the released image")
    name(root, version, _git(root, "rev-parse", "HEAD"))
    _git(root, "tag", f"v{version}")
    match = _VERSION.fullmatch(version)
    if match is None or match[2]:
        return f"refs/tags/v{version}"
    _git(root, "tag", "--force", f"v{match[1]}")
    return f"refs/tags/v{version} +refs/tags/v{match[1]}"


def _pin_templates(root: Path, version: str, digest: str) -> None:
    file = root / "templates/parts/base.yml"
    text, places = PINNED.subn(f"{IMAGE}:{version}@{digest} # v{version}", file.read_text(encoding="utf-8"))
    if places != 1:
        sys.exit(f"release: templates/parts/base.yml names the image {places} times by digest, and should do so once")
    file.write_text(text, encoding="utf-8")
    subprocess.run([sys.executable, str(root / "scripts/generate_templates.py")], stdout=sys.stderr, check=True)


def name(root: Path, version: str, revision: str) -> None:
    """Write the commit and its version wherever the action is called, and commit what changed."""
    if not re.fullmatch(r"[0-9a-f]{40}", revision):
        sys.exit(f"release: {revision!r} is no commit")
    for file in sorted({path for pattern in NAMING for path in root.glob(pattern)}):
        old = file.read_text(encoding="utf-8")
        new = REFERENCE.sub(rf"\1@{revision} # v{version}", old)
        new = TEMPLATE.sub(rf"\g<1>{revision}\2 # v{version}", new)
        if new != old:
            file.write_text(new, encoding="utf-8")
    _commit(root, f"ci-toolkit {version}: workflows, docs and examples name it")


def _pin(root: Path, image: str, digest: str) -> None:
    """The action runs this image instead of a Dockerfile, and this project's own `pin` adds the digest."""
    file = root / "action.yml"
    text, places = re.subn(
        r"^  image: Dockerfile$", f"  image: {image}", file.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    if places != 1:
        sys.exit(f"release: action.yml has {places} lines `  image: Dockerfile`, and should have one")
    file.write_text(text, encoding="utf-8")
    command = [str(Path(sys.executable).with_name("ci-toolkit")), "pin", "--quiet"]
    if code := subprocess.run(command, cwd=root, stdout=sys.stderr, check=False).returncode:
        sys.exit(f"release: `ci-toolkit pin` ended with {code}")
    if f"  image: {image}@{digest}" not in file.read_text(encoding="utf-8").splitlines():
        sys.exit(f"release: the delivering run's state is of another image: action.yml should name {image}@{digest}")


def _commit(root: Path, message: str) -> None:
    author, address = _AUTHOR
    _git(root, "-c", f"user.name={author}", "-c", f"user.email={address}", "commit", "--quiet", "--all", "-m", message)


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def main() -> None:
    """Do what the first argument says."""
    root = Path(__file__).resolve().parent.parent
    match sys.argv[1:]:
        case ["notes", version]:
            print(notes(root, version))
        case ["commit", version, digest]:
            print(commit(root, version, digest))
        case ["name", version, revision]:
            name(root, version, revision)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
