"""Outside of a CI system nobody knows a code host, nor a token for it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from ci_toolkit.ci.request_plan import refused
from ci_toolkit.errors import UsageError
from ci_toolkit.model.plan import Action

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class NoRequests:
    """No request is made here. `why`: where it isn't that nobody runs this in a CI system."""

    def __init__(self, why: UsageError | None = None) -> None:
        self._why = why

    def hindrance(self) -> UsageError:
        """Why."""
        if self._why:
            return self._why
        message = "no request can be opened: this is neither a GitLab nor a GitHub job"
        return UsageError(message, hint="run it in one, or push by hand what `pin` wrote")

    def plan(self, step: str, source: str, target: str) -> Sequence[Action]:
        """What a job would do."""
        if self._why:
            return [refused(step, self._why)]
        summary = f"open a request of {source} into {target}, or update the one that is open"
        return [
            Action(step=step, kind="decide", summary="ask the code host whether the token may open requests"),
            Action(step=step, kind="decide", summary=summary, when="it is a GitLab or GitHub job"),
        ]

    @contextmanager
    def at(self, address: str | None) -> Iterator[NoReturn]:  # noqa: ARG002 whatever the remote is
        """Never."""
        raise self.hindrance()
        yield  # type: ignore[unreachable]
