"""Work shared with forks: results in order, errors raised here, no child left behind."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import ConfigError, ToolError
from ci_toolkit.fork import in_shares

if TYPE_CHECKING:
    from collections.abc import Sequence


def _squares(share: Sequence[int]) -> tuple[int, list[int]]:
    return os.getpid(), [number * number for number in share]


def _no_child_is_left() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def test_each_share_has_a_process_and_the_first_is_ours() -> None:
    results = in_shares(_squares, [[1, 2], [3], []])
    assert [squares for _, squares in results] == [[1, 4], [9], []]
    processes = [process for process, _ in results]
    assert processes[0] == os.getpid()
    assert len(set(processes)) == 3
    assert _no_child_is_left()


def test_more_than_a_pipe_holds_comes_back() -> None:
    results = in_shares(lambda share: bytes(share[0]), [[1], [1_000_000]])
    assert [len(data) for data in results] == [1, 1_000_000]


def test_an_error_keeps_all_it_says() -> None:
    def fail(share: Sequence[int]) -> int:
        if share[0]:
            message = "no"
            raise ConfigError(message, hint="mend it", violations=["a.yaml:1:1: bad"])
        return 0

    with pytest.raises(ConfigError) as caught:
        in_shares(fail, [[0], [1], [0]])
    assert (caught.value.message, caught.value.hint) == ("no", "mend it")
    assert caught.value.violations == ("a.yaml:1:1: bad",)
    assert _no_child_is_left()


def test_an_error_here_ends_the_others() -> None:
    def fail(share: Sequence[int]) -> int:
        if not share[0]:
            raise KeyboardInterrupt
        signal.pause()
        return 0

    with pytest.raises(KeyboardInterrupt):
        in_shares(fail, [[0], [1], [1]])
    assert _no_child_is_left()


def test_a_process_that_is_killed_is_an_error() -> None:
    def die(share: Sequence[int]) -> int:
        if share[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    with pytest.raises(ToolError, match="ended early"):
        in_shares(die, [[0], [1]])
    assert _no_child_is_left()
