"""Bills of materials, by format."""

from __future__ import annotations

from typing import Literal, get_args

SbomFormat = Literal["cyclonedx", "spdx"]
SBOM_FORMATS: tuple[SbomFormat, ...] = get_args(SbomFormat)
