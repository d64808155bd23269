"""A registry host that isn't there."""

from __future__ import annotations

import socket

import pytest

from ci_toolkit.errors import RemoteError
from ci_toolkit.model.reference import Repository
from tests.harness.pushing import Naps, destinations


def test_a_host_that_refuses_is_asked_no_more_often_than_patience_says() -> None:
    naps = Naps()
    with socket.socket() as taken, destinations(naps=naps, attempts=3) as there:
        taken.bind(("127.0.0.1", 0))
        repository = Repository(f"127.0.0.1:{taken.getsockname()[1]}", "app")
        with pytest.raises(RemoteError, match="no answer"):
            there.repository(repository).resolve("1")
    assert len(naps.taken) == 2
