"""The bytes of a config file, and the text they hold: nothing but a small regular UTF-8 file is read."""

from __future__ import annotations

import codecs
import os
import stat
from typing import TYPE_CHECKING

from ci_toolkit.config.characters import unprintable
from ci_toolkit.config.find import HOW_TO_BEGIN
from ci_toolkit.config.violations import Position, Violations
from ci_toolkit.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 1024 * 1024
_UTF16_OR_32 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


def read(path: Path, file: str) -> str:
    """The text of the file, called `file` in messages; raises ConfigError. A byte order mark is dropped."""
    return text_of(_read_bytes(path, file), file)


def text_of(data: bytes, file: str) -> str:
    """The text of these bytes, which came from what `file` names; raises ConfigError."""
    violations = Violations()
    text = _decoded(data.removeprefix(codecs.BOM_UTF8), violations)
    if bad := unprintable(text):
        offset, name = bad
        violations.add(position_of(text, offset), (), f"the file holds the control character {name}: delete it")
    violations.raise_if_any(file)
    return text


def position_of(text: str, offset: int) -> Position:
    """Line and column of an offset."""
    before = text[:offset]
    return Position(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


def _read_bytes(path: Path, file: str) -> bytes:
    try:
        # Without O_NONBLOCK, opening a FIFO waits for somebody to write into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                message = f"{file} is no regular file"
                raise ConfigError(message, hint="a config is a plain file: no directory, pipe or device")
            data = stream.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        message = f"can't read the config {file}: {reason}"
        missing = isinstance(error, FileNotFoundError)
        hint = HOW_TO_BEGIN if missing else "mend its permissions or its path"
        raise ConfigError(message, hint=hint) from None
    if len(data) > LARGEST:
        message = f"{file} is larger than 1 MiB"
        raise ConfigError(message, hint="is this the file you meant?", violations=[f"{file}:1:1: larger than 1 MiB"])
    return data


def _decoded(data: bytes, violations: Violations) -> str:
    if data.startswith(_UTF16_OR_32):
        violations.add(Position(1, 1), (), "the file is encoded as UTF-16 or UTF-32: save it as UTF-8")
        return ""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        good = data[: error.start].decode("utf-8")
        message = f"the file is no UTF-8 text (byte 0x{data[error.start]:02X}): save it as UTF-8"
        violations.add(position_of(good, len(good)), (), message)
        return ""
