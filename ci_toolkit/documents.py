"""JSON files that one run hands to the next: read strictly, by their schema, or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ci_toolkit.conformance import Rules
from ci_toolkit.errors import IntegrityError, ToolError, UsageError
from ci_toolkit.files import packaged_schema
from ci_toolkit.model.other_documents import known_as

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LARGEST = 512 * 1024 * 1024
"""Bytes of the largest file that is read: findings of the fullest images have some ten million."""


def read_document(path: Path, kind: str, *, version: int, made_by: str, instead: str = "") -> Mapping[str, Any]:
    """The document of a file that `schemas/KIND.schema.json` accepts, in this version of its format.

    `made_by` is the command that makes it; `instead`: what to give instead of a file of a well-known other kind.
    Raises UsageError where there is none, ToolError where the disk fails, IntegrityError for one nobody can trust.
    """
    again = f"name a {kind} file that ci-toolkit wrote, or run `{made_by}` again"
    document = _load(path, kind, made_by, again)
    if other := known_as(document):
        message = f"{path} is no {kind} file, it looks like {other}"
        raise IntegrityError(message, hint=instead or again)
    if isinstance(document, dict) and document.get("version", version) != version:
        message = f"{path} has {kind} version {document['version']!r}; this ci-toolkit reads {version}"
        raise IntegrityError(message, hint="use one version of ci-toolkit in all jobs of a pipeline")
    rules = Rules(json.loads(packaged_schema(f"{kind}.schema.json")))
    if not rules.conforms(document):
        from jsonschema import Draft202012Validator

        for violation in Draft202012Validator(rules.document).iter_errors(document):
            message = f"{path} is no valid {kind} file: {violation.json_path}: {violation.message[:200]}"
            raise IntegrityError(message, hint=again)
    valid: Mapping[str, Any] = document
    return valid


def _load(path: Path, kind: str, made_by: str, again: str) -> Any:
    try:
        if path.stat().st_size > _LARGEST:
            message = f"{path}: a {kind} file of more than {_LARGEST} bytes"
            raise IntegrityError(message, hint=again)
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        message = f"no {kind} at {path}"
        raise UsageError(message, hint=f"run `{made_by}` first, or hand the workdir of that job on") from None
    except OSError as error:
        message = f"can't read {path}: {error.strerror}"
        raise ToolError(message) from error
    except (ValueError, RecursionError) as error:
        message = f"{path} is no {kind} file, it can't be read: {str(error)[:100]}"
        raise IntegrityError(message, hint=again) from None
