"""A project whose registries want logins, as a command finds it: config, home, place for logins."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness.registry import PASSWORD, USER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMAND = Path(sys.executable).parent / "ci-toolkit"
DOCKERFILE = "FROM scratch\nCOPY Dockerfile /\n"


@dataclass
class Workplace:
    """`root` is a directory of its own; the project, the home and the temporary directory lie below it."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for directory in (self.project, self.home, self.temporary):
            directory.mkdir(parents=True)
        (self.project / "Dockerfile").write_text(DOCKERFILE)

    @property
    def project(self) -> Path:
        """Where the config is."""
        return self.root / "project"

    @property
    def home(self) -> Path:
        """HOME, with no Docker config."""
        return self.root / "home"

    @property
    def temporary(self) -> Path:
        """TMPDIR: where logins go."""
        return self.root / "temporary"

    def configure(self, *repositories: str, logins: tuple[str, ...] = (), more: str = "") -> None:
        """Write a config: one image with these repositories, the test's login for these hosts."""
        lines = ["version: 1", "registries:" if logins else ""]
        lines += [f'  "{host}": {{auth: {{username: {USER}, password: "${{PW}}"}}}}' for host in logins]
        listed = ", ".join(f'"{repository}"' for repository in repositories)
        lines += [
            "images:",
            "  app:",
            "    provenance: none",
            '    tags: ["1.0"]',
            f"    repositories: [{listed}]",
            more,
        ]
        (self.project / ".ci-toolkit.yml").write_text("\n".join(lines))

    def environment(self) -> dict[str, str]:
        """The environment of a command; no CI system, no login but the test's."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        own = {"HOME": str(self.home), "TMPDIR": str(self.temporary), "PW": PASSWORD}
        return {**kept, **own, **self.env}

    def run(self, *arguments: str, timeout: float = 120, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """The command, run to its end; in the project, or below it."""
        return subprocess.run(
            [COMMAND, *arguments],
            cwd=cwd or self.project,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command, on its way."""
        return subprocess.Popen(
            [COMMAND, *arguments],
            cwd=self.project,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def own_directories(self) -> list[Path]:
        """What the toolkit has in the temporary directory now."""
        return sorted(self.temporary.glob("ci-toolkit-*"))

    def holding(self, *secrets: str) -> list[Path]:
        """Every file here that holds one of these."""
        wanted = [secret.encode() for secret in secrets]
        files = (path for path in self.root.rglob("*") if path.is_file() and not path.is_symlink())
        return [path for path in files if any(secret in path.read_bytes() for secret in wanted)]


def until(happened: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Wait for something to happen; it fails where it doesn't in time."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it didn't happen in time"
        time.sleep(0.02)


def command_lines() -> Iterator[bytes]:
    """The command line of every process of this machine."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                yield (entry / "cmdline").read_bytes()
            except OSError:
                continue
