"""Hands a run's results to the CI system it ran in, whatever they are."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ci_toolkit.ci.platform import NoPlatform, Published
from ci_toolkit.errors import ToolkitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ci_toolkit.cli.session import Session
    from ci_toolkit.pipeline import Journal
    from ci_toolkit.steps.judge import Judge
    from ci_toolkit.steps.scan_targets import Scannable


@contextmanager
def published(
    opened: Session,
    journal: Journal,
    *,
    environment: str | None = None,
    images: Mapping[str, Scannable] | None = None,
    judge: Callable[[], Judge] | None = None,
) -> Iterator[None]:
    """Publish what the block came to, however it ends. `environment` is what it promotes to.

    `images`: what it is about; None: the session's. A journal without a file has no variables for later jobs: theirs
    are of the images that are delivered. `judge`: the run's own, which may know the findings already.

    Raises ToolError where that can't be done; after a failure of the block it is a warning.
    """
    try:
        yield
    except BaseException as error:
        try:
            _publish(opened, journal, _told(error), environment, images or opened.images, judge)
        except ToolkitError as other:
            opened.progress.warn(other.message)
        raise
    _publish(opened, journal, None, environment, images or opened.images, judge)


def _publish(
    opened: Session,
    journal: Journal,
    failure: ToolkitError | None,
    environment: str | None,
    images: Mapping[str, Scannable],
    judge: Callable[[], Judge] | None,
) -> None:
    if isinstance(opened.platform, NoPlatform):
        return
    from ci_toolkit.cli.reports import judge_of
    from ci_toolkit.cli.run_report import run_report
    from ci_toolkit.report.annotations import annotations_of
    from ci_toolkit.report.outputs import outputs_of
    from ci_toolkit.report.run_markdown import run_markdown
    from ci_toolkit.report.variables import variables_of

    report = run_report(
        opened, journal, failure, images, judge() if judge else judge_of(opened), environment=environment
    )
    outputs = outputs_of(
        journal.state,
        images,
        state_file=str(journal.file or ""),
        environment=environment,
        shown=_shown_in_workspace(opened),
    )
    room = opened.platform.summary_room()
    opened.platform.publish(
        Published(
            outputs=outputs,
            summary=run_markdown(report, limit=room) if room else "",
            annotations=annotations_of(report),
            variables=variables_of(journal.state, images, environment=environment),
            workdir=opened.workdir if journal.file else None,
        )
    )


def _told(error: BaseException) -> ToolkitError:
    if isinstance(error, ToolkitError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return ToolkitError("the run was stopped", hint="run it again: what was done already is not done twice")
    return ToolkitError(f"{type(error).__name__}: {error}")


def _shown_in_workspace(opened: Session) -> Callable[[str], str]:
    """Paths as later steps find them: relative to the job's workspace, which is elsewhere inside a container."""
    top = Path(opened.env.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()

    def shown(path: str) -> str:
        whole = (opened.config.root / path).resolve()
        return whole.relative_to(top).as_posix() if whole.is_relative_to(top) else str(whole)

    return shown
