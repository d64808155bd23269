"""A job that is killed while it holds keys: nothing shows them, and the next start takes away what is left."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.committing import holding
from tests.harness.gitops import GitOps, gitops
from tests.harness.ssh_server import SshServer, make_key
from tests.harness.workplace import command_lines, until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def place(tmp_path: Path) -> GitOps:
    return gitops(tmp_path)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A TMPDIR of a short name: an agent's socket comes below."""
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp", ignore_cleanup_errors=True) as name:
        yield Path(name)


def agents(temporary: Path) -> list[bytes]:
    """GnuPG's, that were started there."""
    return [line for line in command_lines() if b"gpg-agent" in line and str(temporary).encode() in line]


@pytest.mark.parametrize("form", ["ssh", "openpgp"])
def test_after_a_kill_the_next_start_takes_the_keys_away(
    place: GitOps, sshd: SshServer, temporary: Path, tmp_path: Path, form: str
) -> None:
    key = make_key(tmp_path / "key").read_text() if form == "ssh" else openpgp_key(tmp_path)
    reached, go_on = place.directory / "reached", place.directory / "go-on"
    place.remote.hook("pre-receive", f"touch {reached}; while [ ! -e {go_on} ]; do sleep 0.05; done; exit 1")
    checkout = place.job(
        address=sshd.url(place.remote.path),
        env={"KEY": sshd.client.read_text(), "SIGNING_KEY": key, "TMPDIR": str(temporary)},
        author={"name": "Deploy Bot", "email": "deploy@example.com"},
        signing={"format": form, "key": "${SIGNING_KEY}"},
        **{"ssh-key": "${KEY}", "known-hosts": sshd.known_hosts},
    )
    process = checkout.start("commit")
    until(reached.exists)
    secrets = [sshd.client.read_text().splitlines()[2], key.splitlines()[3]]
    assert [secret for secret in secrets for line in command_lines() if secret.encode() in line] == []
    assert len(list(temporary.iterdir())) == 2
    assert not any(directory.stat().st_mode & 0o077 for directory in temporary.iterdir())
    process.send_signal(signal.SIGKILL)
    out, err = process.communicate(timeout=10)
    assert not any(secret in out + err for secret in secrets)
    assert len(list(temporary.iterdir())) == 2
    assert checkout.run("pin").returncode == 0
    assert list(temporary.iterdir()) == []
    assert holding(checkout.root, secrets) == []
    go_on.touch()
    until(lambda: not agents(temporary))


def test_what_another_job_is_using_stays(place: GitOps, temporary: Path, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key").read_text()
    reached, go_on = place.directory / "reached", place.directory / "go-on"
    place.remote.hook("pre-receive", f"touch {reached}; while [ ! -e {go_on} ]; do sleep 0.05; done")
    env = {"SIGNING_KEY": key, "TMPDIR": str(temporary)}
    first, second = (place.job(env=env, signing={"format": "ssh", "key": "${SIGNING_KEY}"}) for _ in range(2))
    process = first.start("commit")
    until(reached.exists)
    (used,) = temporary.iterdir()
    assert second.run("pin").returncode == 0
    assert list(temporary.iterdir()) == [used]
    go_on.touch()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, list(temporary.iterdir())) == (0, []), err


def openpgp_key(directory: Path) -> str:
    """A new secret key, as it is exported; its own agent ends."""
    home = directory / "gpg"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--batch", "--homedir", str(home), "--pinentry-mode", "loopback", "--passphrase", ""]
    who = "Deploy Bot <deploy@example.com>"
    subprocess.run([*gpg, "--quick-generate-key", who, "ed25519", "sign", "never"], capture_output=True, check=True)
    key = subprocess.run([*gpg, "--export-secret-keys", "--armor"], capture_output=True, text=True, check=True).stdout
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"], check=True)
    return key
