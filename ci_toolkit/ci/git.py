"""What git says of a checkout: a few read-only calls, no configuration touched, whoever owns the files."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ci_toolkit.git import Git, checkout_of
from ci_toolkit.model.context import CiContext
from ci_toolkit.model.version import Version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.process import Runner

_SCP_FORM = re.compile(r"(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9.-]+):(?!//)(?P<path>[^\s]+)")
_NOTHING_YET = "(initial)"
_DETACHED = "(detached)"
_COMMITTED = ("log", "-1", "--no-show-signature", "--format=%cI")
_SHALLOW = ("rev-parse", "--is-shallow-repository")
_REFS = (
    "for-each-ref",
    "--format=%(refname)%00%(objectname)%00%(*objectname)%00%(symref)",
    "refs/tags",
    "refs/remotes/origin/HEAD",
)
_ORIGIN = ("config", "--get", "remote.origin.url")


def git_context(runner: Runner, root: Path, own: Mapping[str, str] | None = None) -> CiContext:
    """The revision, branch, tags and origin of the repository that holds `root`; an empty context outside of one.

    `own`: commits that a run made itself, each with the revision it was made for; where one of them is checked out,
    the context is that revision's. Raises ToolError where there is a repository and git fails or is missing.
    """
    from concurrent.futures import ThreadPoolExecutor  # here, for most commands need no threads

    repository = checkout_of(root)
    if repository is None:
        return CiContext()
    git = Git(runner, repository)
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(git, *question, check=False) for question in (_COMMITTED, _SHALLOW, _REFS, _ORIGIN)]
        status = git("status", "--porcelain=v2", "--branch", "--untracked-files=no", "-z").split("\0")
        committed, shallow, refs, origin = (answer.result() for answer in asked)
    headers = dict(line[2:].split(" ", 1) for line in status if line.startswith("# branch."))
    head, branch = headers.get("branch.oid", _NOTHING_YET), headers.get("branch.head", _DETACHED)
    revision = None if head == _NOTHING_YET else head
    if revision and own and revision in own:
        revision = own[revision]
        committed = git(*_COMMITTED, "--end-of-options", revision, check=False)
    tags, tag, default_branch = _read_refs(refs, revision)
    return CiContext(
        revision=revision,
        committed_at=_time(committed) if revision else None,
        branch=None if branch == _DETACHED else branch,
        checked_out=None if branch == _DETACHED else branch,
        tag=tag,
        tags=tags,
        shallow=bool(tags) and shallow.strip() == "true",
        default_branch=default_branch,
        source_url=web_address(origin.strip()),
        dirty=any(line and not line.startswith("#") for line in status),
    )


def web_address(remote: str) -> str | None:
    """A remote's address as a browser takes it: no credentials, no `.git`, ssh as https; None for a local path.

    >>> web_address("git@github.com:acme/app.git")
    'https://github.com/acme/app'
    """
    form = _SCP_FORM.fullmatch(remote)
    if form and "://" not in remote:
        return f"https://{form['host']}/{_project(form['path'])}"
    try:
        parts = urlsplit(remote)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https", "ssh", "git") or not host or re.search(r"\s", remote):
        return None
    is_web = parts.scheme in ("http", "https")
    address = f"{host}:{port}" if is_web and port else host
    return f"{parts.scheme if is_web else 'https'}://{address}/{_project(parts.path)}"


def origin_address(runner: Runner, checkout: Path) -> str | None:
    """The web address of a checkout's `origin`; None where there is none."""
    return web_address(Git(runner, checkout)(*_ORIGIN, check=False).strip())


def _read_refs(refs: str, revision: str | None) -> tuple[tuple[str, ...], str | None, str | None]:
    """Every tag, the one that is checked out, and the remote's default branch."""
    tags: list[str] = []
    here: list[str] = []
    default_branch = None
    for line in refs.splitlines():
        name, target, peeled, symref = line.split("\0")
        if name.startswith("refs/tags/"):
            tags.append(name.removeprefix("refs/tags/"))
            if revision and (peeled or target) == revision:
                here.append(tags[-1])
        elif symref.startswith("refs/remotes/origin/"):
            default_branch = symref.removeprefix("refs/remotes/origin/")
    return tuple(tags), _most_telling(here), default_branch


def _most_telling(tags: Sequence[str]) -> str | None:
    """Of several tags at one commit the highest version, releases before pre-releases, versions before others."""

    def rank(tag: str) -> tuple[bool, bool, tuple[int, ...], str]:
        version = Version.parse(tag)
        return (False, False, (), tag) if version is None else (True, not version.is_prerelease, version.order, tag)

    return max(tags, key=rank, default=None)


def _project(path: str) -> str:
    return path.strip("/").removesuffix(".git")


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None
