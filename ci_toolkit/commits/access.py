"""How git gets to a remote from within a job: what it may know of the environment, and the job's token."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from ci_toolkit.commits.keys import given
from ci_toolkit.errors import UsageError
from ci_toolkit.proxies import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
_GITHUB_USER = "x-access-token"
_GITLAB_USER = "oauth2"
_RUNNER = "gitlab-ci-token"


def git_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The user's ways to reach a remote, and no question on a terminal; words in English, since they are read."""
    known = {k: v for k, v in env.items() if k in _PASSED_ON or k.startswith(_PASSED_ON_PREFIXES)}
    return {**known, "GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "never", "LC_ALL": "C", "LANGUAGE": ""}


def token_variables(git: Git, url: str, env: Mapping[str, str], redact: Redactor) -> dict[str, str]:
    """Variables that give git the job's token for this remote; none where git has a login, or for another host.

    The token is in the environment of the calls that need it, in no argument and no file. What actions/checkout left
    in the configuration, a credential helper or a login in the address goes first; except that GITLAB_TOKEN goes
    before what GitLab's runner left: its job token may push only where a project allows it.
    """
    if env.get("GITLAB_CI") == "true":
        return _gitlab_variables(git, url, env, redact)
    token, server = env.get("GITHUB_TOKEN", ""), env.get("GITHUB_SERVER_URL", "")
    if not token or not _is_at(url, server) or _has(git, url, "http.extraheader", "credential.helper"):
        return {}
    return _settings(env, [_header(_top(server), _GITHUB_USER, token, redact)])


def stated_variables(url: str, token: str, env: Mapping[str, str], redact: Redactor) -> dict[str, str]:
    """Variables that give git the config's own token for this remote, whatever else it has for it.

    The user is the address's, else one that GitHub wants for an app's token, and that others take as well. Raises
    UsageError for a token that isn't there, or would travel in the open.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        message = f"commit.token would travel in the open to {parts.hostname}"
        raise UsageError(message, hint="give the repository's https address")
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    known = [(f"url.{bare}.insteadOf", url)] if bare != url else []
    name, login = _header(bare, unquote(parts.username or "") or _GITHUB_USER, given(token, "token"), redact)
    # An empty one takes away those that are there, as of actions/checkout: two are refused.
    return _settings(env, [*known, (name, ""), (name, login)])


def _gitlab_variables(git: Git, url: str, env: Mapping[str, str], redact: Redactor) -> dict[str, str]:
    """Source: GitLab, "Personal access tokens" (any user name does), "CI/CD job token" (`gitlab-ci-token`)."""
    server, bare = env.get("CI_SERVER_URL", ""), _without_runner(url)
    if not _is_at(bare, server) or _has(git, bare, "http.extraheader"):
        return {}
    if token := env.get("GITLAB_TOKEN", ""):
        known = [(f"url.{bare}.insteadOf", url)] if bare != url else []
        return _settings(env, [*known, _header(_top(server), _GITLAB_USER, token, redact)])
    token = env.get("CI_JOB_TOKEN", "")
    if not token or bare != url or _has(git, bare, "credential.helper"):
        return {}
    return _settings(env, [_header(_top(server), _RUNNER, token, redact)])


def _top(server: str) -> str:
    return f"{server.rstrip('/')}/"


def _header(address: str, user: str, token: str, redact: Redactor) -> tuple[str, str]:
    redact.add(token, user=user)
    login = base64.b64encode(f"{user}:{token}".encode()).decode()
    return f"http.{address}.extraheader", f"Authorization: Basic {login}"


def _settings(env: Mapping[str, str], settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """These as git reads them from its environment, behind those that are there."""
    number = int(env["GIT_CONFIG_COUNT"]) if env.get("GIT_CONFIG_COUNT", "").isdecimal() else 0
    variables = {"GIT_CONFIG_COUNT": str(number + len(settings))}
    for position, (key, value) in enumerate(settings, number):
        variables |= {f"GIT_CONFIG_KEY_{position}": key, f"GIT_CONFIG_VALUE_{position}": value}
    return variables


def _has(git: Git, url: str, *settings: str) -> bool:
    return any(git("config", "--get-urlmatch", name, url, check=False).strip() for name in settings)


def _without_runner(url: str) -> str:
    """The address without the login of GitLab's runner in it; any other one as it is."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if parts.username == _RUNNER else url


def learn_login(url: str, redact: Redactor) -> None:
    """Let no output show the password in a remote's address, as GitLab's runner writes one there."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    if parts.password:
        redact.add(unquote(parts.password), user=unquote(parts.username or ""))


def _is_at(url: str, server: str) -> bool:
    """True for an address of this server that carries no login, spoken to by TLS."""
    try:
        here, there = urlsplit(url), urlsplit(server)
        same = (here.hostname, here.port or 443) == (there.hostname, there.port or 443)
    except ValueError:
        return False
    return same and here.scheme == there.scheme == "https" and here.username is None
