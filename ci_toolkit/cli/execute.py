"""Plan or run some steps and print what came of it: the body of every step's command."""

from __future__ import annotations

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
    from ci_toolkit.model.plan import Action
    from ci_toolkit.state import State

_STARTS_A_RUN = frozenset({"build", "tag"})
_JUDGE = frozenset({"scan", "push", "sarif"})
"""They go by the gate's policy."""
_WIDTH = 240
"""Columns of a table in a log, so that no digest is broken."""


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
    settings = opened.settings
    journal = pipeline.Journal(opened.state_file, _first_state(opened, ordered))
    if len(ordered) > 1:
        warm_up(ordered, summary=settings.format == "text" and not settings.quiet)
    workshop = Workshop(opened, journal.save, wishes)
    with published(opened, journal):
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
                _print_findings(opened, workshop, wishes.findings)
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
        from ci_toolkit.report.summary import print_summary

        terminal = sys.stdout.isatty()
        print_summary(
            state,
            opened.images,
            sys.stdout,
            color=terminal and not settings.no_color,
            width=None if terminal else _WIDTH,
        )


def _print_findings(opened: Session, workshop: Workshop, form: Literal["table", "json"]) -> None:
    """What the scan found: a table an image, or one JSON object by image. Nothing for an image without a scan."""
    from ci_toolkit.report.table import scan_json, scan_table

    if form == "json":
        document = {scanned[0].image: scan_json(*scanned) for scanned in workshop.scanned}
        click.echo(opened.redact(neutral_json(document)))
    else:
        for scanned in workshop.scanned:
            click.echo(opened.redact(scan_table(*scanned)))


def _plan(opened: Session, ordered: Sequence[str], wishes: Wishes, undone: Mapping[str, str]) -> Sequence[Action]:
    state = opened.fresh_state(building="build" in ordered)
    return pipeline.plan(Workshop(opened, lambda _: None, wishes).steps(ordered), state, undone)


def _first_state(opened: Session, ordered: Sequence[str]) -> State:
    if ordered and ordered[0] in _STARTS_A_RUN:
        return opened.fresh_state(building="build" in ordered)
    return opened.handed_state()
