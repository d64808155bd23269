"""Scan attestations that a command is given as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_toolkit.errors import UsageError
from ci_toolkit.model.attestation import parse_attestations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_toolkit.model.attestation import ScanAttestation

ATTESTATIONS = click.option(
    "--attestation",
    "attestations",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A scan attestation that tells the verdict, verified by cosign before; can be repeated.",
)
_LARGEST = 16 * 1024 * 1024


def read_attestations(paths: Iterable[Path]) -> tuple[ScanAttestation, ...]:
    """All of them; raises UsageError for a file that can't be read or holds none."""
    return tuple(attestation for path in paths for attestation in _read(path))


def _read(path: Path) -> tuple[ScanAttestation, ...]:
    try:
        with path.open("rb") as stream:
            text = stream.read(_LARGEST).decode()
        return parse_attestations(text)
    except (OSError, UnicodeDecodeError) as error:
        message = f"the attestation {path} can't be read: {error}"
        raise UsageError(message) from error
    except UsageError as error:
        message = f"the attestation {path}: {error.message}"
        raise UsageError(message, hint=error.hint) from error
