"""`findings.json`: everything a scan found, for whoever reads it next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.documents import read_document
from ci_toolkit.files import write_atomically
from ci_toolkit.model.findings import FORMAT, ImageFindings
from ci_toolkit.model.text import indented_json

if TYPE_CHECKING:
    from pathlib import Path


def write_findings(path: Path, findings: ImageFindings) -> None:
    """Write the file whole or not at all; raises ToolError."""
    write_atomically(path, (indented_json(findings.as_json(), 1) + "\n").encode())


def read_findings(path: Path) -> ImageFindings:
    """Read it back; raises as `read_document` does."""
    return ImageFindings.from_json(read_document(path, "findings", version=FORMAT, made_by="ci-toolkit scan"))
