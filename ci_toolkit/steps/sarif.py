"""The SARIF and its companions: written whatever the gate said, most of all when it said no."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.errors import ToolkitError
from ci_toolkit.files import name_in_state, write_atomically
from ci_toolkit.model.analysis import Analysis
from ci_toolkit.model.plan import Action
from ci_toolkit.steps.failures import joined
from ci_toolkit.steps.reports import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.progress import Progress
    from ci_toolkit.report.sarif import Report
    from ci_toolkit.state import State
    from ci_toolkit.steps.judge import Judge
    from ci_toolkit.steps.reports import Reports
    from ci_toolkit.steps.sarif_upload import Delivery


SARIF_FILE = "trivy.sarif"


class SarifStep:
    """Writes one SARIF file an image, validated against the official schema, other reports beside it; delivers it."""

    name: ClassVar[str] = "sarif"

    def __init__(
        self,
        images: Sequence[ImageOptions],
        *,
        judge: Judge,
        category: str,
        root: Path,
        workdir: Path,
        progress: Progress,
        save: Callable[[State], None],
        delivery: Delivery | None = None,
        others: Sequence[Reports] = (),
    ) -> None:
        """`root`: the config's directory; alerts' paths are relative to the top of the checkout that `judge` knows.

        `save`: keeps a state before anything is raised; `delivery`: None where nothing is uploaded; `others`:
        what is made of the same findings.
        """
        self._images = images
        self._judge = judge
        self._category = category
        self._root = root
        self._reports = workdir / "reports"
        self._progress = progress
        self._save = save
        self._delivery = delivery
        self._others = others

    def plan(self, state: State) -> Sequence[Action]:
        """One file an image, the other reports, then its upload."""
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
        for image in self._images:
            for reports in self._others:
                actions += reports.plan(self.name, image, state.image(image.name))
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
        pool = ThreadPoolExecutor(max(1, len(self._others)), thread_name_prefix="reports")
        try:
            for options in self._images:
                state = state.with_image(options.name, code_scanning=None)
                making: list[Future[Mapping[str, Path]]] = []
                try:
                    subject = self._subject(options, state)
                    making = [pool.submit(reports.make, subject) for reports in self._others]
                    state, analysis = self._written(subject, state)
                    analyses.append(analysis)
                except ToolkitError as error:
                    failures.append((options.name, error))
                for made in making:
                    try:
                        state = self._known(state, options.name, made.result())
                    except ToolkitError as error:
                        failures.append((options.name, error))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        if self._delivery and analyses:
            state, undelivered = self._delivery.deliver(state, analyses)
            failures += undelivered
        if failures:
            self._save(state)
            raise joined(failures)
        return state

    def _subject(self, options: ImageOptions, state: State) -> Subject:
        image = state.image(options.name)
        judged = self._judge.of(options, image)
        return Subject(
            options=options,
            image=image,
            findings=judged.findings,
            decision=judged.decision,
            explanation=judged.explanation,
            place=judged.place,
            source=state.source,
        )

    def _written(self, subject: Subject, state: State) -> tuple[State, Analysis]:
        name, findings = subject.options.name, subject.findings
        report = sarif_of(subject, self._category)
        for cut in report.cuts:
            self._progress.warn(f"the SARIF of {name} leaves out {cut}; findings.json has everything")
        file = self._file(name)
        write_atomically(file, report.data)
        return self._known(state, name, {"sarif": file}), Analysis(
            image=name, sarif=report.data, started_at=findings.scanned_at, categories=report.categories
        )

    def _known(self, state: State, name: str, files: Mapping[str, Path]) -> State:
        known_as = {kind: name_in_state(file, self._root, self._reports.parent) for kind, file in files.items()}
        return state.with_image(name, reports={**state.image(name).reports, **known_as})

    def _file(self, name: str) -> Path:
        return self._reports / name / SARIF_FILE


def sarif_of(subject: Subject, category: str) -> Report:
    """The SARIF of an image; raises as `sarif_report` does."""
    # Here, not above: sarif-om takes its time to import, and a plan doesn't need it.
    from ci_toolkit.report.sarif import Origin, sarif_report

    origin = Origin(
        dockerfile=subject.shown_at.file,
        line=subject.shown_at.line,
        repository=subject.source.repository,
        revision=subject.source.revision,
        branch=subject.source.ref,
    )
    return sarif_report(subject.findings, origin, category=category, ignored=subject.ignored)
