"""What docs/commit.md shows of other repositories and signatures, run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness.committing import REGISTRY, Checkout, clone, digest, make_remote
from tests.harness.pinning import pod
from tests.harness.ssh_server import SshServer, make_key

if TYPE_CHECKING:
    from tests.harness.committing import Remote

PAGE = (Path(__file__).parent.parent.parent / "docs/commit.md").read_text(encoding="utf-8")
BACKEND = f"{REGISTRY}/backend"


def part(title: str) -> str:
    """A part of the page."""
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def shown(title: str) -> str:
    """The one config in it, for the tests' registry."""
    (found,) = re.findall(r"```yaml\n(version: .*?)```", part(title), re.DOTALL)
    return str(found).replace("ghcr.io/acme", REGISTRY)


def commands(title: str) -> list[list[str]]:
    """The commands in it, without their remarks."""
    return [line.partition("#")[0].split() for line in re.findall(r"^\$ ci-toolkit (.*)$", part(title), re.MULTILINE)]


def job(tmp_path: Path, remote: Remote, env: dict[str, str]) -> Checkout:
    """A job in this repository."""
    checkout = clone(remote, tmp_path / "checkout", {"backend": digest("a")})
    checkout.env |= env
    return checkout


def test_another_repository(tmp_path: Path, sshd: SshServer) -> None:
    gitops = make_remote(tmp_path / "gitops.git", {"deploy/a/backend.yaml": pod(f"{BACKEND}:0.9")})
    text = shown("Another repository").replace("git@github.com:acme/gitops.git", sshd.url(gitops.path))
    text = text.replace("  branch: main", f'  known-hosts: "{sshd.known_hosts}"\n  branch: main')
    app = make_remote(tmp_path / "app.git", {".ci-toolkit.yml": text})
    checkout = job(tmp_path, app, {"GITOPS_DEPLOY_KEY": sshd.client.read_text()})
    there = [argv for argv in commands("Another repository") if argv[0] not in ("run", "promote")]
    assert [argv[0] for argv in there] == ["plan", "pin", "pin", "commit"]
    for argv in there:
        assert gitops.count() == 1
        result = checkout.run(*argv)
        assert result.returncode == int("--check" in argv), result.stderr
    assert gitops.read("deploy/a/backend.yaml") == pod(f"{BACKEND}:1.0@{digest('a')}")


def test_signing(tmp_path: Path) -> None:
    remote = make_remote(
        tmp_path / "remote.git", {"deploy/backend.yaml": pod(f"{BACKEND}:0.9"), ".ci-toolkit.yml": shown("Signing")}
    )
    key = make_key(tmp_path / "key")
    result = job(tmp_path, remote, {"SIGNING_KEY": key.read_text()}).pin_and_commit()
    assert result.returncode == 0, result.stderr
    allowed = tmp_path / "allowed"
    allowed.write_text(f"deploy@example.com {key.with_suffix('.pub').read_text()}")
    remote.git("-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-commit", "main")
