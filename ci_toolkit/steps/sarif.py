"""The SARIF reports: written whatever the gate said, most of all when it said no."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.errors import ToolkitError
from ci_toolkit.files import write_atomically
from ci_toolkit.model.analysis import Analysis
from ci_toolkit.model.plan import Action
from ci_toolkit.steps.failures import joined
from ci_toolkit.steps.scanned import base_line, decision_of_that_day, findings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.model.gate import GatePolicy
    from ci_toolkit.progress import Progress
    from ci_toolkit.report.sarif import Ignored, Origin
    from ci_toolkit.state import State
    from ci_toolkit.steps.sarif_upload import Delivery


class SarifStep:
    """Writes one SARIF file an image, validated against the official schema, and has it delivered."""

    name: ClassVar[str] = "sarif"

    def __init__(
        self,
        images: Sequence[ImageOptions],
        *,
        policy: GatePolicy,
        category: str,
        root: Path,
        workdir: Path,
        repository: Path,
        progress: Progress,
        save: Callable[[State], None],
        delivery: Delivery | None = None,
    ) -> None:
        """`root`: the config's directory; `repository`: the checkout's top, which alerts' paths are relative to.

        `save`: keeps a state before anything is raised; `delivery`: None where nothing is uploaded.
        """
        self._images = images
        self._policy = policy
        self._category = category
        self._root = root
        self._reports = workdir / "reports"
        self._repository = repository
        self._progress = progress
        self._save = save
        self._delivery = delivery

    def plan(self, state: State) -> Sequence[Action]:  # noqa: ARG002
        """One file an image, then its upload."""
        actions = [
            Action(
                step=self.name,
                kind="write",
                summary=f"write the findings of {image.name} as SARIF",
                image=image.name,
                path=str(self._file(image.name)),
            )
            for image in self._images
        ]
        if self._delivery:
            for image in self._images:
                actions += self._delivery.uploader.plan(self.name, image.name)
        return actions

    def run(self, state: State) -> State:
        """Write them all, then deliver them. One that can't be is no reason to leave out another.

        Raises UsageError for an image that was not scanned, and what the delivery raises, when all else is done.
        """
        failures: list[tuple[str, ToolkitError]] = []
        analyses: list[Analysis] = []
        for options in self._images:
            state = state.with_image(options.name, code_scanning=None)
            try:
                state, analysis = self._written(options, state)
            except ToolkitError as error:
                failures.append((options.name, error))
            else:
                analyses.append(analysis)
        if self._delivery and analyses:
            state, undelivered = self._delivery.deliver(state, analyses)
            failures += undelivered
        if failures:
            self._save(state)
            raise joined(failures)
        return state

    def _written(self, options: ImageOptions, state: State) -> tuple[State, Analysis]:
        # Here, not above: sarif-om takes its time to import, and a plan doesn't need it.
        from ci_toolkit.report.sarif import sarif_report

        findings = findings_of(options.name, state.image(options.name), self._root)
        report = sarif_report(
            findings,
            self._origin(options, state),
            category=self._category,
            ignored=self._ignored(findings, scratch=options.scratch),
        )
        for cut in report.cuts:
            self._progress.warn(f"the SARIF of {options.name} leaves out {cut}; findings.json has everything")
        file = self._file(options.name)
        write_atomically(file, report.data)
        known_as = str(file.relative_to(self._root) if file.is_relative_to(self._root) else file)
        reports = {**state.image(options.name).reports, "sarif": known_as}
        return state.with_image(options.name, reports=reports), Analysis(
            image=options.name, sarif=report.data, started_at=findings.scanned_at, categories=report.categories
        )

    def _ignored(self, findings: ImageFindings, *, scratch: bool) -> Ignored:
        decision = decision_of_that_day(findings, self._policy, scratch=scratch)
        return {name: {f.key: entry for f, entry in p.ignored} for name, p in decision.platforms.items()}

    def _origin(self, options: ImageOptions, state: State) -> Origin:
        from ci_toolkit.report.sarif import Origin

        place = base_line(options, self._repository)
        return Origin(
            dockerfile=place.file,
            line=place.line,
            repository=state.source.repository,
            revision=state.source.revision,
            branch=state.source.ref,
        )

    def _file(self, name: str) -> Path:
        return self._reports / name / "trivy.sarif"
