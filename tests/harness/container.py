"""The toolkit's own image: started as a CI system starts it, and weighed."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import tempfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SOCKET = "/var/run/docker.sock"
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class ToolkitImage:
    """An image of the engine, by name."""

    name: str

    def there(self) -> bool:
        """True if the engine has it."""
        found = subprocess.run(["docker", "image", "inspect", self.name], capture_output=True, check=False)
        return found.returncode == 0

    def config(self) -> dict[str, Any]:
        """Its configuration: Entrypoint, Env, Labels, …"""
        found = json.loads(_docker("image", "inspect", self.name))[0]["Config"]
        return {key: value for key, value in found.items() if value}

    def run(
        self,
        *arguments: str,
        workspace: Path | None = None,
        entrypoint: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end, with the engine's socket and the machine's network."""
        command = ["docker", "run", "--rm", *_options(workspace, entrypoint, env), self.name, *arguments]
        try:
            return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        finally:
            self.give_back(workspace)

    def shell(self, script: str) -> str:
        """What a script prints inside; one that fails raises CalledProcessError."""
        return _docker("run", "--rm", "--entrypoint", "sh", self.name, "-euc", script)

    @contextmanager
    def container(self, *arguments: str, workspace: Path) -> Iterator[Container]:
        """A container that runs while the block lasts, and is removed after it."""
        started = _docker("run", "--detach", *_options(workspace, None, None), self.name, *arguments)
        try:
            yield Container(started.strip())
        finally:
            _docker("rm", "--force", "--volumes", started.strip())
            self.give_back(workspace)

    def give(self, workspace: Path, owner: str) -> None:
        """Let everything there belong to `UID:GID`, which takes root's power."""
        mount = ["--volume", f"{workspace}:/github/workspace", "--entrypoint", "chown"]
        _docker("run", "--rm", *mount, self.name, "-R", owner, "/github/workspace")

    def give_back(self, workspace: Path | None) -> None:
        """The image runs as root: what it wrote becomes ours, or nobody could remove it."""
        if workspace and os.getuid():
            self.give(workspace, f"{os.getuid()}:{os.getgid()}")

    def layers(self) -> list[tuple[str, int]]:
        """What made each layer, and how many bytes it is to download: gzip, as registries keep layers."""
        with tempfile.TemporaryDirectory() as scratch:
            archive = Path(scratch) / "image.tar"
            _docker("save", "--output", str(archive), self.name)
            with tarfile.open(archive) as tar:
                manifest = _document(tar, "manifest.json")[0]
                history = _document(tar, manifest["Config"])["history"]
                made = [entry.get("created_by", "") for entry in history if not entry.get("empty_layer")]
                sizes = [_compressed_size(_member(tar, layer)) for layer in manifest["Layers"]]
        return list(zip(made, sizes, strict=True))


@dataclass(frozen=True)
class Container:
    """A container, by id."""

    identifier: str

    def lines(self) -> Iterator[str]:
        """What it prints, as it comes, until it ends."""
        command = ["docker", "logs", "--follow", self.identifier]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            assert process.stdout is not None
            try:
                yield from process.stdout
            finally:  # whoever stops reading doesn't wait for the container's end
                process.kill()

    def kill(self, signal: str) -> None:
        """Send its first process a signal."""
        _docker("kill", "--signal", signal, self.identifier)

    def wait(self, timeout: float) -> int:
        """Its exit code; raises TimeoutExpired after so many seconds."""
        command = ["docker", "wait", self.identifier]
        return int(subprocess.run(command, capture_output=True, timeout=timeout, check=True).stdout)

    def seconds_to_first_line(self) -> float:
        """From the start of its process to the first line it printed, by the engine's clock; it must have ended."""
        state = json.loads(_docker("inspect", self.identifier))[0]["State"]
        logged = subprocess.run(
            ["docker", "logs", "--timestamps", self.identifier], capture_output=True, text=True, check=True
        )
        first = min(line.split(" ", 1)[0] for line in (logged.stdout + logged.stderr).splitlines())
        return (_time(first) - _time(state["StartedAt"])).total_seconds()


def _options(workspace: Path | None, entrypoint: str | None, env: Mapping[str, str] | None) -> list[str]:
    options = ["--network", "host", "--volume", f"{SOCKET}:{SOCKET}"]
    if workspace:
        options += ["--volume", f"{workspace}:/github/workspace", "--workdir", "/github/workspace"]
    if entrypoint:
        options += ["--entrypoint", entrypoint]
    for name, value in (env or {}).items():
        options += ["--env", f"{name}={value}"]
    return options


def _docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout


def _time(text: str) -> datetime:
    seconds, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{seconds}.{fraction[:6]:0<6}+00:00")


def _document(tar: tarfile.TarFile, name: str) -> Any:
    return json.load(_member(tar, name))


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tar.extractfile(name)
    assert found is not None, name
    return found


def _compressed_size(layer: IO[bytes]) -> int:
    """The classic image store gives layers as plain tar: what they will be once compressed."""
    start = layer.read(2)
    size, squeeze = 0, zlib.compressobj(6, wbits=31)
    packed = start == _GZIP
    chunk = start
    while chunk:
        size += len(chunk) if packed else len(squeeze.compress(chunk))
        chunk = layer.read(1 << 20)
    return size if packed else size + len(squeeze.flush())
