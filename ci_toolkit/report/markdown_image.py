"""What is known of one image: digest, tags, the gate's word, where it was pushed and where not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.report.markdown_blocks import Row, cells, table, text_block
from ci_toolkit.report.plain import code, link, markdown, prose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.report.markdown_blocks import Block
    from ci_toolkit.report.run_report import ImageReport
    from ci_toolkit.state import CodeScanning, ImageState, Pushed

_TAGS = 50


def image_facts(image: ImageReport) -> Iterator[Block]:
    """A heading and a small table."""
    state = image.state
    yield text_block(f"### {markdown(image.name)} {markdown(state.version or '')}".rstrip())
    if state.digest is None:
        yield text_block("Not built yet: nothing is known of it.")
        return
    rows = [Row(cells(label, value)) for label, value in _facts(image)]
    yield table(("Digest", code(str(state.digest))), rows)


def _facts(image: ImageReport) -> Iterator[tuple[str, str]]:
    state = image.state
    if state.platforms:
        yield "Platforms", " ".join(code(name) for name in state.platforms)
    if state.tags:
        more = f" and {len(state.tags) - _TAGS} more" if len(state.tags) > _TAGS else ""
        yield "Tags", " ".join(code(tag) for tag in state.tags[:_TAGS]) + more
    if state.verdict:
        yield "Gate", _gate(image) + _policy(state)
    for pushed in state.pushed:
        yield "Pushed to", f"✅ {code(pushed.repository)}: {_outcome(pushed)}"
    for repository, why in state.failed_pushes.items():
        yield "**Not pushed to**", f"❌ {code(repository)}: {prose(why)}"
    if state.code_scanning:
        yield "Code scanning", _code_scanning(state.code_scanning)


def _gate(image: ImageReport) -> str:
    state = image.state
    if state.gate == "overridden":
        return f"⚠️ **passed over** (`--no-gate`); {_found(state)}"
    if state.verdict == "none":
        return f"off; {_found(state)}"
    if state.verdict == "pass":
        return f"✅ **pass**; {_found(state)}"
    return f"⛔ **fail**: {_grounds(image)}; {_found(state)}"


def _policy(state: ImageState) -> str:
    origin = state.scan.policy_from if state.scan else None
    return f"; by the policy of {code(origin)}" if origin else ""


def _grounds(image: ImageReport) -> str:
    """What decided: how many findings, and each fault; where the findings can't be read any more, how many lines."""
    if image.decision is None:
        return f"{len(image.state.blocking):,} blocking"
    number = len(image.decision.blocking)
    faults = [f"{name}: {fault}" for name, p in image.decision.platforms.items() for fault in p.faults]
    blocking = [f"{number:,} {'finding blocks' if number == 1 else 'findings block'}"] if number else []
    return ", ".join([*blocking, *(markdown(fault) for fault in faults)])


def _found(state: ImageState) -> str:
    counts = state.findings.as_json() if state.findings else {}
    found = ", ".join(f"{number:,} {severity}" for severity, number in counts.items() if number) or "nothing found"
    return found + (f", {state.ignored} of them ignored" if state.ignored else "")


def _code_scanning(came: CodeScanning) -> str:
    mark = {"complete": "✅", "pending": "⏳", "skipped": "", "failed": "❌"}[came.status]
    reason = f": {prose(came.reason)}" if came.reason else ""
    return f"{mark} {link(came.status, came.url or '')}{reason}".strip()


def _outcome(pushed: Pushed) -> str:
    if not pushed.uploaded and not pushed.mounted and not pushed.tags_moved:
        return "was there already"
    sent = f"{pushed.uploaded} blobs sent ({pushed.bytes / 1e6:,.1f} MB)" if pushed.uploaded else "no blob to send"
    return f"{sent}, {pushed.tags_moved} of {len(pushed.tags)} tags written"
