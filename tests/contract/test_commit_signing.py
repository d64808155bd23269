"""`commit.signing`: git itself believes the signature, and nothing of the key is left."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.committing import Checkout, holding
from tests.harness.gitops import GitOps, gitops
from tests.harness.project import git
from tests.harness.ssh_server import make_key
from tests.harness.workplace import command_lines, until

if TYPE_CHECKING:
    from collections.abc import Iterator

WHO = "Deploy Bot <deploy@example.com>"
AUTHOR = {"name": "Deploy Bot", "email": "deploy@example.com"}


@pytest.fixture
def place(tmp_path: Path) -> GitOps:
    return gitops(tmp_path)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A TMPDIR with nothing in it, and a short name: an agent's socket comes below."""
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def gpg(tmp_path: Path) -> Iterator[Path]:
    """A GnuPG home with nothing in it; its agent ends with the test."""
    home = tmp_path / "gpg"
    home.mkdir(mode=0o700)
    yield home
    subprocess.run(["gpgconf", "--kill", "gpg-agent"], env={"GNUPGHOME": str(home), "PATH": "/usr/bin"}, check=True)


def in_gpg(home: Path, *arguments: str) -> str:
    """Run gpg in this home."""
    argv = ["gpg", "--batch", "--homedir", str(home), "--pinentry-mode", "loopback", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def openpgp_key(home: Path, *, passphrase: str = "") -> str:
    """A new secret key, as it is exported."""
    unlocked = ("--passphrase", passphrase)
    in_gpg(home, *unlocked, "--quick-generate-key", WHO, "ed25519", "sign", "never")
    return in_gpg(home, *unlocked, "--export-secret-keys", "--armor")


def job(place: GitOps, temporary: Path, form: str, key: str) -> Checkout:
    """A job that signs with this key, with an empty TMPDIR."""
    signing = {"format": form, "key": "${SIGNING_KEY}"}
    return place.job(env={"SIGNING_KEY": key, "TMPDIR": str(temporary)}, author=AUTHOR, signing=signing)


def left(temporary: Path) -> list[str]:
    """What is in it, and GnuPG's agents that were started there."""
    agents = [line.decode() for line in command_lines() if str(temporary).encode() in line]
    return [path.name for path in temporary.iterdir()] + agents


@pytest.mark.parametrize("form", ["text", "path", "pem"])
def test_an_ssh_signature_is_believed(place: GitOps, temporary: Path, tmp_path: Path, form: str) -> None:
    key = make_key(tmp_path / "key", *(("-t", "rsa", "-b", "3072", "-m", "PEM") if form == "pem" else ()))
    result = job(place, temporary, "ssh", str(key) if form == "path" else key.read_text()).pin_and_commit()
    assert result.returncode == 0, result.stderr
    allowed = tmp_path / "allowed"
    allowed.write_text(f"deploy@example.com {key.with_suffix('.pub').read_text()}")
    place.remote.git("-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-commit", "main")
    allowed.write_text(f"deploy@example.com {make_key(tmp_path / 'other').with_suffix('.pub').read_text()}")
    with pytest.raises(subprocess.CalledProcessError):
        place.remote.git("-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-commit", "main")
    assert left(temporary) == []
    assert holding(place.directory, [key.read_text().splitlines()[2]]) == [key]


@pytest.mark.parametrize("form", ["text", "path"])
def test_an_openpgp_signature_is_believed(
    place: GitOps, temporary: Path, gpg: Path, tmp_path: Path, form: str
) -> None:
    key = openpgp_key(gpg)
    file = tmp_path / "key.asc"
    file.write_text(key)
    result = job(place, temporary, "openpgp", str(file) if form == "path" else key).pin_and_commit()
    assert result.returncode == 0, result.stderr
    place.remote.git("-c", f"gpg.program={verifier(tmp_path, gpg)}", "verify-commit", "main")
    assert left(temporary) == []


def test_a_temporary_directory_with_a_long_name_is_no_hindrance(place: GitOps, gpg: Path, tmp_path: Path) -> None:
    long = tmp_path / ("long" * 20)
    long.mkdir()
    result = job(place, long, "openpgp", openpgp_key(gpg)).pin_and_commit()
    assert result.returncode == 0, result.stderr


def verifier(directory: Path, home: Path) -> Path:
    """gpg with this home."""
    program = directory / "gpg-of-the-test"
    program.write_text(f'#!/bin/sh\nexec gpg --homedir {home} "$@"\n')
    program.chmod(0o755)
    return program


def test_one_s_own_configuration_of_signing_has_no_say(place: GitOps, temporary: Path, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    checkout = job(place, temporary, "ssh", key.read_text())
    home = checkout.root.parent / "home"
    home.mkdir(exist_ok=True)
    for name in ("gpg.program", "gpg.ssh.program", "user.signingKey", "gpg.format"):
        git(
            home,
            "config",
            "--file",
            str(home / ".gitconfig"),
            name,
            "openpgp" if name == "gpg.format" else "/bin/false",
        )
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr


def test_each_try_is_signed(place: GitOps, temporary: Path, tmp_path: Path) -> None:
    once = place.remote.path / "once"
    place.remote.hook("pre-receive", f"mkdir {once} 2>/dev/null && echo 'cannot lock ref' >&2 && exit 1; exit 0")
    key = make_key(tmp_path / "key")
    result = job(place, temporary, "ssh", key.read_text()).pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert "trying again" in result.stderr
    assert "gpgsig -----BEGIN SSH SIGNATURE" in place.remote.git("cat-file", "commit", "main")


@pytest.mark.parametrize(
    ("form", "key", "said"),
    [
        ("ssh", "passphrase", "has a passphrase"),
        ("ssh", "nonsense", "commit.signing.key is no private SSH key"),
        ("ssh", "/nowhere", "/nowhere can't be read"),
        ("ssh", "", "commit.signing.key: its variable isn't set"),
        ("openpgp", "passphrase", "commit.signing.key can't sign"),
        ("openpgp", "nonsense", "commit.signing.key is no secret OpenPGP key"),
        ("openpgp", "public", "commit.signing.key is no secret OpenPGP key"),
        ("openpgp", "", "commit.signing.key: its variable isn't set"),
    ],
)
def test_a_key_that_can_t_sign_is_2(
    place: GitOps, temporary: Path, gpg: Path, tmp_path: Path, form: str, key: str, said: str
) -> None:
    if key == "passphrase" and form == "ssh":
        key = make_key(tmp_path / "locked", passphrase="geheim").read_text()
    elif key == "passphrase":
        key = openpgp_key(gpg, passphrase="geheim")
    elif key == "public":
        openpgp_key(gpg)
        key = in_gpg(gpg, "--export", "--armor")
    result = job(place, temporary, form, key).pin_and_commit()
    assert result.returncode == 2, result.stderr
    assert said in result.stderr
    assert place.remote.count() == 1
    assert left(temporary) == []


@pytest.mark.parametrize(("form", "missing"), [("ssh", "ssh-keygen"), ("openpgp", "gpg")])
def test_a_program_that_is_missing_is_3(
    place: GitOps, temporary: Path, tmp_path: Path, form: str, missing: str
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "git").symlink_to(str(shutil.which("git")))
    checkout = job(place, temporary, form, make_key(tmp_path / "key").read_text())
    checkout.env["PATH"] = str(programs)
    result = checkout.pin_and_commit()
    assert result.returncode == 3, result.stderr
    assert f"{missing} isn't there" in result.stderr
    assert left(temporary) == []


@pytest.mark.parametrize("form", ["ssh", "openpgp"])
def test_terminated_in_the_middle_no_key_is_left(
    place: GitOps, temporary: Path, gpg: Path, tmp_path: Path, form: str
) -> None:
    reached = place.directory / "reached"
    place.remote.hook("pre-receive", f"touch {reached}; sleep 60")
    key = make_key(tmp_path / "key").read_text() if form == "ssh" else openpgp_key(gpg)
    process = job(place, temporary, form, key).start("run", "--steps", "pin,commit")
    until(reached.exists)
    assert left(temporary) != []
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 143
    assert left(temporary) == []


def test_a_run_that_isn_t_trusted_doesn_t_sign(place: GitOps, temporary: Path, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key").read_text()
    checkout = job(place, temporary, "ssh", key)
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"number": 7, "pull_request": {"number": 7, "head": {}, "base": {"sha": "0" * 40}}}))
    checkout.env |= {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request_target",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_REPOSITORY": "acme/shop",
    }
    result = checkout.run("commit")
    assert result.returncode == 1, result.stderr
    assert "isn't trusted" in result.stderr
    assert (place.remote.count(), left(temporary)) == (1, [])
