"""What act tells of a run: its log of JSON lines, step by step."""

from __future__ import annotations

import json
import signal
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Step:
    """One stage of one step, as act's log tells it."""

    events: Sequence[Mapping[str, Any]]

    @property
    def result(self) -> str:
        """`success`, `failure`, or empty where the step hasn't ended."""
        return next((str(event["stepResult"]) for event in self.events if "stepResult" in event), "")

    @property
    def log(self) -> str:
        """What it printed, commands left out, masked as a person sees it."""
        return "".join(str(event["msg"]) for event in self.events if event.get("raw_output"))

    @property
    def outputs(self) -> dict[str, str]:
        """Its outputs, unmasked."""
        return {str(event["name"]): str(event["arg"]) for event in self._commands("set-output")}

    @property
    def summary(self) -> str:
        """What it wrote for the job's summary."""
        return "".join(str(event["content"]) for event in self._commands("summary"))

    @property
    def masks(self) -> list[str]:
        """The values it asked to be masked, in order."""
        return [str(event["arg"]) for event in self._commands("add-mask")]

    def annotations(self, level: str) -> list[tuple[str, dict[str, str]]]:
        """Message and properties of each `error` or `warning`; a notice is `notice`."""
        return [(str(event["arg"]), dict(event["kvPairs"])) for event in self._commands(level)]

    def commands(self) -> list[str]:
        """Every workflow command as it was written, those in a stopped stretch left out."""
        return [str(event["raw"]).rstrip("\n") for event in self.events if "raw" in event and not _ignored(event)]

    def ignored(self) -> list[str]:
        """What would have been a command, had commands not been stopped."""
        return [str(event["msg"]).strip() for event in self.events if _ignored(event)]

    def _commands(self, name: str) -> list[Mapping[str, Any]]:
        return [event for event in self.events if event.get("command") == name]


def _ignored(event: Mapping[str, Any]) -> bool:
    return event.get("command") == "ignored"


@dataclass
class ActRun:
    """A run of a workflow, under way or ended."""

    process: subprocess.Popen[str]
    events: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)
    _heard: bool = False

    @property
    def exit_code(self) -> int:
        """0 if every job succeeded."""
        return self.process.wait()

    @property
    def log(self) -> str:
        """Everything act printed, for a person to read: what a failed assertion shows."""
        return "\n".join(str(event.get("msg", "")).rstrip() for event in self.events) + "\n" + "".join(self.errors)

    @property
    def jobs(self) -> dict[str, str]:
        """The jobs that came to an end, by id: `success`, `failure` or `skipped`."""
        return {str(event["jobID"]): str(event["jobResult"]) for event in self.events if "jobResult" in event}

    def step(self, identifier: str, *, stage: str = "Main", job: str | None = None) -> Step:
        """A step by its id; `stage` is `Main` or `Post`."""
        return Step(
            [
                event
                for event in self.events
                if event.get("stepID") == [identifier]
                and event.get("stage") == stage
                and (job is None or event.get("jobID") == job)
            ]
        )

    def wait_for(self, text: str, *, timeout: float = 60) -> None:
        """Until a message holds this text; raises AssertionError with the log if none does in time, or ever will."""
        with self._news:
            self._news.wait_for(lambda: text in self.log or self._heard, timeout)
        assert text in self.log, f"{text!r} didn't come within {timeout} s:\n{self.log}"

    def cancel(self) -> None:
        """As a person does who presses ^C."""
        self.process.send_signal(signal.SIGINT)

    def listen(self) -> None:
        """Read act's log to its end."""
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                with self._news:
                    if line.startswith("{"):
                        self.events.append(json.loads(line))
                    else:
                        self.errors.append(line)
                    self._news.notify_all()
        self.process.wait()
        with self._news:
            self._heard = True
            self._news.notify_all()
