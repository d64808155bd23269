"""Manifests as bytes, in every form that a text may have."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import strategies as st


@st.composite
def as_bytes(draw: st.DrawFn, text: str) -> bytes:
    """A text with or without last newline, carriage returns and byte order mark."""
    if draw(st.booleans()):
        text = text.rstrip("\n")
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return (draw(st.sampled_from(["", "\ufeff"])) + text).encode()


def events(data: bytes) -> list[Any]:
    """What YAML's own parser finds."""
    return list(yaml.parse(data.decode().removeprefix("\ufeff"), Loader=yaml.SafeLoader))
