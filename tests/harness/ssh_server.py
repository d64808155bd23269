"""A real sshd on this machine alone, with a host key of its own, that lets one key in."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness.workplace import until

if TYPE_CHECKING:
    from collections.abc import Iterator


def make_key(path: Path, *flags: str, passphrase: str = "") -> Path:
    """A new key pair: `path`, and `path` with `.pub`."""
    if "-t" not in flags:
        flags = ("-t", "ed25519", *flags)
    subprocess.run(["ssh-keygen", "-q", *flags, "-N", passphrase, "-C", "test", "-f", path], check=True)
    return path


class SshServer:
    """Lets the key `client` in; `host_key` is what it says of itself."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "sshd"
        self._directory.mkdir()
        self._host = make_key(self._directory / "host")
        self.client = make_key(self._directory / "client")
        self.log = self._directory / "log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])

    @property
    def known_hosts(self) -> str:
        """The line of a known_hosts file for it."""
        return self.known_as(self._host)

    def known_as(self, key: Path) -> str:
        """The same with another key."""
        kind, value = key.with_name(f"{key.name}.pub").read_text().split()[:2]
        return f"[127.0.0.1]:{self.port} {kind} {value}"

    def url(self, repository: Path) -> str:
        """The address of a repository here."""
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{repository}"

    @contextmanager
    def running(self) -> Iterator[SshServer]:
        """Serve until the block ends."""
        authorized = self._directory / "authorized"
        authorized.write_bytes(self.client.with_name("client.pub").read_bytes())
        settings = {
            "ListenAddress": f"127.0.0.1:{self.port}",
            "HostKey": self._host,
            "AuthorizedKeysFile": authorized,
            "StrictModes": "no",
            "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "no",
            "PidFile": "none",
            "SetEnv": f"HOME={self._directory}",  # nothing of the user's own shell or git settings counts
            "MaxStartups": "100",
        }
        config = self._directory / "config"
        config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it changes its root to
        program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin") or "sshd"
        process = subprocess.Popen([program, "-D", "-f", config, "-E", self.log])
        try:
            until(lambda: self.log.is_file() and "listening" in self.log.read_text())
            yield self
        finally:
            process.terminate()
            process.wait()
