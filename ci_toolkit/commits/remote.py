"""A branch at a remote: where it is, and moving it from there, and from nowhere else, to a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.commits.refusal import Refusal, refusal_of
from ci_toolkit.errors import RemoteError, UsageError

if TYPE_CHECKING:
    from ci_toolkit.git import Git

_TIMEOUT = 600.0
_HEADS = "refs/heads/"
_QUIET_FETCH = (
    *("fetch", "--no-tags", "--no-write-fetch-head", "--refmap=", "--no-prune"),
    *("--no-auto-maintenance", "--no-recurse-submodules"),
)
_PUSH = ("push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no")


class RemoteBranch:
    """One branch of the remote of this name or address. `own`: it is the branch that is checked out.

    `alone`: there is no checkout whose history it could join.
    """

    def __init__(self, git: Git, remote: str, branch: str, *, own: bool = False, alone: bool = False) -> None:
        self._git = git
        self.remote = remote
        self.branch = branch
        self._ref = f"{_HEADS}{branch}"
        self._own = own
        self._alone = alone

    def __str__(self) -> str:
        return f"{self.branch} at {self.remote}"

    def sibling(self, branch: str) -> RemoteBranch:
        """Another branch there, which isn't checked out."""
        return RemoteBranch(self._git, self.remote, branch, alone=self._alone)

    def head(self) -> str | Refusal:
        """The branch's commit, which is in the checkout's objects then; or why it can't be had just now.

        Raises RemoteError where there is no such branch, or nobody is let in.
        """
        head = self._asked()
        if head is None:
            message = f"there is no branch {self.branch} at {self.remote}"
            raise RemoteError(message, hint="push it once by hand, or name another under `commit.branch`")
        return head if isinstance(head, Refusal) or self._has(head) else self._fetched(head, depth=1)

    def find(self) -> str | Refusal | None:
        """As `head`, with the commit before it; None where there is no such branch."""
        head = self._asked()
        if head is None or isinstance(head, Refusal):
            return head
        return head if self._has(head) and self._has(f"{head}^") else self._fetched(head, depth=2)

    def push(self, commit: str, head: str) -> Refusal | None:
        """Move the branch from `head` to `commit`; or why the remote didn't do it. An empty head: it isn't there yet.

        Raises RemoteError for what no second try can mend.
        """
        pushed = self._git.run(*push_arguments(self.remote, self.branch, commit, head), timeout=_TIMEOUT, check=False)
        return self._passing(refusal_of(pushed), "pushed to") if pushed.returncode else None

    def _asked(self) -> str | Refusal | None:
        asked = self._git.run("ls-remote", "--quiet", self.remote, self._ref, timeout=_TIMEOUT, check=False)
        if asked.returncode:
            return self._passing(refusal_of(asked), "read")
        found = (line.partition("\t") for line in asked.stdout.splitlines())
        return next((revision for revision, _, name in found if name == self._ref), None)

    def _fetched(self, head: str, *, depth: int) -> str | Refusal:
        # The history of the branch that is checked out joins what is there. All of another branch's isn't wanted in a
        # shallow clone, and a whole clone mustn't become a shallow one.
        shallow = self._alone or self._git("rev-parse", "--is-shallow-repository").strip() == "true"
        limit = (f"--depth={depth}",) if shallow and not self._own else ()
        fetched = self._git.run(*_QUIET_FETCH, *limit, self.remote, self._ref, timeout=_TIMEOUT, check=False)
        if fetched.returncode:
            return self._passing(refusal_of(fetched), "fetched")
        return head if self._has(head) else self._moved()

    def _moved(self) -> Refusal:
        return Refusal("moved", "\n  the branch was replaced while it was fetched", "run it again")

    def _has(self, revision: str) -> bool:
        return self._git.run("cat-file", "-e", f"{revision}^{{commit}}", check=False).returncode == 0

    def _passing(self, refusal: Refusal, what: str) -> Refusal:
        if refusal.is_passing:
            return refusal
        message = f"{self} can't be {what}: git and the server say:{refusal.said}"
        raise RemoteError(message, hint=refusal.hint)


def push_arguments(remote: str, branch: str, commit: str, head: str) -> tuple[str, ...]:
    """The push of one commit. The lease says where the branch has to be: anywhere else, the push is refused.

    It isn't a way to force where the commit follows that head: a branch that was moved back meanwhile gets nothing
    of what was taken off it again. Only a request's own branch gets a commit that doesn't follow.
    """
    ref = f"{_HEADS}{branch}"
    return (*_PUSH, f"--force-with-lease={ref}:{head}", remote, f"{commit}:{ref}")


def default_branch(git: Git, remote: str) -> str:
    """The branch that a clone would check out. Raises RemoteError where there is none, or nobody is let in."""
    asked = git.run("ls-remote", "--quiet", "--symref", remote, "HEAD", timeout=_TIMEOUT, check=False)
    if asked.returncode:
        refusal = refusal_of(asked)
        message = f"{remote} can't be read: git and the server say:{refusal.said}"
        raise RemoteError(message, hint=refusal.hint)
    told = asked.stdout.partition("\t")[0]
    if not told.startswith(f"ref: {_HEADS}"):
        message = f"{remote} has no default branch"
        raise RemoteError(message, hint="name one under `commit.branch`; an empty repository wants a commit first")
    return told.removeprefix(f"ref: {_HEADS}")


def fetch_arguments(remote: str, branch: str) -> tuple[str, ...]:
    """The fetch of a branch's newest commit alone."""
    return (*_QUIET_FETCH, "--depth=1", remote, f"{_HEADS}{branch}")


def remote_url(git: Git, remote: str) -> str:
    """The address a remote is pushed to, credentials and all; raises UsageError where there is no such remote."""
    asked = git.run("remote", "get-url", "--push", remote, check=False)
    if asked.returncode:
        known = ", ".join(git("remote").split())
        message = f"the checkout has no git remote {remote!r}"
        raise UsageError(message, hint=f"its remotes are {known}" if known else "add one by `git remote add`")
    return asked.stdout.strip()


def check_branch(git: Git, branch: str) -> None:
    """Raise UsageError for what git takes for no branch's name, or a command for a flag."""
    if branch.startswith("-") or git.run("check-ref-format", f"{_HEADS}{branch}", check=False).returncode:
        message = f"{branch[:100]!r} is no branch that could be committed to"
        raise UsageError(message, hint="name one under `commit.branch`")
