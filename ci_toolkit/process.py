"""The only module that starts a process."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from ci_toolkit.errors import EndedError, ToolError, UsageError
from ci_toolkit.streams import LAST_LINES, Capture, Lines, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ci_toolkit.redact import Redactor

_PASSED_ON = frozenset({
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS", "DOCKER_TLS_VERIFY",
    "DOCKER_API_VERSION", "BUILDKIT_HOST",
    "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
})  # fmt: skip
_PASSED_ON_PREFIXES = ("LC_", "XDG_", "BUILDX_")
_INSTALL = {
    "docker": "install Docker Engine with the Buildx plugin, or on Debian and Ubuntu: apt-get install docker.io",
    "git": "install git",
    "gpg": "install GnuPG, or sign with an SSH key",
    "ssh-keygen": "install OpenSSH's client, on Debian and Ubuntu: apt-get install openssh-client",
    "trivy": "install Trivy, or let the toolkit run it from its container image",
}
_GRACE = 3.0
"""Seconds between TERM and KILL: with everything else it stays under the 5 s that cleaning up may take."""


def child_environment(env: Mapping[str, str]) -> dict[str, str]:
    """What a tool may know of our environment: where things are, and no token of the CI system."""
    return {k: v for k, v in env.items() if k in _PASSED_ON or k.startswith(_PASSED_ON_PREFIXES)}


@dataclass(frozen=True, slots=True)
class Completed:
    """A process that ended: its exit code and what it wrote, undecodable bytes replaced, secrets redacted."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str


class Runner(Protocol):
    """How the toolkit runs a tool: argv lists only, an allow-listed environment, output streamed and made harmless."""

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout: float | None = None,
        on_line: Callable[[str], None] | None = None,
        check: bool = True,
    ) -> Completed:
        """Run to the end.

        `env` is added to the allow-listed environment; `on_line` hears each line of stderr as it comes, redacted
        and neutralised. With `check`, an exit code other than 0 raises ToolError with the command and its last
        lines; a missing executable always does; so does passing `timeout` (seconds), the process group ended.
        """

    def which(self, name: str) -> Path | None:
        """The executable of this name on PATH."""


class SystemRunner:
    """The `Runner` that starts real processes, each in a session and process group of its own.

    `run` may be called from several threads at once. What ends the thread that waits (^C, a signal handler's
    exception) ends the group; `stop` ends all of them.
    """

    def __init__(self, env: Mapping[str, str], redact: Redactor, *, max_stdout: int = 64 * 1024 * 1024) -> None:
        self._env = child_environment(env)
        self._redact = redact
        self._max_stdout = max_stdout
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False
        self._meanwhile: list[Callable[[], None]] = []

    def meanwhile(self, work: Callable[[], None]) -> None:
        """Have this done once, in a thread of its own, while the next command that is started runs."""
        self._meanwhile.append(work)

    def which(self, name: str) -> Path | None:
        """The executable of this name on PATH."""
        found = shutil.which(name, path=self._env.get("PATH", os.defpath))
        return Path(found) if found else None

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout: float | None = None,
        on_line: Callable[[str], None] | None = None,
        check: bool = True,
    ) -> Completed:
        """See `Runner.run`. More than `max_stdout` bytes on stdout is a ToolError; of stderr the end is kept."""
        command = self._redact.harmless(shlex.join(argv).replace("\n", " "))[:2000]
        process = self._start(argv, cwd, {**self._env, **(env or {})}, with_stdin=stdin is not None)
        stderr = Lines(self._redact.harmless, on_line)
        stdout = Capture(self._max_stdout, lambda: _signal(process, signal.SIGKILL))
        threads: Sequence[threading.Thread] = ()
        try:
            threads = _pump(process, stdin, stdout, stderr)
            if self._stopped:
                # `stop` may have come after the start, and before it could know of this one.
                _end(process, threads)
            _wait(process, timeout)
            # A grandchild may hold the pipes open for as long as it lives; the tool itself is done.
            if not _joined(threads, 2.0):
                _end(process, threads)
        except subprocess.TimeoutExpired:
            _end(process, threads)
            end, hint = (
                f"took longer than {timeout:g} s and was ended",
                "the lines above show how far it came; run it again",
            )
            raise EndedError(command, end, stderr.quoted(), hint=hint) from None
        except BaseException:
            _end(process, threads)
            raise
        finally:
            self._running.discard(process)
            _joined(threads, 1.0)
        return self._completed(process, tuple(argv), command, stdout, stderr, check=check)

    def stop(self) -> None:
        """End everything that runs, whatever thread waits for it, and start nothing any more.

        Meant for a signal handler: it doesn't wait, and takes no lock. What ignores TERM gets KILL after 3 s.
        """
        self._stopped = True
        running = tuple(self._running)
        for process in running:
            _signal(process, signal.SIGTERM)
        if running:
            timer = threading.Timer(_GRACE, _kill_all, (running,))
            timer.daemon = True
            timer.start()

    def _start(
        self, argv: Sequence[str], cwd: Path | None, env: dict[str, str], *, with_stdin: bool
    ) -> subprocess.Popen[bytes]:
        if self._stopped:
            message = f"{argv[0]} isn't started: the run is being stopped"
            raise ToolError(message)
        if any("\0" in part for part in (*argv, *env.values())):
            message = f"a NUL character in an argument or environment variable of {argv[0]}"
            raise UsageError(message)
        executable = shutil.which(argv[0], path=env.get("PATH", os.defpath))
        if executable is None:
            message = f"{argv[0]} isn't there, or isn't executable"
            raise ToolError(message, hint=_INSTALL.get(argv[0], f"install {argv[0]} and put it on PATH"))
        try:
            # A session of its own: ^C on the terminal comes to us alone, and we pass it on; no tool can ask there.
            process = subprocess.Popen(  # noqa: S603 a list, never a shell
                list(argv),
                executable=executable,
                cwd=cwd,
                env=env,
                stdin=subprocess.PIPE if with_stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            message = f"can't start {argv[0]} in {cwd or Path.cwd()}: {error.strerror or error}"
            raise ToolError(message) from error
        self._running.add(process)
        with suppress(IndexError):
            threading.Thread(target=self._meanwhile.pop(), name="meanwhile", daemon=True).start()
        return process

    def _completed(
        self,
        process: subprocess.Popen[bytes],
        argv: tuple[str, ...],
        command: str,
        stdout: Capture,
        stderr: Lines,
        *,
        check: bool,
    ) -> Completed:
        if self._stopped:
            message = f"`{command}` was stopped"
            raise ToolError(message)
        if stdout.overflowed:
            message = f"`{command}` wrote more than {self._max_stdout} bytes and was ended"
            raise ToolError(message)
        text = self._redact(stdout.text())
        code = process.returncode
        if check and code != 0:
            said = stderr.quoted() or quoted(self._redact.harmless(line) for line in text.splitlines()[-LAST_LINES:])
            end = f"exited with {code}" if code >= 0 else f"was killed by {signal.Signals(-code).name}"
            raise EndedError(command, end, said, hint="" if code >= 0 else "the machine may be short of memory")
        return Completed(argv, code, text, self._redact(stderr.text()))


def _pump(
    process: subprocess.Popen[bytes], stdin: bytes | None, stdout: Capture, stderr: Lines
) -> tuple[threading.Thread, ...]:
    def feed(stream: IO[bytes], data: bytes) -> None:
        with suppress(OSError), stream:
            stream.write(data)

    def drain(stream: IO[bytes], sink: Capture | Lines) -> None:
        with stream:
            sink.read(stream)

    work: list[Callable[[], None]] = []
    if process.stdout and process.stderr:
        out, err = process.stdout, process.stderr
        work += [lambda: drain(out, stdout), lambda: drain(err, stderr)]
    if process.stdin and stdin is not None:
        inward, data = process.stdin, stdin
        work.append(lambda: feed(inward, data))
    threads = tuple(threading.Thread(target=job, daemon=True) for job in work)
    for thread in threads:
        thread.start()
    return threads


def _joined(threads: Sequence[threading.Thread], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)


def _wait(process: subprocess.Popen[bytes], timeout: float | None) -> None:
    """`process.wait`, but woken by the end itself: with a timeout the standard library looks every 50 ms."""
    if timeout is not None and hasattr(os, "pidfd_open"):
        descriptor = os.pidfd_open(process.pid)
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            if not poll.poll(timeout * 1000):
                raise subprocess.TimeoutExpired(process.args, timeout)
        finally:
            os.close(descriptor)
    process.wait(timeout)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _kill_all(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        _signal(process, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes], threads: Sequence[threading.Thread]) -> None:
    """TERM to the whole group, KILL to what is left of it after the grace."""
    deadline = time.monotonic() + _GRACE
    _signal(process, signal.SIGTERM)
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
        # Who still cleans up below the leader (a CLI plugin, say) still holds the pipes.
        _joined(threads, deadline - time.monotonic())
    finally:
        _signal(process, signal.SIGKILL)
        process.wait()
