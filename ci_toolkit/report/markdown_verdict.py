"""The first lines of a summary: how the run ended, why, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.errors import VerdictError
from ci_toolkit.report.markdown_blocks import text_block
from ci_toolkit.report.markdown_failure import kind_of, reason
from ci_toolkit.report.plain import markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.errors import ToolkitError
    from ci_toolkit.report.markdown_blocks import Block
    from ci_toolkit.report.run_report import RunReport

_NAMES = 4
_VIOLATIONS = 20


def verdict(report: RunReport) -> Iterator[Block]:
    """One line that says it, then a failure's reason and hint."""
    if report.failure is None:
        words = ", ".join(_achievements(report)) or "done"
        mark = "⚠️" if _is_overridden(report) else "✅"
        yield text_block(f"## {mark} {_names([image.name for image in report.images])}: {words}")
        return
    yield text_block(f"## {_failed(report, report.failure)}")
    yield from reason(report.failure, most=_VIOLATIONS)


def _achievements(report: RunReport) -> Iterator[str]:
    states = [image.state for image in report.images]
    if report.did("build"):
        yield "built"
    if report.did("scan"):
        verdicts = {state.verdict for state in states}
        yield {"pass": "passed the gate", "none": "scanned without a gate"}.get(
            verdicts.pop() or "" if len(verdicts) == 1 else "", "scanned"
        )
    if report.did("push"):
        repositories = {pushed.repository for state in states for pushed in state.pushed}
        passed_over = " although the gate was passed over" if _is_overridden(report) else ""
        yield f"pushed to {_number(len(repositories), 'repository', 'repositories')}{passed_over}"
    if report.did("pin"):
        changed = sum(pin.old != pin.new for pin in report.pins)
        yield f"{_number(changed, 'place', 'places')} pinned" if changed else "manifests pinned already"
    if report.environment:
        yield f"promoted to {markdown(report.environment)}"


def _is_overridden(report: RunReport) -> bool:
    return report.did("push") and any(image.state.gate == "overridden" for image in report.images)


def _failed(report: RunReport, failure: ToolkitError) -> str:
    promotion = f"promotion to {report.environment}" if report.environment else ""
    step = next((time.step for time in report.times if time.outcome in ("failed", "refused")), promotion)
    if isinstance(failure, VerdictError):
        refused = [image.name for image in report.images if image.state.verdict == "fail"]
        return f"⛔ Refused by the gate: {_names(refused)}" if refused else f"⛔ Refused at {markdown(step) or 'once'}"
    words = f"{markdown(step[:1].upper() + step[1:])} failed" if step else "Failed"
    return f"❌ {words}{kind_of(failure)}"


def _names(names: list[str]) -> str:
    if len(names) > _NAMES:
        return f"{len(names)} images"
    return ", ".join(map(markdown, names)) or "nothing"


def _number(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
