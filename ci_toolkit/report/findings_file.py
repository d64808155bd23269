"""`findings.json`: everything a scan found, for whoever reads it next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ci_toolkit.errors import IntegrityError, UsageError
from ci_toolkit.files import packaged_schema, write_atomically
from ci_toolkit.model.findings import FORMAT, ImageFindings

if TYPE_CHECKING:
    from pathlib import Path


def write_findings(path: Path, findings: ImageFindings) -> None:
    """Write the file whole or not at all; raises ToolError."""
    write_atomically(path, (json.dumps(findings.as_json(), indent=1, ensure_ascii=False) + "\n").encode())


def read_findings(path: Path) -> ImageFindings:
    """Read it back; raises UsageError where there is none, IntegrityError for one that the schema refuses."""
    from jsonschema import Draft202012Validator

    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        message = f"no findings at {path}"
        raise UsageError(message, hint="run `ci-toolkit scan` first, or hand the workdir of the scan job on") from None
    except (OSError, ValueError, RecursionError) as error:
        message = f"{path} can't be read: {str(error)[:200]}"
        raise IntegrityError(message, hint="run `ci-toolkit scan` again") from None
    if isinstance(document, dict) and document.get("version", FORMAT) != FORMAT:
        message = f"{path} has version {document['version']!r}; this ci-toolkit reads {FORMAT}"
        raise IntegrityError(message, hint="run `ci-toolkit scan` again with this version")
    schema = json.loads(packaged_schema("findings.schema.json"))
    for violation in Draft202012Validator(schema).iter_errors(document):
        message = f"{path} is no valid findings file: {violation.json_path}: {violation.message[:200]}"
        raise IntegrityError(message, hint="run `ci-toolkit scan` again")
    return ImageFindings.from_json(document)
