"""Bills of materials, by format."""

from __future__ import annotations

from typing import Literal

SbomFormat = Literal["cyclonedx", "spdx"]
