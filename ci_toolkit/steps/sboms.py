"""The bills of materials of an image's platforms, made of the scan's own reports."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from ci_toolkit.errors import UsageError
from ci_toolkit.files import write_atomically
from ci_toolkit.model.plan import Action
from ci_toolkit.steps.scan_targets import BUILDERS_PLATFORM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.model.findings import PlatformFindings
    from ci_toolkit.model.sbom import SbomFormat
    from ci_toolkit.state import ImageState
    from ci_toolkit.steps.reports import Reported, Subject


class SbomMaker(Protocol):
    """Makes a document of a scanner's report; `ci_toolkit.scanners.sbom.TrivySboms` is the one."""

    def argv(self, form: SbomFormat, private: Path) -> tuple[str, ...]:
        """The command that `make` runs."""

    def make(
        self, form: SbomFormat, report: Path, *, name: str, private: Path, properties: Mapping[str, str] | None = None
    ) -> bytes:
        """The document; raises ToolError."""


class SbomReports:
    """One file a format and platform: `cyclonedx.json` for the first, `cyclonedx-linux-arm64.json` for another.

    So `cyclonedx*.json` are all of them, each once.
    """

    def __init__(
        self,
        maker: SbomMaker,
        formats: Sequence[SbomFormat],
        *,
        root: Path,
        workdir: Path,
        properties: Callable[[Reported, PlatformFindings], Mapping[str, str]] | None = None,
    ) -> None:
        """`root`: the config's directory; `properties`: what CycloneDX documents tell beside what Trivy tells."""
        self._maker = maker
        self._formats = formats
        self._root = root
        self._reports = workdir / "reports"
        self._private = workdir / "sbom"
        self._properties = properties

    def plan(self, step: str, options: ImageOptions, image: ImageState) -> Sequence[Action]:
        """A command and a file for each platform that is known already, or asked for."""
        platforms = tuple(image.platforms) or options.platforms or (BUILDERS_PLATFORM,)
        actions = []
        for form, platform, file in self._files(options.name, platforms):
            about = f"the bill of materials of {options.name} {platform} as {form}"
            argv = self._maker.argv(form, self._private / file.stem)
            actions += [
                Action(step=step, kind="command", summary=f"make {about}", image=options.name, argv=argv),
                Action(step=step, kind="write", summary=f"write {about}", image=options.name, path=str(file)),
            ]
        return actions

    def make(self, subject: Subject) -> Mapping[str, Path]:
        """See `Reports.make`; raises UsageError where the scan's own report wasn't handed on."""
        self._clear(subject.options.name)
        made = {}
        for kind, file, data in self.rendered(subject):
            write_atomically(file, data)
            made[kind] = file
        return made

    def rendered(self, subject: Subject) -> Sequence[tuple[str, Path, bytes]]:
        """The name in the state, the file and the document of each, made side by side; raises as `make` does."""
        platforms = {platform.platform: platform for platform in subject.findings.platforms}

        def one(wanted: tuple[SbomFormat, str, Path]) -> tuple[str, Path, bytes]:
            form, name, file = wanted
            return f"{form} {name}", file, self._document(subject, platforms[name], form, file)

        pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="sbom")
        try:
            return list(pool.map(one, self._files(subject.options.name, tuple(platforms))))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            shutil.rmtree(self._private, ignore_errors=True)

    def _document(self, subject: Subject, platform: PlatformFindings, form: SbomFormat, file: Path) -> bytes:
        options, scanner = subject.options, subject.findings.scanner
        report = subject.image.reports.get(f"{scanner} {platform.platform}")
        if report is None:
            message = f"the report of {scanner} on {options.name} {platform.platform} isn't there"
            raise UsageError(message, hint="run `ci-toolkit scan` again, or hand the scan job's workdir on")
        return self._maker.make(
            form,
            self._root / report,
            name=str(next(iter(options.repositories), options.name)),
            private=self._private / file.stem,
            properties=self._properties(options, platform) if self._properties else None,
        )

    def _clear(self, image: str) -> None:
        """An earlier run may have had more platforms, and whoever collects the files goes by their names."""
        for form in self._formats:
            for old in (self._reports / image).glob(f"{form}*.json"):
                old.unlink(missing_ok=True)

    def _files(self, image: str, platforms: Sequence[str]) -> Iterator[tuple[SbomFormat, str, Path]]:
        for form in self._formats:
            for number, platform in enumerate(platforms):
                suffix = f"-{platform.replace('/', '-')}" if number else ""
                yield form, platform, self._reports / image / f"{form}{suffix}.json"
