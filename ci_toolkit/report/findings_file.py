"""`findings.json`: everything a scan found, for whoever reads it next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.documents import read_document
from ci_toolkit.files import write_atomically
from ci_toolkit.model.findings import FORMAT, ImageFindings
from ci_toolkit.model.text import indented_json

if TYPE_CHECKING:
    from pathlib import Path

NAME = "findings.json"
"""What it is called in an image's directory of reports."""


def write_findings(path: Path, findings: ImageFindings) -> None:
    """Write the file whole or not at all; raises ToolError."""
    write_atomically(path, (indented_json(findings.as_json(), 1) + "\n").encode())


def read_findings(path: Path) -> ImageFindings:
    """Read it back; raises as `read_document` does."""
    beside = path.with_name(NAME)
    if beside != path and beside.is_file():
        instead = f"give the findings that lie beside it: {beside}"
    else:
        instead = f"give what `ci-toolkit scan` writes below its workdir: .ci-toolkit/reports/NAME/{NAME}"
    document = read_document(path, "findings", version=FORMAT, made_by="ci-toolkit scan", instead=instead)
    return ImageFindings.from_json(document)
