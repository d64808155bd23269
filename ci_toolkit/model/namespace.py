"""A registry, or a part of one, by whole names: `ghcr.io/acme` holds `ghcr.io/acme/app`, not `ghcr.io/acme-evil`."""

from __future__ import annotations

from dataclasses import dataclass

from ci_toolkit.errors import UsageError
from ci_toolkit.model.reference import DOCKER_HUB, Repository

_BELOW = "/x/x"
"""Two names more, so that Docker Hub's `library/` is put before none of them."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """A host, and what the names of repositories there begin with; an empty path is all of them."""

    registry: str
    path: str

    @classmethod
    def parse(cls, text: str) -> Namespace:
        """`ghcr.io`, `ghcr.io/acme`, `docker.io/library`; raises UsageError for anything else."""
        below = Repository.parse(text.rstrip("/") + _BELOW)
        if below.registry == DOCKER_HUB and "." not in text.partition("/")[0]:
            message = f"{text[:100]!r} names no registry"
            raise UsageError(message, hint=f"write the host, too: {DOCKER_HUB}/{text[:100]}")
        return cls(below.registry, below.path.removesuffix(_BELOW[1:]).removesuffix("/"))

    def holds(self, repository: Repository) -> bool:
        """True for a repository in it, and for the one that it names."""
        if repository.registry != self.registry:
            return False
        return not self.path or f"{repository.path}/".startswith(f"{self.path}/")

    def __str__(self) -> str:
        return f"{self.registry}/{self.path}".rstrip("/")
