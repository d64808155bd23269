"""Import what later steps need while an earlier one waits for a tool: together it takes half a second."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from ci_toolkit.process import SystemRunner

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
        "ci_toolkit.steps.sboms",
        "ci_toolkit.scanners.sbom",
    ),
    "pin": ("ci_toolkit.steps.pin",),
    "commit": ("ci_toolkit.steps.commit",),
}
_UPLOADS = (
    "ci_toolkit.ci.code_scanning",
    "ci_toolkit.ci.analysis_target",
    "ci_toolkit.steps.sarif_upload",
    "ci_toolkit.transport",
)
_AT_THE_END = "ci_toolkit.report.summary"


def warm_up(runner: SystemRunner, steps: Collection[str], *, summary: bool, uploads: bool) -> None:
    """Import what the first of these steps doesn't need while the first tool runs: it waits for nothing of ours.

    `uploads`: a report may go to GitHub.
    """
    modules = [module for step, late in _LATE.items() if step in steps for module in late]
    modules += _UPLOADS if uploads and "sarif" in steps else []
    modules += [_AT_THE_END] if summary else []
    runner.meanwhile(lambda: _load(modules))


def _load(modules: Collection[str]) -> None:
    for module in modules:
        # Whatever is wrong shows again, in its place, when the step itself imports it.
        with suppress(ImportError):
            import_module(module)
