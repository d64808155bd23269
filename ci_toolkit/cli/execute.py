"""Plan or run some steps and print what came of it: the body of every step's command."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Literal

import click

from ci_toolkit import pipeline
from ci_toolkit import state as states
from ci_toolkit.cli.logged_in import logged_in
from ci_toolkit.cli.publish import published
from ci_toolkit.cli.session import session
from ci_toolkit.cli.warm_up import warm_up
from ci_toolkit.cli.wiring import Wishes, Workshop
from ci_toolkit.model.text import neutral_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ci_toolkit.cli.session import Session
    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.model.gate import Decision
    from ci_toolkit.model.plan import Action
    from ci_toolkit.state import ImageState, State
    from ci_toolkit.steps.scan_targets import Scannable

_STARTS_A_RUN = frozenset({"build", "tag"})
_JUDGE = frozenset({"scan", "push", "sarif"})
"""They go by the gate's policy."""


def execute(settings: Settings, names: Iterable[str], wishes: Wishes | None = None, *, as_run: bool = False) -> None:
    """Run these steps in the pipeline's order; with `--dry-run` print the plan instead.

    A step that the run isn't trusted with is refused (VerdictError) before anything is done; `as_run`, left out.
    """
    ordered, wishes = pipeline.order(names), wishes or Wishes()
    with session(settings, judges=not _JUDGE.isdisjoint(ordered)) as opened:
        undone = dict(pipeline.withheld(opened.trust, ordered))
        if as_run and "push" in undone and "pin" in ordered:
            undone["pin"] = "nothing is pushed"
        if as_run and opened.context.is_proposal and opened.trust.doubt is None:
            undone["commit"] = "a pull request's run commits nothing: its manifests are pinned after the merge"
        if settings.dry_run:
            print_plan(_plan(opened, ordered, wishes, undone), settings)
            return
        if undone and not as_run:
            opened.trust.require(pipeline.DEEDS[next(iter(undone))])
        with logged_in(opened, ordered) as at_work:
            _run(at_work, ordered, wishes, undone)


def _run(opened: Session, ordered: Sequence[str], wishes: Wishes, undone: Mapping[str, str]) -> None:
    journal = pipeline.Journal(opened.state_file, _first_state(opened, ordered))
    warm_up(opened, ordered)
    workshop = Workshop(opened, journal.save, wishes)
    with published(opened, journal, judge=workshop.judge):
        try:
            pipeline.run(
                workshop.steps(ordered),
                journal,
                images=opened.images,
                progress=opened.progress,
                gate=not wishes.no_gate,
                undone=undone,
                on_refusal=workshop.discard,
            )
        finally:
            if wishes.findings:
                print_findings(opened, workshop.scanned, opened.images, wishes.findings)
            elif wishes.check:
                _print_checked(opened, workshop)
            else:
                print_state(opened, journal.state)


def print_plan(actions: Sequence[Action], settings: Settings) -> None:
    """The plan on stdout, as text or JSON."""
    from ci_toolkit.report.plan import plan_text

    if settings.format == "json":
        click.echo(neutral_json({"actions": [action.as_json() for action in actions]}))
    else:
        click.echo(plan_text(actions))


def print_state(opened: Session, state: State) -> None:
    """The result on stdout: a table, or the state's own JSON."""
    settings = opened.settings
    if settings.format == "json":
        click.echo(opened.redact(neutral_json(states.as_json(state))))
    elif not settings.quiet:
        from ci_toolkit.report.plain import WIDE
        from ci_toolkit.report.summary import print_summary

        terminal = sys.stdout.isatty()
        print_summary(
            state,
            opened.images,
            sys.stdout,
            color=terminal and not settings.no_color,
            width=None if terminal else WIDE,
        )


def print_findings(
    opened: Session,
    scanned: Sequence[tuple[ImageFindings, ImageState, Decision]],
    images: Mapping[str, Scannable],
    form: Literal["table", "json"],
) -> None:
    """What the scan found: a table an image, or one JSON object by image. Nothing for an image without a scan."""
    from ci_toolkit.git import checkout_of
    from ci_toolkit.report.plain import WIDE
    from ci_toolkit.report.table import scan_json, scan_table
    from ci_toolkit.steps.scanned import base_line, explanation_of

    top = checkout_of(opened.config.root) or opened.config.root
    explained = []
    for findings, image, decision in scanned:
        options = images[findings.image]
        place = base_line(options, top)
        explanation = explanation_of(findings, decision, opened.config.scan.gate, options, place)
        explained.append((findings, image, decision, explanation))
    if form == "json":
        document = {each[0].image: scan_json(*each) for each in explained}
        click.echo(opened.redact(neutral_json(document)))
        return
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else WIDE
    for number, each in enumerate(explained):
        if number:
            click.echo()
        table = scan_table(*each, width=width, color=terminal and not opened.settings.no_color)
        click.echo(opened.redact(table))


def _print_checked(opened: Session, workshop: Workshop) -> None:
    """What a check of the pins found, as `pin` tells it of paths; nothing was done that a state could tell of."""
    from ci_toolkit.report.pins import pins_text

    for report in workshop.checked:
        if opened.settings.format == "json":
            click.echo(opened.redact(neutral_json(report.as_json())))
        elif not opened.settings.quiet:
            click.echo(opened.redact(pins_text(report)))


def _plan(opened: Session, ordered: Sequence[str], wishes: Wishes, undone: Mapping[str, str]) -> Sequence[Action]:
    state = opened.fresh_state(building="build" in ordered)
    return pipeline.plan(Workshop(opened, lambda _: None, wishes).steps(ordered), state, undone)


def _first_state(opened: Session, ordered: Sequence[str]) -> State:
    if ordered and ordered[0] in _STARTS_A_RUN:
        return opened.fresh_state(building="build" in ordered)
    return opened.handed_state()
