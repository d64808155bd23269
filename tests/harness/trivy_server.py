"""A real `trivy server` with the stack's database, for as long as a test needs it."""

from __future__ import annotations

import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.harness.registry import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Stack

_PATIENCE = 60


@contextmanager
def running_server(directory: Path, stack: Stack, token: str) -> Iterator[str]:
    """Its address; it answers scans that bring the token."""
    url = f"localhost:{free_port()}"
    log = directory / "trivy-server.log"
    options = ["--listen", url, "--token", token, "--db-repository", stack.database]
    command = [str(stack.trivy), "server", *options, "--cache-dir", str(directory / "cache")]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            _wait_for(f"http://{url}/healthz", process, log)
            yield f"http://{url}"
        finally:
            process.terminate()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8", errors="replace"))
