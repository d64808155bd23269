"""`commit.ssh-key` and `commit.known-hosts`: who is let in, who isn't, and that nothing is left of the key."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from tests.harness.committing import Checkout, clone, config, digest, holding, make_remote, pod
from tests.harness.github_runner import read_log
from tests.harness.gitops import APP, PINNED, GitOps, gitops
from tests.harness.ssh_server import SshServer, make_key
from tests.harness.workplace import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> GitOps:
    return gitops(tmp_path)


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[SshServer]:
    with SshServer(tmp_path).running() as server:
        yield server


def by_ssh(place: GitOps, sshd: SshServer, key: str, **options: str) -> Checkout:
    """A job that has this key in a variable, and a temporary directory of its own."""
    stated = {"ssh-key": "${KEY}", "known-hosts": sshd.known_hosts, **options}
    checkout = place.job(address=sshd.url(place.remote.path), env={"KEY": key}, **stated)
    return with_temporary(checkout)


def with_temporary(checkout: Checkout) -> Checkout:
    """The same with an empty TMPDIR."""
    (checkout.root.parent / "tmp").mkdir(exist_ok=True)
    checkout.env["TMPDIR"] = str(checkout.root.parent / "tmp")
    return checkout


def temporary(checkout: Checkout) -> list[Path]:
    """What is in it."""
    return list((checkout.root.parent / "tmp").iterdir())


def body(key: Path) -> str:
    """A line from the middle of a private key."""
    return key.read_text().splitlines()[2]


@pytest.mark.parametrize("form", ["text", "without its last line end", "carriage returns", "path", "literal path"])
def test_a_deploy_key_fetches_and_pushes(place: GitOps, sshd: SshServer, form: str) -> None:
    text = sshd.client.read_text()
    key = {
        "text": text,
        "without its last line end": text.rstrip(),
        "carriage returns": text.replace("\n", "\r\n"),
    }.get(form, str(sshd.client))
    options = {"ssh-key": str(sshd.client)} if form == "literal path" else {}
    checkout = by_ssh(place, sshd, key, **options)
    result = checkout.run("run", "--steps", "pin,commit", "-v")
    assert result.returncode == 0, result.stderr
    assert place.remote.read("deploy/app.yaml") == pod(PINNED)
    assert temporary(checkout) == []
    assert holding(place.directory, [body(sshd.client)]) == [sshd.client]
    assert body(sshd.client) not in result.stdout + "\n".join(read_log(result.stderr).lines)


def test_an_old_key_s_file_in_pem(place: GitOps, sshd: SshServer) -> None:
    key = make_key(place.directory / "pem", "-t", "rsa", "-b", "3072", "-m", "PEM")
    authorized = place.directory / "sshd/authorized"
    authorized.write_bytes(key.with_suffix(".pub").read_bytes())
    result = by_ssh(place, sshd, key.read_text()).pin_and_commit()
    assert result.returncode == 0, result.stderr


def test_the_file_of_known_hosts(place: GitOps, sshd: SshServer, tmp_path: Path) -> None:
    file = tmp_path / "known hosts"
    file.write_text(sshd.known_hosts)
    result = by_ssh(place, sshd, sshd.client.read_text(), **{"known-hosts": str(file)}).pin_and_commit()
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("who", ["nobody", "another"])
def test_a_host_key_that_isn_t_known_is_4_and_nothing_is_learned(
    place: GitOps, sshd: SshServer, tmp_path: Path, who: str
) -> None:
    other = sshd.known_as(make_key(tmp_path / "other"))
    checkout = by_ssh(place, sshd, sshd.client.read_text(), **{"known-hosts": other if who == "another" else "x y z"})
    result = checkout.pin_and_commit()
    assert result.returncode == 4, result.stderr
    assert "commit.known-hosts" in result.stderr
    assert temporary(checkout) == []
    assert "Accepted publickey" not in sshd.log.read_text()


def test_another_key_is_4(place: GitOps, sshd: SshServer, tmp_path: Path) -> None:
    checkout = by_ssh(place, sshd, make_key(tmp_path / "other").read_text())
    result = checkout.pin_and_commit()
    assert result.returncode == 4, result.stderr
    assert "Permission denied (publickey" in result.stderr
    assert "deploy key" in result.stderr
    assert temporary(checkout) == []


def test_what_ssh_has_is_not_offered_beside_the_key(place: GitOps, sshd: SshServer, tmp_path: Path) -> None:
    checkout = by_ssh(place, sshd, make_key(tmp_path / "other").read_text())
    checkout.env["GIT_SSH_COMMAND"] = f"ssh -i {sshd.client}"
    assert checkout.pin_and_commit().returncode == 4


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("passphrase", "has a passphrase"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----", "is no private SSH key"),
        ("public", "is no private SSH key"),
        ("/nowhere/key", "/nowhere/key can't be read"),
        ("", "isn't set, or is empty"),
    ],
)
def test_a_key_that_can_t_be_used_is_2(place: GitOps, sshd: SshServer, tmp_path: Path, key: str, said: str) -> None:
    if key == "passphrase":
        key = make_key(tmp_path / "locked", passphrase="geheim").read_text()
    elif key == "public":
        key = sshd.client.with_suffix(".pub").read_text()
    checkout = by_ssh(place, sshd, key)
    result = checkout.pin_and_commit()
    assert result.returncode == 2, result.stderr
    assert "commit.ssh-key" in result.stderr
    assert said in result.stderr
    assert temporary(checkout) == []


def test_a_key_for_an_https_address_is_2(place: GitOps, sshd: SshServer) -> None:
    checkout = by_ssh(place, sshd, sshd.client.read_text())
    file = checkout.root / ".ci-toolkit.yml"
    file.write_text(file.read_text().replace(sshd.url(place.remote.path), "https://git.example.com/gitops.git"))
    result = checkout.pin_and_commit()
    assert result.returncode == 2
    assert "ssh address" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ended_in_the_middle_no_key_is_left(place: GitOps, sshd: SshServer, number: signal.Signals) -> None:
    reached = place.directory / "reached"
    place.remote.hook("pre-receive", f"touch {reached}; sleep 60")
    checkout = by_ssh(place, sshd, sshd.client.read_text())
    process = checkout.start("run", "--steps", "pin,commit")
    until(reached.exists)
    assert len(holding(place.directory, [body(sshd.client)])) == 2
    (directory,) = temporary(checkout)
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in directory.iterdir() if p.suffix != ".pub"} == {0o600}
    process.send_signal(number)
    process.communicate(timeout=10)
    assert process.returncode == 128 + number
    assert holding(place.directory, [body(sshd.client)]) == [sshd.client]
    assert temporary(checkout) == []
    assert sorted(p.name for p in (checkout.root / ".ci-toolkit").iterdir()) == [".gitignore", "lock", "state.json"]


def test_a_deploy_key_for_the_own_repository(tmp_path: Path, sshd: SshServer) -> None:
    stated = json.dumps({"mode": "push", "ssh-key": "${KEY}", "known-hosts": sshd.known_hosts})
    files: dict[str, str | bytes] = {
        ".ci-toolkit.yml": config("app", commit=stated),
        "deploy/app.yaml": pod(f"{APP}:0.9"),
    }
    remote = make_remote(tmp_path / "own.git", files)
    checkout = with_temporary(clone(remote, tmp_path / "checkout", {"app": digest("a")}))
    checkout.git("remote", "set-url", "origin", sshd.url(remote.path))
    checkout.env["KEY"] = sshd.client.read_text()
    result = checkout.pin_and_commit()
    assert result.returncode == 0, result.stderr
    assert checkout.git("rev-parse", "HEAD") == remote.head()
    assert (remote.count(), temporary(checkout)) == (2, [])


def test_a_run_that_isn_t_trusted_looks_as_nobody(place: GitOps, sshd: SshServer, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"number": 7, "pull_request": {"number": 7, "head": {}, "base": {"sha": "0" * 40}}}))
    checkout = by_ssh(place, sshd, sshd.client.read_text())
    checkout.env |= {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request_target",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "acme/shop",
    }
    result = checkout.run("pin")
    assert result.returncode == 4, result.stderr
    assert "Permission denied (publickey" in result.stderr
    assert "Accepted publickey" not in sshd.log.read_text()


def test_five_at_once_over_ssh(place: GitOps, sshd: SshServer) -> None:
    jobs = [by_ssh(place, sshd, sshd.client.read_text(), message=f"ship {n}") for n in range(5)]
    for number, checkout in enumerate(jobs):
        checkout.digests = {"app": digest(f"{number:x}")}
        checkout.hand_state_on()
    running = [checkout.start("commit") for checkout in jobs]
    for process in running:
        _, err = process.communicate(timeout=180)
        assert process.returncode == 0, err
    assert place.remote.count() == 6
