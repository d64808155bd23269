"""Registries for a command: who we are there, and what the config, where there is one, says of them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_toolkit.cli.here import platform_here
from ci_toolkit.cli.kept_logins import Found
from ci_toolkit.cli.progress import chosen_progress
from ci_toolkit.cli.settings import DEFAULT_WORKDIR
from ci_toolkit.config.find import NAME, find
from ci_toolkit.errors import ConfigError, UsageError
from ci_toolkit.model.reference import Reference
from ci_toolkit.process import SystemRunner
from ci_toolkit.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.config.options import Config, RegistryOptions
    from ci_toolkit.model.trust import Trust
    from ci_toolkit.progress import Progress
    from ci_toolkit.registry.client import RepositoryClient
    from ci_toolkit.registry.destinations import Destinations
    from ci_toolkit.registry.keychains.chain import Logins


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What a command that only asks registries has to work with."""

    destinations: Destinations
    redact: Redactor
    progress: Progress
    trust: Trust

    def client(self, reference: Reference) -> RepositoryClient:
        """The repository of a reference, to be read."""
        return self.destinations.repository(reference.repository)


@contextmanager
def desk(settings: Settings) -> Iterator[Desk]:
    """Open registries for a command that needs no config; one that is found gives logins and `insecure`."""
    env, redact = dict(os.environ), Redactor()
    with chosen_progress(settings, redact, env, platform_here(env)) as progress:
        trust = _trust(settings, env, redact)
        if trust.notice:
            progress.info(trust.notice)
        config = _config(settings, env, progress, trust)
        if config:
            opened = _with_config(config, env, redact, progress, trust)
        else:
            opened = _opened({}, env, redact, progress, Found(), trust)
        try:
            yield Desk(destinations=opened, redact=redact, progress=progress, trust=trust)
        finally:
            opened.close()


def _trust(settings: Settings, env: Mapping[str, str], redact: Redactor) -> Trust:
    """What this run may do. Git is asked for the base's config, and what is checked out in a comment's run."""
    from ci_toolkit.ci.context import detect_context, platform_context
    from ci_toolkit.cli.base_rules import BaseRules
    from ci_toolkit.model.context import CiContext

    try:
        file = find(Path.cwd(), settings.config).absolute()
    except ConfigError:
        file = Path.cwd() / NAME
    context = platform_context(env, CiContext())
    if context.event_name == "issue_comment":
        context = detect_context(SystemRunner(env, redact), file.parent, env)
    return BaseRules(settings, file, context, env, redact).trust()


def _with_config(
    config: Config, env: dict[str, str], redact: Redactor, progress: Progress, trust: Trust
) -> Destinations:
    """Registries with what the config says of them, and with the logins that `ci-toolkit login` kept for it."""
    from ci_toolkit.cli.kept_logins import find_kept, learn

    kept = Found()
    if trust.allows("login"):
        kept = find_kept(env, config, config.root / DEFAULT_WORKDIR, writes=False)
    env |= kept.variables
    for secret in config.secrets:
        redact.add(secret)
    learn(redact, kept.had)
    return _opened(config.registries, env, redact, progress, kept, trust)


def _opened(
    registries: Mapping[str, RegistryOptions],
    env: Mapping[str, str],
    redact: Redactor,
    progress: Progress,
    kept: Found,
    trust: Trust,
) -> Destinations:
    logins = logins_of(registries, env, redact, progress, trust)
    return open_destinations(registries, logins, kept, env=env, root=Path.cwd(), redact=redact, progress=progress)


def logins_of(
    registries: Mapping[str, RegistryOptions],
    env: Mapping[str, str],
    redact: Redactor,
    progress: Progress,
    trust: Trust,
) -> Logins:
    """Who we are to each registry, by what the config says of them, the CI system, clouds and the Docker config.

    To a run that may not log in we are nobody.
    """
    from ci_toolkit.registry.keychains.chain import Logins

    stated = {host: options.auth for host, options in registries.items() if options.auth}
    runner = SystemRunner(env, Redactor())
    return Logins(env, runner, stated, redact, progress, anonymous=not trust.allows("login"))


def open_destinations(
    registries: Mapping[str, RegistryOptions],
    logins: Logins,
    kept: Found,
    *,
    env: Mapping[str, str],
    root: Path,
    redact: Redactor,
    progress: Progress,
) -> Destinations:
    """Registries and directories as the config has them, with logins kept earlier where they are still good."""
    from ci_toolkit.registry.destinations import Destinations
    from ci_toolkit.registry.known_logins import KnownLogins

    create = {host for host, options in registries.items() if options.create}
    return Destinations(
        env=env,
        root=root,
        keychain=KnownLogins(kept.had, logins, ended=kept.ended),
        create=lambda host, path: host in create and logins.create_repository(host, path),
        insecure=[host for host, options in registries.items() if options.insecure],
        redact=redact,
        progress=progress,
    )


def image_named(text: str) -> Reference:
    """The reference of an image on a registry; the tag is `latest` where neither tag nor digest is given."""
    if text.startswith("oci:"):
        message = f"{text!r} is a layout on disk where an image on a registry is wanted"
        raise UsageError(message, hint="write HOST/NAME:TAG or HOST/NAME@sha256:…")
    reference = Reference.parse(text)
    return reference if reference.tag or reference.digest else reference.repository.tagged("latest")


def key_of(reference: Reference) -> str:
    """What a registry is asked for: the digest where there is one, else the tag."""
    return str(reference.digest or reference.tag)


def _config(settings: Settings, env: Mapping[str, str], progress: Progress, trust: Trust) -> Config | None:
    try:
        file = find(Path.cwd(), settings.config)
    except ConfigError:
        return None
    from ci_toolkit.config.load import load

    try:
        return load(file, env, logins=trust.allows("login"))
    except ConfigError as error:
        if settings.config:
            raise
        # Whoever looks at an image at home has none of the variables that CI sets.
        why = error.violations[0] if error.violations else error.message
        progress.warn(f"the config is left aside, and with it its logins: {why}")
        return None
