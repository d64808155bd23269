"""What a session's findings are made into beside SARIF: what the CI system takes, and what the config asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.cli.session import Session
    from ci_toolkit.config.options import Config
    from ci_toolkit.model.context import CiContext
    from ci_toolkit.model.findings import PlatformFindings
    from ci_toolkit.model.sbom import SbomFormat
    from ci_toolkit.process import Runner
    from ci_toolkit.progress import Progress
    from ci_toolkit.steps.judge import Judge
    from ci_toolkit.steps.reports import Reported, Reports
    from ci_toolkit.steps.sboms import SbomReports


def judge_of(session: Session) -> Judge:
    """Who judges what scans kept, by the session's policy."""
    from ci_toolkit.git import checkout_of
    from ci_toolkit.steps.judge import Judge

    config = session.config
    return Judge(config.scan.gate, root=config.root, repository=checkout_of(config.root) or config.root)


def reports_of(session: Session) -> Sequence[Reports]:
    """What `scan.sbom` lists, the HTML report, and in a GitLab job its two reports and CycloneDX."""
    from ci_toolkit.steps.html_report import HtmlReport

    on_gitlab = session.context.platform == "gitlab"
    formats: tuple[SbomFormat, ...] = session.config.scan.sbom
    if on_gitlab:
        formats = tuple(dict.fromkeys(("cyclonedx", *formats)))
    # What runs a tool is begun first: the others are made meanwhile.
    reports: list[Reports] = [_sboms(session, formats, for_gitlab=on_gitlab)] if formats else []
    reports.append(HtmlReport(session.workdir, session.config.scan.gate))
    if on_gitlab:
        from ci_toolkit.steps.gitlab_reports import GitLabReports

        reports.append(GitLabReports(session.workdir, session.context, session.progress))
    return reports


def _sboms(session: Session, formats: Sequence[SbomFormat], *, for_gitlab: bool) -> Reports:
    return sbom_reports(
        formats,
        session.config,
        session.runner,
        session.progress,
        workdir=session.workdir,
        context=session.context if for_gitlab else None,
    )


def sbom_reports(
    formats: Sequence[SbomFormat],
    config: Config,
    runner: Runner,
    progress: Progress,
    *,
    workdir: Path,
    context: CiContext | None,
) -> SbomReports:
    """What makes bills of materials. `context`: of the GitLab job that they are for; None elsewhere."""
    from ci_toolkit.report.gitlab_image import gitlab_image
    from ci_toolkit.scanners.sbom import TrivySboms
    from ci_toolkit.steps.sboms import SbomReports

    def properties(options: Reported, platform: PlatformFindings) -> Mapping[str, str]:
        return gitlab_image(options.name, options.repositories, context).properties(platform) if context else {}

    maker = TrivySboms(
        runner, image=config.scan.trivy_image, timeout=config.scan.timeout.total_seconds(), progress=progress
    )
    return SbomReports(maker, formats, root=config.root, workdir=workdir, properties=properties)
