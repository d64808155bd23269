"""Our side of the push benchmark: `python -m bench.push_once LAYOUT DESTINATION TAG…` prints how long the push took.

A run imports what a push needs while the engine builds; here it is imported before the clock starts.
"""
# ruff: noqa: E402

from __future__ import annotations

import gc

gc.set_threshold(100_000)  # as the command does, before anything large is imported

import os
import sys
import time
from pathlib import Path

import ci_toolkit.registry.auth
import ci_toolkit.registry.push
import ci_toolkit.transport  # noqa: F401
from ci_toolkit.layout import Layout
from ci_toolkit.model.reference import parse_destination
from ci_toolkit.progress import Silent
from ci_toolkit.redact import Redactor
from ci_toolkit.registry.credentials import Configured
from ci_toolkit.registry.destinations import Destinations


def main(path: str, destination: str, *tags: str) -> None:
    """Push the layout's image there, under these tags."""
    start = time.perf_counter()
    layout = Layout(Path(path))
    there = Destinations(
        env={}, root=Path(), keychain=Configured({}), insecure=(), redact=Redactor(), progress=Silent()
    )
    there.push(parse_destination(destination), layout, layout.root(), tags)
    print(f"{time.perf_counter() - start:.4f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # as the command itself leaves
