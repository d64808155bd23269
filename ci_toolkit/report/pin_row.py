"""A pinned place in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ci_toolkit.state import PinEdit


def pin_row(pin: PinEdit) -> tuple[str, str]:
    """What to call it, and where it is with what it holds; in another repository, what the commit brings there."""
    same = "" if pin.old != pin.new else "  (was already)"
    where = f" of {pin.repository}" if pin.repository else ""
    return "place" if pin.repository else "pinned", f"{pin.file}:{pin.line}{where}  {pin.new}{same}"
