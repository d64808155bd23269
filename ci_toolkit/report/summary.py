"""The end of a run at a glance: image, verdict, digest, tags, where pushed, what was pinned (rich)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ci_toolkit.model.text import neutralise
from ci_toolkit.report.commits import commit_line
from ci_toolkit.report.pin_row import pin_row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ci_toolkit.state import Commit, ImageState, PinEdit, Pushed, State

_STYLES = {"pass": "bold green", "fail": "bold red", "none": "bold yellow"}
_BLOCKING_SHOWN = 5


def print_summary(state: State, images: Collection[str], stream: TextIO, *, color: bool, width: int | None) -> None:
    """Print what is known of these images; `width` None takes the terminal's."""
    console = Console(file=stream, no_color=not color, highlight=False, width=width, soft_wrap=width is not None)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name in images:
        image = state.image(name)
        table.add_row(Text("image", style="dim"), _headline(name, image))
        for label, value in _rows(image):
            table.add_row(f"  {label}", neutralise(value))
    for label, value in (*_pins(state.pins), *_commits(state.commits)):
        table.add_row(label, neutralise(value))
    with console.capture() as captured:
        console.print(table)
    stream.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _headline(name: str, image: ImageState) -> Text:
    text = Text(neutralise(name), style="bold")
    if image.version:
        text.append(f" {neutralise(image.version)}", style="not bold")
    if image.verdict:
        text.append("  ")
        text.append(image.verdict if image.verdict != "none" else "no verdict", style=_STYLES[image.verdict])
    if image.gate == "overridden":
        text.append("  gate overridden", style="bold red")
    return text


def _rows(image: ImageState) -> Iterator[tuple[str, str]]:
    if image.digest:
        yield "digest", str(image.digest)
    for platform, digest in image.platforms.items():
        verdict = image.platform_verdicts.get(platform)
        yield "platform", f"{platform}  {digest.short}" + (f"  {verdict}" if verdict else "")
    if image.findings:
        counts = ", ".join(f"{number} {severity}" for severity, number in image.findings.as_json().items() if number)
        yield "findings", (counts or "none") + (f" ({image.ignored} ignored)" if image.ignored else "")
    for line in image.blocking[:_BLOCKING_SHOWN]:
        yield "blocking", line
    if len(image.blocking) > _BLOCKING_SHOWN:
        yield "blocking", f"… and {len(image.blocking) - _BLOCKING_SHOWN} more"
    if image.tags:
        yield "tags", ", ".join(image.tags)
    for pushed in image.pushed:
        yield "pushed", f"{pushed.repository}  {_outcome(pushed)}"
    for repository, why in image.failed_pushes.items():
        yield "failed", f"{repository}  {why}"
    yield from image.reports.items()
    if scanning := image.code_scanning:
        yield "code scanning", f"{scanning.status}  {neutralise(scanning.reason or scanning.url or '')}".rstrip()


def _outcome(pushed: Pushed) -> str:
    if not pushed.uploaded and not pushed.mounted and not pushed.tags_moved:
        return "was there already: nothing uploaded, no tag moved"
    return (
        f"{pushed.uploaded} blobs uploaded ({pushed.bytes / 1e6:.1f} MB), {pushed.mounted} mounted, "
        f"{pushed.present} were there; {pushed.tags_moved} of {len(pushed.tags)} tags written"
    )


def _pins(pins: Collection[PinEdit]) -> Iterator[tuple[str, str]]:
    yield from map(pin_row, pins)


def _commits(commits: Collection[Commit]) -> Iterator[tuple[str, str]]:
    for commit in commits:
        yield "committed", commit_line(commit)
