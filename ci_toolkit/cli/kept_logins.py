"""The logins that `ci-toolkit login` kept for a workdir, found again by later commands."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_toolkit.config.options import Config
    from ci_toolkit.redact import Redactor
    from ci_toolkit.registry.credentials import Credential
    from ci_toolkit.registry.docker_login import Kept


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a command has to know of them."""

    variables: Mapping[str, str] = field(default_factory=dict)
    """What makes every tool use them."""
    had: Mapping[str, Credential] = field(default_factory=dict)
    """Logins with an end that is far off: as good as those their source would give now."""
    ended: Mapping[str, float] = field(default_factory=dict)
    """When the others ended, by host."""


def find_kept(env: Mapping[str, str], config: Config, workdir: Path, *, writes: bool) -> Found:
    """The logins kept for this workdir. With `writes` they are brought over the Docker config's newest version.

    Raises ToolError where they can't be trusted or read.
    """
    earlier = read_kept(env, workdir, config.root)
    if earlier is None:
        return Found()
    from ci_toolkit.registry.docker_login import kept_up, variables
    from ci_toolkit.registry.known_logins import is_good

    if writes:
        kept_up(earlier, env)
    now, had, ended = time.time(), {}, {}
    for host, login in earlier.logins().items():
        note = earlier.notes[host]
        if note.expires_at is not None and note.stated == stated_hash(config, host):
            if is_good(login, now):
                had[host] = login
            elif note.expires_at <= now:
                ended[host] = note.expires_at
    return Found(variables=variables(earlier.directory, earlier.over, env), had=had, ended=ended)


def learn(redact: Redactor, logins: Mapping[str, Credential]) -> None:
    """Let no output show what these logins hold."""
    for login in logins.values():
        for secret in login.secrets:
            redact.add(secret, user=login.username)


def read_kept(env: Mapping[str, str], workdir: Path, root: Path) -> Kept | None:
    """What lies at `kept_place`; raises ToolError where it can't be trusted or read."""
    place = kept_place(env, workdir, root)
    if place is None or not place.is_dir():
        return None
    from ci_toolkit.private import is_ours
    from ci_toolkit.registry.docker_login import kept

    return kept(place) if is_ours(place) else None


def kept_place(env: Mapping[str, str], workdir: Path, root: Path) -> Path | None:
    """Where the logins of a workdir are kept; None where this machine has no place for them."""
    from ci_toolkit.registry.login_place import base_directory, login_directory

    try:
        return login_directory(base_directory(env, (workdir, root)), workdir)
    except ToolError:
        return None


def stated_hash(config: Config, host: str) -> str:
    """What the config says of a host's login, hashed without its secrets: one kept under other words isn't used."""
    from hashlib import sha256

    options = config.registries.get(host)
    return sha256(repr(options.auth if options else None).encode()).hexdigest()
