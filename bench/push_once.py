"""Our side of the push benchmark, a whole process: `python -m bench.push_once LAYOUT DESTINATION TAG…`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ci_toolkit.layout import Layout
from ci_toolkit.model.reference import parse_destination
from ci_toolkit.progress import Silent
from ci_toolkit.redact import Redactor
from ci_toolkit.registry.credentials import Configured
from ci_toolkit.registry.destinations import Destinations


def main(path: str, destination: str, *tags: str) -> None:
    """Push the layout's image there, under these tags."""
    layout = Layout(Path(path))
    there = Destinations(
        env={}, root=Path(), keychain=Configured({}), insecure=(), redact=Redactor(), progress=Silent()
    )
    there.push(parse_destination(destination), layout, layout.root(), tags)


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # as the command itself leaves
