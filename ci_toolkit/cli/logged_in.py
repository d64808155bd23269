"""Logins for the tools of a run: an isolated Docker config for as long as it lasts."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ci_toolkit.cli.kept_logins import learn
from ci_toolkit.cli.registries import logins_of
from ci_toolkit.errors import ToolError, ToolkitError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from ci_toolkit.cli.session import Session
    from ci_toolkit.registry.credentials import Credential, Keychain

_TOOLS_ASK_REGISTRIES = frozenset({"build", "scan"})
_WORKERS = 4


@contextmanager
def logged_in(opened: Session, steps: Collection[str], hosts: Collection[str] = ()) -> Iterator[Session]:
    """The session with the logins in it that config, CI system and clouds give and the Docker config lacks.

    Where there are none, or no step runs a tool that asks registries, it is the session itself and nothing is written.
    What is written is gone when the block ends, however it ends; what killed runs left goes at the start. A run that
    may not log in gets a config without any login, the Docker config's own left out too. `hosts`: registries besides
    those of the config.
    """
    from ci_toolkit.commits.keys import places
    from ci_toolkit.private import sweep, temporary_directory
    from ci_toolkit.registry.login_place import base_directory

    outside = (opened.workdir, opened.config.root)
    with suppress(ToolError):
        sweep(base_directory(opened.env, outside))
    with suppress(FileNotFoundError):  # Where no temporary file can be, none was left.
        for place in places():
            sweep(place)
    tools = bool(_TOOLS_ASK_REGISTRIES & set(steps))
    as_nobody = tools and not opened.trust.allows("login")
    had, nobody = _lacking(opened, hosts) if tools and not as_nobody else ({}, ())
    if not had and not nobody and not as_nobody:
        yield opened
        return
    from ci_toolkit.process import SystemRunner
    from ci_toolkit.registry.docker_config import docker_directory
    from ci_toolkit.registry.docker_login import variables, write, write_without_logins

    own = docker_directory(opened.env).absolute()
    with temporary_directory(base_directory(opened.env, outside)) as directory:
        if as_nobody:
            write_without_logins(directory, own)
        else:
            write(directory, own, had, nobody)
        env = {**opened.env, **variables(directory, own, opened.env)}
        runner = SystemRunner(env, opened.redact)
        logins = replace(opened.logins, had={**opened.logins.had, **had})
        try:
            yield replace(opened, env=env, runner=runner, logins=logins)
        finally:
            runner.stop()


def _lacking(opened: Session, others: Collection[str]) -> tuple[Mapping[str, Credential], Collection[str]]:
    """The logins that the Docker config lacks, and hosts where it mustn't have any; nothing where it needs none."""
    registries = opened.config.registries
    nobody = [h for h, o in registries.items() if o.auth and o.auth.provider == "anonymous"]
    hosts = [host for host in dict.fromkeys([*_hosts(opened), *others]) if host not in nobody]
    if not nobody and not any(o.auth for o in registries.values()) and not _may_have_more(opened.env):
        return {}, ()
    from ci_toolkit.registry.docker_config import docker_directory
    from ci_toolkit.registry.docker_login import brings_change

    had = _given(opened, hosts)
    if not brings_change(docker_directory(opened.env), had, nobody):
        return {}, ()
    learn(opened.redact, had)
    return had, nobody


def _given(opened: Session, hosts: Collection[str]) -> dict[str, Credential]:
    """What is given for these hosts. A login that can't be had stops no build: perhaps it needs none there."""
    from ci_toolkit.registry.crew import each
    from ci_toolkit.registry.known_logins import KnownLogins

    keychain = KnownLogins(opened.logins.had, granted(opened))

    def ask(host: str) -> Credential | None:
        try:
            return keychain.resolve(host)
        except ToolkitError as error:
            opened.progress.warn(f"the tools of this run have no login for {host}: {error.message}")
            return None

    found = zip(hosts, each(ask, list(hosts), workers=_WORKERS), strict=True)
    return {host: login for host, login in found if login}


def granted(opened: Session) -> Keychain:
    """Who we are to registries by config, CI system and clouds alone: no Docker config is asked."""
    env = {**opened.env, "DOCKER_CONFIG": os.devnull}
    return logins_of(opened.config.registries, env, opened.redact, opened.progress, opened.trust)


def _hosts(opened: Session) -> Collection[str]:
    """The config's, and those that a CI job has logins for: base images come from there."""
    from ci_toolkit.steps.login_targets import targets

    hosts = [each.host for each in targets(opened.config, opened.images)]
    variables = ("CI_REGISTRY", "CI_DEPENDENCY_PROXY_SERVER")
    hosts += ["ghcr.io", *(opened.env[name].removesuffix(":443") for name in variables if opened.env.get(name))]
    return list(dict.fromkeys(hosts))


def _may_have_more(env: Mapping[str, str]) -> bool:
    """Whether config and Docker config may not be all there is: a CI job, or somebody with AWS credentials."""
    return any(env.get(name) for name in ("CI", "GITHUB_ACTIONS", "GITLAB_CI")) or any(
        name.startswith("AWS_") for name in env
    )
