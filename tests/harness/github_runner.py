"""What GitHub's runner makes of a step's log and files, and what it refuses (actions/runner, `ActionCommandManager`,
`ActionCommand`, `ExecutionContext.AddIssue`, `FileCommandManager`)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMANDS = frozenset({
    "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "notice", "remove-matcher",
    "save-state", "set-env", "set-output", "stop-commands", "warning",
})  # fmt: skip
LEVELS = ("error", "warning", "notice")


@dataclass(frozen=True)
class Command:
    """A line that the runner obeys."""

    name: str
    data: str
    properties: dict[str, str]


@dataclass
class StepLog:
    """A log as the runner reads it; raises AssertionError for what GitHub would drop, cut or fold wrongly."""

    commands: list[Command] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    """Everything that people see as it is."""
    masks: list[str] = field(default_factory=list)
    groups: list[tuple[str, list[str]]] = field(default_factory=list)
    """Titles, with the lines inside."""

    def annotations(self, level: str) -> list[Command]:
        """Those of a level, in order."""
        return [command for command in self.commands if command.name == level]


def read_log(text: str) -> StepLog:
    """Read a step's log to its end."""
    log, token, open_group = StepLog(), "", False
    for line in re.split(r"\r\n|\r|\n", text.removesuffix("\n")) if text else ():
        command = _parsed(line, COMMANDS | {token} if token else COMMANDS)
        if token and (command is None or command.name.lower() != token):
            command = None
        if command is None:
            log.lines.append(line)
            if open_group:
                log.groups[-1][1].append(line)
        elif token:
            token = ""
        elif command.name == "stop-commands":
            token = command.data.lower()
            assert len(token) > 6, "a token that can be guessed"
            assert token not in COMMANDS
        else:
            log.commands.append(command)
            open_group = _obeyed(log, command, open_group)
    assert not token, "commands stay stopped after the end"
    assert not open_group, "a group stays open"
    return log


def _obeyed(log: StepLog, command: Command, open_group: bool) -> bool:
    assert command.name not in ("set-env", "add-path", "set-output", "save-state"), f"{command.name} is refused"
    if command.name == "group":
        assert not open_group, "groups don't nest"
        log.groups.append((command.data, []))
    if command.name == "endgroup":
        assert open_group, "no group is open"
    if command.name == "add-mask":
        assert command.data.strip()
        log.masks.append(command.data)
    if command.name in LEVELS:
        assert len(log.annotations(command.name)) <= 10, f"GitHub drops the eleventh {command.name}"
        assert len(command.data.encode("utf-16-le")) // 2 <= 4096, "GitHub cuts this message"
        assert command.data.strip()
    return command.name == "group" or (open_group and command.name != "endgroup")


def _parsed(line: str, known: frozenset[str]) -> Command | None:
    stripped = line.lstrip()
    if stripped.startswith("::") and (end := stripped.find("::", 2)) >= 0:
        found = _command(stripped[2:end], stripped[end + 2 :], known, ",")
        if found:
            return found
    if (start := line.find("##[")) >= 0 and (end := line.find("]", start)) >= 0:
        return _command(line[start + 3 : end], line[end + 1 :], known, ";")
    return None


def _command(information: str, data: str, known: frozenset[str], separator: str) -> Command | None:
    name, _, rest = information.partition(" ")
    if name.lower() not in known:
        return None
    pairs = (pair.partition("=") for pair in rest.strip().split(separator) if pair)
    properties = {key: _unescaped_property(value) for key, _, value in pairs}
    return Command(name.lower(), _unescaped(data), properties)


def _unescaped(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def _unescaped_property(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")


def read_values(file: Path) -> dict[str, str]:
    """Names and values of GITHUB_OUTPUT, GITHUB_STATE or GITHUB_ENV; a later one of a name wins."""
    return dict(_entries(file.read_bytes().decode()))


def _entries(text: str) -> Iterator[tuple[str, str]]:
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if heredoc < 0 or 0 <= equals < heredoc:
            assert equals >= 0, f"Invalid format {line!r}"
            yield line[:equals], line[equals + 1 :]
            continue
        name, delimiter = line.split("<<", 1)
        assert name
        assert delimiter
        value: list[str] = []
        for inside in lines:
            if inside == delimiter:
                break
            value.append(inside)
        else:
            message = f"Matching delimiter not found {delimiter!r}"
            raise AssertionError(message)
        yield name, "\n".join(value)
