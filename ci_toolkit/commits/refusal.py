"""What git and the servers behind it say when a push or a fetch fails, and what that means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from ci_toolkit.process import Completed

Kind = Literal["moved", "away", "protected", "denied", "rule", "other"]
"""`moved`: the branch isn't where it was; `away`: the server doesn't answer well just now: both may be tried again.
`rule`: the server objects to what is in the commit."""

_GITLAB_LOGIN = (
    "a project access token with the role Developer or more and the scope `api` or `write_repository`, as a masked "
    "CI/CD variable GITLAB_TOKEN"
)
_PROTECTED = (
    "let this job's identity push to the branch (a bypass for its app, a deploy key or token that may; on GitLab "
    "Settings → Repository → Protected branches), ask for a review by `commit.mode: pull-request`, or commit to "
    "another branch with `commit.branch`"
)
_AGAIN = "run it again: what is there already isn't made twice"


class _Meaning(NamedTuple):
    kind: Kind
    words: re.Pattern[str]
    hint: str


def _meaning(kind: Kind, words: str, hint: str) -> _Meaning:
    return _Meaning(kind, re.compile(words, re.IGNORECASE), hint)


_MEANINGS = (
    _meaning(
        "denied",
        r"host key verification failed|host key is known|remote host identification has changed",
        "the ssh server's host key isn't known here, or is another one than is known: compare it with what its "
        "administrators publish, and give that as `commit.known-hosts`",
    ),
    _meaning(
        "rule",
        r"push blocked: secrets detected|push cannot contain secrets|GH009",
        "the server takes something in the commit for a secret: look at the places it names; the commit has pinned "
        "places alone, so it is in a line that holds an image",
    ),
    _meaning(
        "rule",
        r"commit message (?:does not follow|contains the forbidden|must match)|message .* does not follow the pattern",
        "the project's push rules want another message: write one under `commit.message`",
    ),
    _meaning(
        "rule",
        r"is not a member of team|you cannot push commits for|'s email .* does not follow"
        r"|e?mail '?\S*'? is not verified|(?:author|committer) name .* inconsistent",
        "the project's push rules want a known author: name the token's own user, with its address, under "
        "`commit.author`",
    ),
    _meaning(
        "rule",
        r"branch name .*does not follow|cannot create a branch with|branch name is invalid",
        "the project's push rules want other branch names: set `commit.request-prefix`",
    ),
    _meaning(
        "rule",
        r"commits? must be (?:signed|verified)|must have verified signatures|unsigned commits",
        "the server wants commits signed by a key that it knows: give one as `commit.signing`, and the server its "
        "public half; or ask for a review by `commit.mode: pull-request`, whose merge the server signs",
    ),
    _meaning(
        "rule",
        r"larger than the allowed size|exceeds (?:the )?(?:maximum|.*size limit)|exceeded its size limit"
        r"|size limit of|GH001|was prohibited by the pattern|was blacklisted",
        "the server's limits on files or the repository's size stand in the way: its administrators can tell which",
    ),
    _meaning(
        "denied",
        r"refusing to allow .* to create or update workflow",
        "the pins are in a workflow, which a job's own GITHUB_TOKEN may never change: check out with the token of a "
        "GitHub App that has the permission `workflows: write`, or a personal access token with the scope `workflow`",
    ),
    _meaning(
        "denied",
        r"deploy key does not have write access",
        "give the deploy key write access, in the repository's settings",
    ),
    _meaning(
        "denied",
        r"archived project|repository (?:is|was) archived|read-only GitLab",
        "the repository is read-only: take it out of the archive, or name another remote under `commit.remote`",
    ),
    _meaning(
        "denied",
        r"not allowed to push code to this project|not allowed to upload code|could not be found or you don't have",
        f"the job's login has no write access. On GitLab: {_GITLAB_LOGIN}; or, for the job's own project, allow Git "
        "push requests of job tokens under Settings → CI/CD → Job token permissions",
    ),
    _meaning(
        "protected",
        r"protected branch|GH006|GH013|repository rule violations|push code to (?:a )?protected|not allowed to "
        r"(?:force )?push to this branch|not allowed to force push",
        _PROTECTED,
    ),
    _meaning(
        "denied",
        r"authentication failed|could not read (?:username|password)|permission denied|access denied|write access "
        r"to repository not granted|permission to \S+ denied|returned error: 40[134]|repository not found|not allowed "
        r"to (?:push|upload)|insufficient permission|unable to create temporary object",
        "give the job the right to write: `permissions: contents: write` on GitHub; on GitLab "
        f"{_GITLAB_LOGIN}; a deploy key or token with write access elsewhere",
    ),
    _meaning(
        "moved",
        r"non-fast-forward|fetch first|stale info|cannot lock ref|incorrect old value provided|failed to update ref"
        r"|failed to lock|reference already exists|is at [0-9a-f]{40,64} but expected",
        "run it again; runs that commit to one branch are better kept in a row (`concurrency` on GitHub, "
        "`resource_group` on GitLab)",
    ),
    _meaning(
        "away",
        r"could not resolve|couldn't resolve|connection (?:reset|refused|timed out|closed)|failed to connect|timed out"
        r"|operation too slow|early eof|unexpected disconnect|recv error|send error"
        r"|ssl_error_syscall|returned error: (?:429|5\d\d)|internal server error"
        r"|bad gateway|service unavailable|temporarily (?:unavailable|read-only)|unpacker error|remote end hung up",
        _AGAIN,
    ),
)
"""Judged in this order: a server that refuses for good often hangs up afterwards. Sources: git's remote.c, refs.c and
receive-pack.c; GitLab's git_access.rb, checks/ and Gitaly ("incorrect old value provided"), "Push rules", "Secret push
protection"; GitHub, "About protected branches"."""
_UNKNOWN = _meaning("other", "", "the lines above are what git and the server said")
_NOISE = re.compile(r"^(?:hint:|To |Done$|Enumerating|Counting|Compressing|Writing|Delta|Total|$)")
_MOST_LINES = 12


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something didn't come to pass at the remote."""

    kind: Kind
    said: str
    """The words of git and the server, on lines of their own."""
    hint: str
    """What to do next."""

    @property
    def is_passing(self) -> bool:
        """True where trying again may help."""
        return self.kind in ("moved", "away")


def refusal_of(failed: Completed) -> Refusal:
    """The meaning of a `git push --porcelain`, `fetch` or `ls-remote` that failed."""
    words = f"{failed.stdout}\n{failed.stderr}"
    meaning = next((meaning for meaning in _MEANINGS if meaning.words.search(words)), _UNKNOWN)
    lines = [line.expandtabs(1).strip() for line in words.splitlines()]
    told = [line for line in lines if not _NOISE.match(line.removeprefix("remote:").strip())]
    return Refusal(meaning.kind, "".join(f"\n  {line[:500]}" for line in told[:_MOST_LINES]), meaning.hint)
