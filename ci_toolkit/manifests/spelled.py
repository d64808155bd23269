"""A reference in its three parts, as the user spells them."""

from __future__ import annotations

from typing import NamedTuple


class Spelled(NamedTuple):
    """Whatever stands there: nothing is judged, nothing filled in."""

    name: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, value: str) -> Spelled:
        """Take a reference apart; a port is no tag."""
        rest, _, digest = value.partition("@")
        colon = rest.find(":", rest.rfind("/") + 1)
        return cls(rest, "", digest) if colon < 0 else cls(rest[:colon], rest[colon + 1 :], digest)

    def __str__(self) -> str:
        return f"{self.name}{f':{self.tag}' if self.tag else ''}{f'@{self.digest}' if self.digest else ''}"
