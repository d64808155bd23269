"""A plan is data: what a step would do, action by action, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["command", "request", "write", "decide"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """One thing a run does: a command (`argv`), an HTTP request (`method`, `url`), a file (`path`), a decision.

    What isn't known before the run (a digest, mostly) stands in angle brackets: `<digest of backend>`.
    """

    step: str
    kind: Kind
    summary: str
    image: str | None = None
    argv: tuple[str, ...] = ()
    method: str = ""
    url: str = ""
    path: str = ""
    when: str = ""
    """The condition under which it happens, where there is one: `the registry lacks the blob`."""

    def as_json(self) -> dict[str, Any]:
        """The action without its empty fields."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in fields.items() if v}
