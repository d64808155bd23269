"""What a scan found, normalised: the one result that the gate and every report read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(IntEnum):
    """Ordered so that `>=` is a threshold. A word nobody knows counts as UNKNOWN."""

    UNKNOWN = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @classmethod
    def parse(cls, word: str) -> Severity:
        """The severity of a word in any case."""
        return cls.__members__.get(word.upper(), cls.UNKNOWN)

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Counts:
    """Findings by severity."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    unknown: int = 0

    @classmethod
    def of(cls, severities: Iterable[Severity]) -> Counts:
        """Count them."""
        numbers = dict.fromkeys((str(s) for s in Severity), 0)
        for severity in severities:
            numbers[str(severity)] += 1
        return cls(**numbers)

    @property
    def total(self) -> int:
        """All of them."""
        return self.critical + self.high + self.medium + self.low + self.unknown

    def as_json(self) -> dict[str, int]:
        """Worst first."""
        return {name: getattr(self, name) for name in self.__slots__}
