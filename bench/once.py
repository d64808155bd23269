"""Our side of two benchmarks: `python -m bench.once push LAYOUT DST TAG…` and `… copy SRC:TAG DST:TAG` print the time.

A run imports what a push needs while the engine builds; here it is imported before the clock starts.
"""
# ruff: noqa: E402

from __future__ import annotations

import gc

gc.set_threshold(1_000_000)  # as the command does, before anything large is imported

import os
import sys
import time
from pathlib import Path

import ci_toolkit.registry.auth
import ci_toolkit.registry.copy
import ci_toolkit.registry.push
import ci_toolkit.transport  # noqa: F401
from ci_toolkit.layout import Layout
from ci_toolkit.model.reference import Reference, parse_destination
from ci_toolkit.progress import Silent
from ci_toolkit.redact import Redactor
from ci_toolkit.registry.destinations import Destinations
from tests.harness.logins_at_hand import Configured


def main(what: str, source: str, destination: str, *tags: str) -> None:
    """Push a layout's image, or copy one from another registry."""
    start = time.perf_counter()
    there = Destinations(
        env={}, root=Path(), keychain=Configured({}), insecure=(), redact=Redactor(), progress=Silent()
    )
    if what == "push":
        layout = Layout(Path(source))
        there.push(parse_destination(destination), layout, layout.root(), tags)
    else:
        origin, target = Reference.parse(source), Reference.parse(destination)
        copier = there.copier(origin.repository, target.repository)
        copier.run(copier.plan(str(origin.tag), [str(target.tag)]))
    print(f"{time.perf_counter() - start:.4f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # as the command itself leaves
