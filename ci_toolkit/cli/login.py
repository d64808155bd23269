"""`ci-toolkit login`: the registries' logins, proven and kept for later commands, or looked at with `--check`."""

from __future__ import annotations

import json
import os
import shlex
from typing import TYPE_CHECKING

import click

from ci_toolkit.cli.kept_logins import kept_place, read_kept, stated_hash
from ci_toolkit.cli.session import session
from ci_toolkit.cli.settings import with_settings
from ci_toolkit.errors import ToolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.cli.session import Session
    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.model.access import Wanted
    from ci_toolkit.model.login import LoginResult
    from ci_toolkit.registry.credentials import Credential

_EPILOG = 'Example: ci-toolkit login --check && eval "$(ci-toolkit login --shell)"'


@click.command("login", epilog=_EPILOG)
@click.option("--check", is_flag=True, help="Log in nowhere; tell what each repository lets us do.")
@click.option("--registry", metavar="HOST", help="Only this registry.")
@click.option("--shell", is_flag=True, help="Print what makes a shell's docker use the logins, for eval.")
@with_settings()
def command(settings: Settings, check: bool, registry: str | None, shell: bool) -> None:  # noqa: FBT001 click's flags
    """Log in at the config's registries; what is written lies outside the project, for this user alone.

    Each login is shown to its registry first. Later commands find the logins by themselves; logout removes them.
    """
    if check and shell:
        message = "--shell prints where the logins were written, and --check writes none"
        raise UsageError(message)
    from ci_toolkit.steps.login_targets import targets

    with session(settings, writes=False, judges=False) as opened:
        wanted = targets(opened.config, opened.images, registry)
        if settings.dry_run:
            _print_plan(opened, wanted, check=check)
        elif check:
            from ci_toolkit.cli.login_check import print_check

            print_check(opened, wanted)
        else:
            opened.trust.require("login")
            _log_in(opened, wanted, everything=registry is None and not settings.images, shell=shell)


def _log_in(opened: Session, wanted: Sequence[Wanted], *, everything: bool, shell: bool) -> None:
    from ci_toolkit.private import make, sweep
    from ci_toolkit.registry.docker_login import keep, own_directory
    from ci_toolkit.steps.failures import joined

    place = _place(opened)
    earlier = read_kept(os.environ, opened.workdir, opened.config.root)
    own = own_directory(os.environ, place, earlier)
    nobody = [h for h, o in opened.config.registries.items() if o.auth and o.auth.provider == "anonymous"]
    results, given = _results(opened, [host for host in _hosts(wanted) if host not in nobody], own)
    if not everything and earlier:
        given = {h: login for h, login in earlier.logins().items() if h not in nobody} | given
    sweep(place.parent)
    make(place)
    keep(place, own, given, nobody, stated={host: stated_hash(opened.config, host) for host in given})
    _print(opened, results, place, own, shell=shell)
    failures = [(result.host, result.error) for result in results if result.error]
    if failures:
        raise joined(failures)


def _results(opened: Session, hosts: Sequence[str], own: Path) -> tuple[Sequence[LoginResult], dict[str, Credential]]:
    """What came of each host, in order, and the logins that are to be kept."""
    from ci_toolkit.cli.logged_in import granted
    from ci_toolkit.cli.login_check import asker
    from ci_toolkit.process import SystemRunner
    from ci_toolkit.redact import Redactor
    from ci_toolkit.registry.crew import in_lanes
    from ci_toolkit.registry.docker_config import DockerConfig
    from ci_toolkit.registry.login import Offered, log_in

    env = {**opened.env, "DOCKER_CONFIG": str(own)}
    offered, ours = Offered(), DockerConfig(env, SystemRunner(env, Redactor()))
    given = granted(opened)
    with asker(opened, offered) as connect:
        found = dict[str, tuple["LoginResult", "Credential | None"]]()
        lanes = [[host] for host in hosts]
        for result, login in in_lanes(lambda host: log_in(host, given, ours, offered, connect), lanes):
            found[result.host] = (result, login)
    logins = {host: found[host][1] for host in hosts}
    return [found[host][0] for host in hosts], {host: login for host, login in logins.items() if login}


def _print(opened: Session, results: Sequence[LoginResult], place: Path, own: Path, *, shell: bool) -> None:
    from ci_toolkit.registry.docker_login import variables
    from ci_toolkit.report.logins import login_text

    exports = variables(place, own, os.environ)
    if opened.settings.format == "json" and not shell:
        document = {"environment": exports, "logins": [result.as_json() for result in results]}
        click.echo(opened.redact(json.dumps(document, indent=2, ensure_ascii=False)))
        return
    text = opened.redact(login_text(results))
    if shell:
        click.echo(text, err=True)
        click.echo(_exports(exports))
    elif not opened.settings.quiet:
        click.echo(text)
        click.echo(f"\nLater commands use these logins. For docker itself:\n{_exports(exports)}")


def _exports(variables: Mapping[str, str]) -> str:
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def _place(opened: Session) -> Path:
    place = kept_place(os.environ, opened.workdir, opened.config.root)
    if place is None:
        message = "there is no place for logins: none of RUNNER_TEMP, XDG_RUNTIME_DIR, TMPDIR and /tmp will do"
        raise ToolError(message, hint="set TMPDIR to a directory of your own outside the project")
    return place


def _hosts(wanted: Sequence[Wanted]) -> list[str]:
    return list(dict.fromkeys(each.host for each in wanted))


def _print_plan(opened: Session, wanted: Sequence[Wanted], *, check: bool) -> None:
    from ci_toolkit import pipeline
    from ci_toolkit.cli.execute import print_plan
    from ci_toolkit.model.plan import Action
    from ci_toolkit.model.reference import DOCKER_HUB, Repository
    from ci_toolkit.registry.host import DOCKER_HUB_HOST

    if not check and (why := opened.trust.why_not("login")):
        print_plan([pipeline.left_out("login", why)], opened.settings)
        return
    registries = opened.config.registries
    actions = []
    for host in _hosts(wanted):
        plain = Repository(host, "").is_loopback or (host in registries and registries[host].insecure)
        url = f"{'http' if plain else 'https'}://{DOCKER_HUB_HOST if host == DOCKER_HUB else host}/v2/"
        actions.append(Action(step="login", kind="request", method="GET", url=url, summary=f"log in at {host}"))
    if not check:
        summary, path = "keep the logins for later commands", str(_place(opened) / "config.json")
        actions.append(Action(step="login", kind="write", summary=summary, path=path))
    print_plan(actions, opened.settings)
