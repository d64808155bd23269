"""`findings.json`: everything a scan found, for whoever reads it next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ci_toolkit.documents import read_document
from ci_toolkit.files import write_atomically
from ci_toolkit.model.findings import FORMAT, ImageFindings

if TYPE_CHECKING:
    from pathlib import Path


def write_findings(path: Path, findings: ImageFindings) -> None:
    """Write the file whole or not at all; raises ToolError."""
    write_atomically(path, (json.dumps(findings.as_json(), indent=1, ensure_ascii=False) + "\n").encode())


def read_findings(path: Path) -> ImageFindings:
    """Read it back; raises as `read_document` does."""
    return ImageFindings.from_json(read_document(path, "findings", version=FORMAT, made_by="ci-toolkit scan"))
