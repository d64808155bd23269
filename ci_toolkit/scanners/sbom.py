"""Bills of materials, made by Trivy of its own report: no image is read again."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from ci_toolkit.errors import ToolError
from ci_toolkit.scanners.trivy_commands import Private, convert_argv
from ci_toolkit.scanners.trivy_program import TrivyProgram

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_toolkit.model.sbom import SbomFormat
    from ci_toolkit.process import Runner
    from ci_toolkit.progress import Progress

_TRIVYS_WORD = {"cyclonedx": "cyclonedx", "spdx": "spdx-json"}
_SPOKEN = "1.6"
"""GitLab refuses a CycloneDX version that it doesn't know; this one it has known since 17.4 (its issue 472837).

Trivy 0.76 writes what is valid under it, and calls it 1.7.
"""
_LARGEST = 512 * 1024 * 1024


class TrivySboms:
    """Makes them one at a time. `image`: Trivy's container image, for machines without a `trivy` on PATH."""

    def __init__(
        self, runner: Runner, *, image: str, timeout: float, progress: Progress, program: Path | None = None
    ) -> None:
        """`timeout`: seconds of one conversion; `program` names a Trivy that isn't on PATH."""
        self._program = TrivyProgram(runner=runner, image=image, named=program)
        self._timeout = timeout
        self._progress = progress

    def argv(self, form: SbomFormat, private: Path) -> tuple[str, ...]:
        """The command that `make` runs."""
        place = Private(private)
        return convert_argv(self._program.start(place), _given(place), _made(place), _TRIVYS_WORD[form], place)

    def make(
        self, form: SbomFormat, report: Path, *, name: str, private: Path, properties: Mapping[str, str] | None = None
    ) -> bytes:
        """The bill of materials of a report of Trivy's, of an image that is called `name` in it.

        `properties`: of CycloneDX documents, beside Trivy's. `private` is a directory of this call's own, removed at
        the end. Raises ToolError where Trivy can't read the report, or what it makes of it isn't what was asked for.
        """
        place = Private(private)
        try:
            self._prepare(place, report, name)
            argv = self.argv(form, private)
            about = f"make a bill of materials as {form}"
            self._program.run(argv, place, about, timeout=self._timeout, on_line=self._progress.tool)
            document = _read(_made(place))
        finally:
            shutil.rmtree(private, ignore_errors=True)
        if form == "spdx":
            _require(str(document.get("spdxVersion", "")).startswith("SPDX-2."), form)
        else:
            _require(document.get("bomFormat") == "CycloneDX", form)
            document = _as_gitlab_reads_it(document, properties or {})
        return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")

    def _prepare(self, place: Private, report: Path, name: str) -> None:
        """The report under the image's name: Trivy knows it by the directory that it was scanned in."""
        document = _read(report)
        try:
            place.cwd.mkdir(parents=True, exist_ok=True)
            place.config.write_bytes(b"")
            _given(place).write_text(json.dumps({**document, "ArtifactName": name}), encoding="utf-8")
        except OSError as error:
            message = f"can't prepare the bill of materials in {place.root}: {error.strerror or error}"
            raise ToolError(message) from error


def _given(place: Private) -> Path:
    return place.root / "report.json"


def _made(place: Private) -> Path:
    return place.root / "sbom.json"


def _read(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > _LARGEST:
            message = f"{file} has more than {_LARGEST} bytes"
            raise ToolError(message)
        document = json.loads(file.read_bytes())
    except OSError as error:
        message = f"can't read {file}: {error.strerror}"
        raise ToolError(message, hint="run `ci-toolkit scan` again") from error
    except (ValueError, RecursionError) as error:
        message = f"{file} is broken: {str(error)[:100]}"
        raise ToolError(message, hint="run `ci-toolkit scan` again") from None
    if not isinstance(document, dict):
        message = f"{file} is no report of Trivy's"
        raise ToolError(message, hint="run `ci-toolkit scan` again")
    return document


def _require(right: bool, form: SbomFormat) -> None:  # noqa: FBT001 what is required is the only thing to say
    if not right:
        message = f"Trivy made something else than {form} of its report"
        raise ToolError(message, hint="try another version of Trivy")


def _as_gitlab_reads_it(document: dict[str, Any], properties: Mapping[str, str]) -> dict[str, Any]:
    if document.get("specVersion") == "1.7":
        document |= {"specVersion": _SPOKEN, "$schema": f"http://cyclonedx.org/schema/bom-{_SPOKEN}.schema.json"}
    if properties:
        metadata = document.setdefault("metadata", {})
        metadata["properties"] = [
            *metadata.get("properties", ()),
            *({"name": name, "value": value} for name, value in properties.items()),
        ]
    return document
