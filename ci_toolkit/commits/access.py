"""How git gets to a remote from within a job: what it may know of the environment, and the job's token."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.git import Git
    from ci_toolkit.redact import Redactor

SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.sparseCheckout=false",
    "push.gpgSign=false",
    "fetch.writeCommitGraph=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "i18n.commitEncoding=UTF-8",
)
"""For every call: no hook runs, nothing is signed or tidied up by the way."""
_PASSED_ON = frozenset({"SSH_AUTH_SOCK", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS"})
_PASSED_ON_PREFIXES = ("GIT_CONFIG_", "GIT_SSL_")
_USER = "x-access-token"


def git_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The user's ways to reach a remote, and no question on a terminal; words in English, since they are read."""
    known = {k: v for k, v in env.items() if k in _PASSED_ON or k.startswith(_PASSED_ON_PREFIXES)}
    return {**known, "GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "never", "LC_ALL": "C", "LANGUAGE": ""}


def token_variables(git: Git, url: str, env: Mapping[str, str], redact: Redactor) -> dict[str, str]:
    """Variables that give git the job's GITHUB_TOKEN for this remote; none where git has a login, or for another host.

    The token is in the environment of the calls that need it, in no argument and no file. What actions/checkout left
    in the configuration, a credential helper or a login in the address goes first.
    """
    token, server = env.get("GITHUB_TOKEN", ""), env.get("GITHUB_SERVER_URL", "")
    if not token or not _is_at(url, server):
        return {}
    if any(git("config", "--get-urlmatch", name, url, check=False).strip() for name in _LOGINS):
        return {}
    redact.add(token, user=_USER)
    login = base64.b64encode(f"{_USER}:{token}".encode()).decode()
    number = int(env["GIT_CONFIG_COUNT"]) if env.get("GIT_CONFIG_COUNT", "").isdecimal() else 0
    return {
        "GIT_CONFIG_COUNT": str(number + 1),
        f"GIT_CONFIG_KEY_{number}": f"http.{server.rstrip('/')}/.extraheader",
        f"GIT_CONFIG_VALUE_{number}": f"Authorization: Basic {login}",
    }


def learn_login(url: str, redact: Redactor) -> None:
    """Let no output show the password in a remote's address, as GitLab's runner writes one there."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    if parts.password:
        redact.add(unquote(parts.password), user=unquote(parts.username or ""))


_LOGINS = ("http.extraheader", "credential.helper")


def _is_at(url: str, server: str) -> bool:
    """True for an address of this server that carries no login, spoken to by TLS."""
    try:
        here, there = urlsplit(url), urlsplit(server)
        same = (here.hostname, here.port or 443) == (there.hostname, there.port or 443)
    except ValueError:
        return False
    return same and here.scheme == there.scheme == "https" and here.username is None
