"""Import what later steps need while an earlier one waits for a tool: together it takes half a second."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from ci_toolkit.cli.session import Session

_LATE = {
    "tag": ("ci_toolkit.steps.tag",),
    "scan": ("ci_toolkit.steps.scan", "ci_toolkit.scanners.trivy"),
    "push": (
        "ci_toolkit.steps.push",
        "ci_toolkit.transport",
        "ci_toolkit.registry.auth",
        "ci_toolkit.registry.host",
        "ci_toolkit.registry.push",
        "ci_toolkit.registry.client",
    ),
    "sarif": (
        "ci_toolkit.steps.sarif",
        "ci_toolkit.report.sarif",
        "ci_toolkit.cli.reports",
        "ci_toolkit.steps.html_report",
        "ci_toolkit.report.html.page",
        "ci_toolkit.steps.sboms",
        "ci_toolkit.scanners.sbom",
    ),
    "pin": ("ci_toolkit.steps.pin",),
    "commit": ("ci_toolkit.steps.commit",),
}
_IN_A_JOB = ("ci_toolkit.cli.run_report", "ci_toolkit.report.annotations", "ci_toolkit.report.run_markdown")
_ON_GITHUB = ("ci_toolkit.ci.code_scanning", "ci_toolkit.ci.analysis_target", "ci_toolkit.steps.sarif_upload")
_UPLOADS = "ci_toolkit.transport"
_FOR_PEOPLE = "ci_toolkit.report.summary"


def warm_up(opened: Session, steps: Collection[str]) -> None:
    """Import what the first of these steps doesn't need while the first tool runs: it waits for nothing of ours."""
    modules = [module for step, late in _LATE.items() if step in steps for module in late]
    if opened.context.platform == "github" and "sarif" in steps:
        modules += [*_ON_GITHUB, *((_UPLOADS,) if opened.env.get("GITHUB_TOKEN") else ())]
    if opened.context.platform != "local":
        modules += _IN_A_JOB
    if opened.settings.format == "text" and not opened.settings.quiet:
        modules.append(_FOR_PEOPLE)
    opened.runner.meanwhile(lambda: _load(modules))


def _load(modules: Collection[str]) -> None:
    for module in modules:
        # Whatever is wrong shows again, in its place, when the step itself imports it.
        with suppress(ImportError):
            import_module(module)
