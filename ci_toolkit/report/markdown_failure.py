"""What ended a run, as Markdown: beside the run's results, or as a page of its own where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.errors import ConfigError, ToolkitError, VerdictError
from ci_toolkit.model.text import neutralise
from ci_toolkit.report.markdown_blocks import Block, Rank, Row, excerpt, fitted, text_block
from ci_toolkit.report.plain import markdown, prose
from ci_toolkit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS = {
    1: "a verdict says no",
    2: "configuration or usage",
    3: "a local tool",
    4: "a remote service",
    5: "integrity: bytes, digest or expectation disagree",
}
"""What the exit codes mean, for people."""
_LOG_LINES = 40


def failure_markdown(failure: ToolkitError, *, limit: int) -> str:
    """The page of a command that ended before it had anything else to show, in at most `limit` bytes of UTF-8.

    Violations that don't fit are counted. Nothing of a config, a path or a flag acts in it.
    """
    title = "⛔ Refused" if isinstance(failure, VerdictError) else f"❌ Failed{kind_of(failure)}"
    end = text_block("---", "", f"ci-toolkit {markdown(__version__)}")
    return fitted([text_block(f"## {title}"), *reason(failure), end], limit)


def kind_of(failure: ToolkitError) -> str:
    """`: ` and what kind of failure it is; nothing where that is not known."""
    return "" if type(failure) is ToolkitError else f": {_KINDS.get(failure.exit_code, 'unexpected')}"


def reason(failure: ToolkitError, *, most: int | None = None) -> Iterator[Block]:
    """The message, a tool's last words as a log; all violations, or the first `most` of them; what to do next."""
    first, *log = failure.message.splitlines() or [""]
    yield text_block(f"> {prose(first, 4000)}")
    if log:
        lines = (neutralise(line).replace("`", "'") for line in log[-_LOG_LINES:])
        yield text_block("```text", *lines, "```")
    if isinstance(failure, ConfigError):
        violations = failure.violations
        rows = tuple(Row(f"- {markdown(violation, 500)}", Rank.BLOCKING) for violation in violations[:most])
        yield excerpt(Block(rows=rows), len(violations), "of these: all are in the log")
    if failure.hint:
        yield text_block(f"**Next:** {prose(failure.hint)}")
