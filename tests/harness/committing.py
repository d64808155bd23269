"""Projects with real git remotes whose images were pushed and pinned: everything that comes before a commit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci_toolkit import state as states
from ci_toolkit.config.load import load
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import OCI_INDEX
from ci_toolkit.state import ImageState, Pushed, Source, State
from tests.harness.pinning import pod
from tests.harness.project import git
from tests.harness.proxy import Answer
from tests.harness.registry import free_port

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.harness.proxy import Exchange

COMMAND = Path(sys.executable).parent / "ci-toolkit"
PORT = free_port()
REGISTRY = f"127.0.0.1:{PORT}/acme"
"""Each process of a test run has its own, so it must not get into the name of a test."""
_TAG = re.compile(r"/v2/acme/(?P<name>[^/]+)/manifests/1\.0")


@dataclass
class PushedTags:
    """What `REGISTRY` says of the tag `1.0`: the digest that was pushed last, by image. A rule of a `FaultServer`."""

    digests: dict[str, str] = field(default_factory=dict)

    def __call__(self, exchange: Exchange) -> None:
        """Answer a HEAD."""
        found = _TAG.fullmatch(exchange.path)
        if found is None or found["name"] not in self.digests:
            exchange.answer(Answer(404, {}))
            return
        named = {"docker-content-digest": self.digests[found["name"]], "content-length": "1000"}
        exchange.answer(Answer(200, {"content-type": OCI_INDEX, **named}))


PUSHED = PushedTags()


def digest(letter: str) -> str:
    """A digest of one hexadecimal letter."""
    return f"sha256:{letter * 64}"


def config(*images: str, commit: str = "{ mode: push }", more: str = "") -> str:
    """A config with these images, all manifests below `deploy`, and this `commit` section."""
    lines = [f"  {name}: {{ repositories: [{REGISTRY}/{name}], tags: ['1.0'] }}" for name in images]
    pin = 'pin:\n  - files: ["deploy/**/*.yaml"]'
    return "\n".join(["version: 1", "images:", *lines, pin, f"commit: {commit}", more, ""])


@dataclass
class Remote:
    """A bare repository with a branch `main`, as a server has it."""

    path: Path

    def git(self, *arguments: str) -> str:
        """Run git there."""
        return git(self.path, *arguments)

    def read(self, file: str, branch: str = "main") -> str:
        """A file as the branch has it, every byte."""
        return self.bytes(file, branch).decode()

    def bytes(self, file: str, branch: str = "main") -> bytes:
        """The same, as bytes."""
        command = ["git", "cat-file", "blob", f"{branch}:{file}"]
        return subprocess.run(command, cwd=self.path, capture_output=True, check=True).stdout

    def head(self, branch: str = "main") -> str:
        """The branch's commit."""
        return self.git("rev-parse", f"refs/heads/{branch}")

    def count(self, branch: str = "main") -> int:
        """How many commits the branch has."""
        return int(self.git("rev-list", "--count", branch))

    def message(self, branch: str = "main") -> str:
        """The message of the branch's commit."""
        return self.git("log", "-1", "--format=%B", branch)

    def changed(self, branch: str = "main") -> list[str]:
        """The files that the branch's commit changes."""
        return self.git("diff-tree", "-r", "--no-commit-id", "--name-only", branch).split()

    def hook(self, name: str, script: str) -> None:
        """Install a hook."""
        path = self.path / "hooks" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


def make_remote(path: Path, files: dict[str, str | bytes]) -> Remote:
    """A bare repository whose one commit on `main` has these files."""
    git(path.parent, "init", "-q", "--bare", str(path))
    seed = path.parent / f"{path.name}-seed"
    git(path.parent, "init", "-q", str(seed))
    write(seed, files)
    git(seed, "add", "-A")
    git(seed, "commit", "-q", "-m", "first")
    git(seed, "push", "-q", str(path), "HEAD:refs/heads/main")
    git(path, "symbolic-ref", "HEAD", "refs/heads/main")
    return Remote(path)


def write(root: Path, files: dict[str, str | bytes]) -> None:
    """Write these files below a directory, every byte as given."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


@dataclass
class Checkout:
    """A clone whose images were pushed with these digests, by image."""

    root: Path
    digests: dict[str, str]
    env: dict[str, str] = field(default_factory=dict)

    def git(self, *arguments: str) -> str:
        """Run git there."""
        return git(self.root, *arguments)

    def environment(self) -> dict[str, str]:
        """No CI system, no git configuration but the repository's and the test's."""
        home = self.root.parent / "home"
        home.mkdir(exist_ok=True)
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {**kept, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", **self.env}

    def hand_state_on(self, **changes: Any) -> None:
        """Write the state that the push of this revision leaves."""
        loaded = load(self.root / ".ci-toolkit.yml", {})
        PUSHED.digests.update(self.digests)
        images = {
            name: ImageState(
                digest=Digest(value),
                tags=("1.0",),
                version="1.0",
                pushed=(Pushed(repository=f"{REGISTRY}/{name}", digest=Digest(value), tags=("1.0",)),),
            )
            for name, value in self.digests.items()
        }
        source = Source(revision=self.git("rev-parse", "HEAD"), images_hash=loaded.images_hash)
        (self.root / ".ci-toolkit").mkdir(exist_ok=True)
        (self.root / ".ci-toolkit/.gitignore").write_text("*\n")
        state = State(**{"tool_version": "0", "source": source, "images": images, **changes})
        states.write(self.root / ".ci-toolkit/state.json", state)

    def state(self) -> State:
        """The state file."""
        return states.read(self.root / ".ci-toolkit/state.json")

    def run(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """The command, run to its end."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command, on its way."""
        return subprocess.Popen(
            [COMMAND, *arguments],
            cwd=self.root,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def pin_and_commit(self) -> subprocess.CompletedProcess[str]:
        """`pin` and `commit`, as a run has them at its end."""
        return self.run("run", "--steps", "pin,commit")


def clone(remote: Remote, root: Path, digests: dict[str, str], *flags: str) -> Checkout:
    """A clone of the remote, with a state; its config is in the remote."""
    git(root.parent, "clone", "-q", *flags, f"file://{remote.path}", str(root))
    checkout = Checkout(root, digests)
    checkout.hand_state_on()
    return checkout


def push_as_somebody_else(remote: Remote, directory: Path, files: dict[str, str | bytes | None]) -> str:
    """Another's commit on `main`; None removes a file. Returns its revision."""
    git(directory.parent, "clone", "-q", f"file://{remote.path}", str(directory))
    for name, content in files.items():
        if content is None:
            (directory / name).unlink()
        else:
            write(directory, {name: content})
    git(directory, "add", "-A")
    git(directory, "commit", "-q", "-m", "somebody else's")
    git(directory, "push", "-q", "origin", "HEAD:main")
    return git(directory, "rev-parse", "HEAD")


def everything_below(root: Path) -> dict[str, bytes]:
    """Every file with its bytes."""
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file() and not p.is_symlink()}


def holding(root: Path, secrets: Iterable[str]) -> list[Path]:
    """Every file here that holds one of these."""
    wanted = [secret.encode() for secret in secrets]
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return [path for path in files if any(secret in path.read_bytes() for secret in wanted)]


def project_files() -> dict[str, str | bytes]:
    """The project: a config, a manifest with one place, a file that is none of anyone's business."""
    return {".ci-toolkit.yml": config("app"), "deploy/app.yaml": pod(f"{REGISTRY}/app:0.9"), "notes.txt": "notes\n"}
