"""What a session's findings are made into beside SARIF: what the CI system takes, and what the config asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_toolkit.cli.session import Session
    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.model.findings import PlatformFindings
    from ci_toolkit.model.sbom import SbomFormat
    from ci_toolkit.steps.reports import Reports


def reports_of(session: Session) -> Sequence[Reports]:
    """The HTML report, what `scan.sbom` lists, and in a GitLab job its two reports and CycloneDX."""
    from ci_toolkit.steps.html_report import HtmlReport

    on_gitlab = session.context.platform == "gitlab"
    reports: list[Reports] = [HtmlReport(session.workdir, session.config.scan.gate)]
    formats: tuple[SbomFormat, ...] = session.config.scan.sbom
    if on_gitlab:
        from ci_toolkit.steps.gitlab_reports import GitLabReports

        reports.append(GitLabReports(session.workdir, session.context, session.progress))
        formats = tuple(dict.fromkeys(("cyclonedx", *formats)))
    if formats:
        reports.append(_sboms(session, formats, for_gitlab=on_gitlab))
    return reports


def _sboms(session: Session, formats: Sequence[SbomFormat], *, for_gitlab: bool) -> Reports:
    from ci_toolkit.report.gitlab_image import gitlab_image
    from ci_toolkit.scanners.sbom import TrivySboms
    from ci_toolkit.steps.sboms import SbomReports

    def properties(options: ImageOptions, platform: PlatformFindings) -> Mapping[str, str]:
        return gitlab_image(options.name, options.repositories, session.context).properties(platform)

    maker = TrivySboms(
        session.runner,
        image=session.config.scan.trivy_image,
        timeout=session.config.scan.timeout.total_seconds(),
        progress=session.progress,
    )
    return SbomReports(
        maker,
        formats,
        root=session.config.root,
        workdir=session.workdir,
        properties=properties if for_gitlab else None,
    )
