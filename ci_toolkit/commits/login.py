"""git with the logins that the config states, for as long as a block lasts."""

from __future__ import annotations

import shlex
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ci_toolkit.commits.access import SETTINGS, git_environment, learn_login, stated_variables, token_variables
from ci_toolkit.commits.keys import private_directory, ssh_key_file, write_private
from ci_toolkit.commits.signing import UNSIGNED
from ci_toolkit.errors import UsageError
from ci_toolkit.git import Git

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ci_toolkit.commits.signing import Signature
    from ci_toolkit.process import Runner
    from ci_toolkit.redact import Redactor

PUBLISHED_HOSTS = """\
github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl
gitlab.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf
"""
"""Sources: GitHub, "GitHub's SSH key fingerprints"; GitLab, "GitLab.com settings", "SSH known_hosts entries"."""
_ALWAYS = ("BatchMode=yes", "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "ConnectTimeout=30")


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """What the config states of it. An empty text: stated, and its variable isn't there."""

    token: str | None = field(default=None, repr=False)
    ssh_key: str | None = field(default=None, repr=False)
    """A private key, or the path of its file."""
    known_hosts: str | None = None
    """Lines of a known_hosts file, or the path of one."""


@contextmanager
def logged_in(
    runner: Runner,
    repository: Path,
    url: str,
    login: Login,
    *,
    env: Mapping[str, str],
    redact: Redactor,
    signature: Signature = UNSIGNED,
) -> Iterator[Git]:
    """git in `repository` that gets to `url` as config and job let it. The key's file is gone when the block ends.

    Raises UsageError for a key or token that isn't there, or can't be used for this address; ToolError where
    ssh-keygen is missing.
    """
    learn_login(url, redact)
    known = {**git_environment(env), **signature.env}
    with ExitStack() as stack:
        if login.token is not None and _scheme(url) in ("http", "https"):
            known |= stated_variables(url, login.token, env, redact)
        else:
            known |= token_variables(Git(runner, repository, settings=SETTINGS, env=known), url, env, redact)
        if login.ssh_key is not None or login.known_hosts is not None:
            known |= _ssh_variables(stack, url, login, runner, redact)
        yield Git(runner, repository, settings=(*SETTINGS, *signature.settings), env=known)


def _ssh_variables(stack: ExitStack, url: str, login: Login, runner: Runner, redact: Redactor) -> dict[str, str]:
    """ssh with this key and no other, to hosts whose keys are known: what nobody knows is refused, not learned."""
    if _scheme(url) != "ssh":
        message = "commit.ssh-key and commit.known-hosts are for an ssh address, and what is committed to has another"
        raise UsageError(message, hint="give the repository as git@HOST:PATH, or a `commit.token` for https")
    directory = stack.enter_context(private_directory())
    stated = login.known_hosts
    if stated and stated.startswith("/"):
        hosts = [stated]
    else:
        hosts = [str(write_private(directory / "known_hosts", f"{stated or PUBLISHED_HOSTS}\n"))]
    files = " ".join(f'"{file}"' for file in (hosts if stated else [*hosts, "~/.ssh/known_hosts"]))
    options = [*_ALWAYS, f"UserKnownHostsFile={files}"]
    if stated:
        options += ["GlobalKnownHostsFile=/dev/null"]
    command = ["ssh"]
    if login.ssh_key is not None:
        command += ["-i", str(ssh_key_file(directory, login.ssh_key, "ssh-key", runner, redact))]
        options += ["IdentitiesOnly=yes", "IdentityAgent=none"]
    command += [part for option in options for part in ("-o", option)]
    return {"GIT_SSH_COMMAND": shlex.join(command), "GIT_SSH_VARIANT": "ssh"}


def _scheme(url: str) -> str:
    """`ssh` for HOST:PATH too; empty for a path."""
    try:
        scheme = urlsplit(url).scheme if "://" in url else ""
    except ValueError:
        return ""
    return scheme or ("" if url.startswith("/") or ":" not in url.partition("/")[0] else "ssh")
