"""What may be done in a repository, as wanted and as found: the values of `login --check`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.model.reference import Repository

Answer = Literal["yes", "no", "unknown"]
Existence = Literal["yes", "no", "at the first push", "unknown"]
Login = Literal["accepted", "refused", "none", "unknown"]
"""`none`: nobody is asked for a login, or there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A repository that a run reads, and with `write` writes; without `repository` the host alone is looked at."""

    host: str
    repository: Repository | None = None
    write: bool = False
    create: bool = False
    """The config lets it be created (ECR)."""
    immutable: tuple[str, ...] = ()
    """Patterns of the config for tags that stay."""
    used_by: tuple[str, ...] = ()
    """Images, environments and caches that want it."""

    @property
    def name(self) -> str:
        """What it is called for people."""
        return str(self.repository or self.host)


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """What was found. `problem`: why a run would fail, empty where it wouldn't; `hint`: what to do then."""

    wanted: Wanted
    reachable: bool
    login: Login = "unknown"
    user: str = ""
    """Whom the login is for; empty: nobody."""
    pull: Answer = "unknown"
    push: Answer = "unknown"
    exists: Existence = "unknown"
    immutable: str = ""
    """Which tags stay; empty where nobody knows of any."""
    budget: str = ""
    """What is left of the registry's rate limit."""
    problem: str = ""
    hint: str = ""
    exit_code: int = 0
    """What the problem would make a run end with."""

    @property
    def ok(self) -> bool:
        """True where a run finds all it needs."""
        return not self.problem

    def as_json(self) -> dict[str, Any]:
        """The row of `login --check --format json`."""
        return {
            "repository": str(self.wanted.repository) if self.wanted.repository else None,
            "registry": self.wanted.host,
            "used_by": list(self.wanted.used_by),
            "ok": self.ok,
            "reachable": self.reachable,
            "login": self.login,
            "user": self.user or None,
            "pull": self.pull,
            "push": self.push,
            "exists": self.exists,
            "immutable_tags": self.immutable or None,
            "rate_limit": self.budget or None,
            "problem": self.problem or None,
            "hint": self.hint or None,
        }


def by_host(wanted: Sequence[Wanted]) -> list[list[Wanted]]:
    """The same, host by host, in the order of their first appearance."""
    hosts: dict[str, list[Wanted]] = {}
    for each in wanted:
        hosts.setdefault(each.host, []).append(each)
    return list(hosts.values())
