"""Real processes: their environment, output, end, and what is left of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ci_toolkit.errors import ToolError, UsageError
from ci_toolkit.process import SystemRunner
from ci_toolkit.redact import Redactor

SECRET = "hunter2-and-more"


@pytest.fixture
def runner() -> SystemRunner:
    redact = Redactor()
    redact.add(SECRET)
    return SystemRunner(os.environ, redact)


def sh(script: str) -> list[str]:
    return ["sh", "-c", script]


def has_ended(pid: int) -> bool:
    """True once the process does nothing any more: a signal takes a moment, and a zombie is one nobody has reaped."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.02)
    return False


def wait_for(file: Path) -> str:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if file.exists() and (text := file.read_text()).endswith("\n"):
            return text.strip()
        time.sleep(0.02)
    pytest.fail(f"{file} was never written")


def test_output_and_exit_code(runner: SystemRunner, tmp_path: Path) -> None:
    done = runner.run(sh("pwd; echo said >&2; exit 3"), cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, f"{tmp_path}\n", "said\n")


def test_a_failure_tells_command_code_and_last_lines_without_secrets(runner: SystemRunner) -> None:
    with pytest.raises(ToolError) as caught:
        runner.run(sh(f"echo ::error::why {SECRET} >&2; exit 3"))
    assert caught.value.message == (
        "`sh -c 'echo : :error::why *** >&2; exit 3'` exited with 3; its last lines:\n  : :error::why ***"
    )


def test_a_failure_that_is_told_on_stdout_is_told_too(runner: SystemRunner) -> None:
    with pytest.raises(ToolError, match="exited with 1; its last lines:\n  why"):
        runner.run(sh("echo why; exit 1"))


def test_a_killed_process_is_told_as_such(runner: SystemRunner) -> None:
    with pytest.raises(ToolError, match="was killed by SIGKILL"):
        runner.run(sh("kill -9 $$"))


def test_lines_are_heard_as_they_come_redacted_and_neutralised(runner: SystemRunner, tmp_path: Path) -> None:
    heard: list[str] = []
    go_on = tmp_path / "go-on"

    def hear(line: str) -> None:
        heard.append(line)
        if line == "first":
            go_on.touch()

    coloured = f"{SECRET[:5]}\\033[1m{SECRET[5:]}"
    # The second line is written only after the first was heard: nothing waits for the end.
    script = f"echo first >&2; until [ -e {go_on} ]; do sleep 0.02; done; printf '::add-mask::x {coloured}\\rlast' >&2"
    done = runner.run(sh(script), on_line=hear, timeout=20)
    assert heard == ["first", ": :add-mask::x ***", "last"]
    assert SECRET not in done.stderr


def test_both_pipes_may_be_flooded_at_once(runner: SystemRunner) -> None:
    script = "import sys\nfor _ in range(3000):\n  sys.stdout.write('o' * 1000)\n  sys.stderr.write('e' * 999 + '\\n')"
    done = runner.run([sys.executable, "-c", script], timeout=60)
    assert len(done.stdout) == 3_000_000
    assert done.stderr.count("\n") == 2000


def test_a_line_without_an_end_is_cut_and_bytes_that_are_no_text_are_replaced(runner: SystemRunner) -> None:
    heard: list[str] = []
    script = "import sys\nsys.stderr.buffer.write(b'x' * 200_000 + b'\\xff\\n')"
    runner.run([sys.executable, "-c", script], on_line=heard.append)
    assert max(map(len, heard)) <= 64 * 1024
    assert "".join(heard) == "x" * 200_000 + "\ufffd"


def test_too_much_output_is_an_error_and_ends_the_process() -> None:
    runner = SystemRunner(os.environ, Redactor(), max_stdout=1000)
    with pytest.raises(ToolError, match="more than 1000 bytes"):
        runner.run(["yes"], timeout=20)


def test_standard_input_is_given_or_empty(runner: SystemRunner) -> None:
    assert runner.run(["cat"], stdin=b"a" * 1_000_000).stdout == "a" * 1_000_000
    assert runner.run(["cat"], timeout=20).stdout == ""
    assert runner.run(["true"], stdin=b"a" * 1_000_000).returncode == 0


def test_children_know_where_things_are_and_no_token() -> None:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": "/root",
        "LC_ALL": "C",
        "DOCKER_HOST": "unix:///x",
        "HTTPS_PROXY": "http://proxy",
        "GITHUB_TOKEN": "a",
        "ACTIONS_RUNTIME_TOKEN": "b",
        "CI_JOB_TOKEN": "c",
        "TRIVY_SEVERITY": "LOW",
        "GIT_DIR": "/elsewhere",
        "SSH_AUTH_SOCK": "/s",
    }
    given = SystemRunner(env, Redactor()).run(["env"], env={"EXTRA": "e"}).stdout.splitlines()
    assert {line.partition("=")[0] for line in given} - {"PWD", "SHLVL", "_"} == {
        "PATH",
        "HOME",
        "LC_ALL",
        "DOCKER_HOST",
        "HTTPS_PROXY",
        "EXTRA",
    }


def test_no_argument_reaches_a_shell(runner: SystemRunner, tmp_path: Path) -> None:
    assert runner.run(["echo", "$(touch p); `touch q`"], cwd=tmp_path).stdout == "$(touch p); `touch q`\n"
    assert list(tmp_path.iterdir()) == []


def test_a_missing_tool_is_named_with_what_to_install(runner: SystemRunner, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no-such-tool isn't there") as caught:
        runner.run(["no-such-tool"])
    assert "install no-such-tool" in caught.value.hint
    with pytest.raises(ToolError, match="can't start true in"):
        runner.run(["true"], cwd=tmp_path / "nowhere")
    assert runner.which("no-such-tool") is None
    assert runner.which("sh")


def test_a_nul_is_refused(runner: SystemRunner) -> None:
    with pytest.raises(UsageError, match="NUL"):
        runner.run(["echo", "a\0b"])
    with pytest.raises(UsageError, match="NUL"):
        runner.run(["echo"], env={"A": "a\0b"})


def test_a_timeout_ends_the_whole_group(runner: SystemRunner, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(ToolError, match=r"longer than 0\.5 s and was ended; its last lines:\n  working"):
        runner.run(sh(f"sleep 300 & echo $! > {pid}; echo working >&2; wait"), timeout=0.5)
    assert has_ended(int(wait_for(pid)))


def test_who_ignores_term_is_killed_within_five_seconds(runner: SystemRunner) -> None:
    started = time.monotonic()
    with pytest.raises(ToolError, match="longer than"):
        runner.run(sh("trap '' TERM; while :; do sleep 0.2; done"), timeout=0.2)
    assert time.monotonic() - started < 5


def test_a_grandchild_that_keeps_the_pipes_is_not_waited_for(runner: SystemRunner, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    started = time.monotonic()
    assert runner.run(sh(f"sleep 300 & echo $! > {pid}; echo done")).stdout == "done\n"
    assert time.monotonic() - started < 5
    assert has_ended(int(wait_for(pid)))


def test_stop_ends_what_other_threads_wait_for_and_starts_nothing_more(runner: SystemRunner, tmp_path: Path) -> None:
    pid, errors = tmp_path / "pid", list[str]()

    def work() -> None:
        try:
            runner.run(sh(f"echo $$ > {pid}; sleep 300"))
        except ToolError as error:
            errors.append(error.message)

    thread = threading.Thread(target=work)
    thread.start()
    child = int(wait_for(pid))
    runner.stop()
    thread.join(5)
    assert not thread.is_alive()
    assert has_ended(child)
    assert "was stopped" in errors[0]
    with pytest.raises(ToolError, match="being stopped"):
        runner.run(["true"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_toolkit_reaches_the_group(tmp_path: Path, number: signal.Signals) -> None:
    pid = tmp_path / "pid"
    script = (
        "import os\nfrom ci_toolkit.cli import signals\nfrom ci_toolkit.process import SystemRunner\n"
        "from ci_toolkit.redact import Redactor\nsignals.install()\n"
        # Only who is heard is known to run: the signal may come sooner than a shell's own file would tell.
        "def heard(line):\n"
        f"    with open({str(pid)!r}, 'w') as file:\n        file.write(line + chr(10))\n"
        "SystemRunner(os.environ, Redactor()).run(['sh', '-c', 'sleep 300 & echo $! >&2; wait'], on_line=heard)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE) as process:
        grandchild = int(wait_for(pid))
        started = time.monotonic()
        process.send_signal(number)
        process.communicate(timeout=10)
    assert time.monotonic() - started < 5
    assert has_ended(grandchild)
