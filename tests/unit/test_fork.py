"""Work shared with forks: results in order, errors raised here, no child left behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import ConfigError, ToolError
from ci_toolkit.fork import in_shares

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def _squares(share: Sequence[int]) -> tuple[int, list[int]]:
    return os.getpid(), [number * number for number in share]


@pytest.fixture(autouse=True)
def _no_child_is_left() -> Iterator[None]:
    """Other tests of this process may have some of their own."""
    before = _children()
    yield
    assert _children() <= before


def _children() -> set[str]:
    return {child for task in Path("/proc/self/task").iterdir() for child in (task / "children").read_text().split()}


def test_each_share_has_a_process_and_the_first_is_ours() -> None:
    results = in_shares(_squares, [[1, 2], [3], []])
    assert [squares for _, squares in results] == [[1, 4], [9], []]
    processes = [process for process, _ in results]
    assert processes[0] == os.getpid()
    assert len(set(processes)) == 3


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


def test_an_error_here_ends_the_others() -> None:
    def fail(share: Sequence[int]) -> int:
        if not share[0]:
            raise KeyboardInterrupt
        signal.pause()
        return 0

    with pytest.raises(KeyboardInterrupt):
        in_shares(fail, [[0], [1], [1]])


def test_a_process_that_is_killed_is_an_error() -> None:
    def die(share: Sequence[int]) -> int:
        if share[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    with pytest.raises(ToolError, match="ended early"):
        in_shares(die, [[0], [1]])
