"""Trivy's vulnerability database on this machine: had once, shared by all scans, believed up to an age."""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError
from ci_toolkit.files import write_atomically
from ci_toolkit.scanners.bolt import has_entries
from ci_toolkit.scanners.lock import locked, shared, unused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ci_toolkit.progress import Progress

TRIVYS_OWN = "Trivy's own repositories"
_SCHEMA = 2
_RETRY = timedelta(hours=1)
"""Trivy's own rule: a database that is due is asked for again only after an hour."""
_CLOCK_SKEW = timedelta(hours=1)
_HINT = "check `scan.database.repositories` and the network; `scan.database.max-age` says how old it may be"


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """A database that may be used: `directory` is the `db` folder of one of Trivy's caches."""

    directory: Path
    updated: datetime
    next_update: datetime
    downloaded: datetime
    repository: str | None
    """Where it came from; None: one of Trivy's own repositories."""


class DatabaseStore:
    """Keeps the newest database of one list of repositories.

    Every download goes into a directory of its own, so a failed one leaves the old database usable and a running
    scan never loses the one it reads. Other lists of repositories have other stores: what a private mirror
    holds never answers for the public one.
    """

    def __init__(
        self,
        cache: Path,
        repositories: Sequence[str],
        *,
        max_age: timedelta,
        clock: Callable[[], datetime],
        progress: Progress,
        patience: float,
    ) -> None:
        """`patience`: how many seconds another process's download is waited for."""
        self._sources: tuple[str | None, ...] = tuple(repositories) or (None,)
        self.root = cache / name_of(self._sources)
        self.incoming = self.root / "incoming"
        self._max_age = max_age
        self._clock = clock
        self._progress = progress
        self._patience = patience

    @property
    def sources(self) -> tuple[str | None, ...]:
        """The repositories in order of preference; None alone: the choice is left to Trivy."""
        return self._sources

    @contextmanager
    def ready(self, download: Callable[[Path, str | None], None]) -> Iterator[Database]:
        """A database young enough, refreshed where it is due, kept in place while the block runs.

        `download(cache, repository)` fills `cache/db`. Raises ToolError where none can be had, which is never a pass.
        """
        with ExitStack() as stack:
            with locked(self.root / "lock", seconds=self._patience):
                database = self._current()
                if database is None or self._due(database):
                    database = self._refresh(database, download)
                stack.enter_context(shared(database.directory / "in-use"))
            yield database

    def _due(self, database: Database) -> bool:
        now = self._clock()
        waited = now >= database.next_update and now >= database.downloaded + _RETRY
        return waited or self._objection(database) is not None

    def _objection(self, database: Database) -> str | None:
        return objection(database.updated, self._clock(), self._max_age)

    def _refresh(self, old: Database | None, download: Callable[[Path, str | None], None]) -> Database:
        failures, hint = [], _HINT
        for source in self._sources:
            try:
                shutil.rmtree(self.incoming, ignore_errors=True)
                self.incoming.mkdir(parents=True, exist_ok=True)
                download(self.incoming, source)
                database = _read(self.incoming / "db", source)
                if objection := self._objection(database):
                    failures.append(f"{source or TRIVYS_OWN}: the database {objection}")
                    continue
                return self._adopt(database)
            except (ToolError, OSError) as error:
                hint = getattr(error, "hint", "") or hint
                failures.append(f"{source or TRIVYS_OWN}: {error}")
        tried = "\n  ".join(failures)
        if old is None or self._objection(old):
            message = f"no vulnerability database can be had, so nothing can be judged:\n  {tried}"
            raise ToolError(message, hint=hint)
        age = _hours(self._clock() - old.updated)
        self._progress.warn(f"the vulnerability database can't be refreshed, using the one made {age} ago: {tried}")
        return old

    def _adopt(self, database: Database) -> Database:
        """Make the incoming database the current one, and clear away those nobody reads any more."""
        name = f"{database.updated:%Y%m%dT%H%M%S}-{database.downloaded:%Y%m%dT%H%M%S.%f}"
        place = self.root / name
        shutil.rmtree(place, ignore_errors=True)
        self.incoming.rename(place)
        current = {"directory": name, "repository": database.repository}
        write_atomically(self.root / "current.json", json.dumps(current).encode())
        for other in self.root.iterdir():
            if other.is_dir() and other != place and unused(other / "db" / "in-use"):
                shutil.rmtree(other, ignore_errors=True)
        return _read(place / "db", database.repository)

    def _current(self) -> Database | None:
        try:
            current = json.loads((self.root / "current.json").read_bytes())
            return _read(self.root / current["directory"] / "db", current["repository"])
        except (OSError, ValueError, TypeError, KeyError, ToolError):
            return None


def name_of(sources: Sequence[str | None]) -> str:
    """What a list of repositories is called where their databases are kept."""
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()[:12]


def objection(updated: datetime, now: datetime, max_age: timedelta) -> str | None:
    """Why a database that was made then can't be relied on, if it can't."""
    age = now - updated
    if age > max_age:
        return f"was made {_hours(age)} ago, and {_hours(max_age)} are allowed"
    if age < -_CLOCK_SKEW:
        return f"was made in the future, {updated.isoformat()}: is this machine's clock right?"
    return None


def time_of(text: str) -> datetime:
    """A time as Trivy writes it; raises ValueError for what is none."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _read(directory: Path, repository: str | None) -> Database:
    """A database as it lies there; raises ToolError for one that is none, or holds nothing."""
    try:
        metadata = json.loads((directory / "metadata.json").read_bytes())
        if metadata["Version"] != _SCHEMA:
            message = f"the database has schema {metadata['Version']!r}, Trivy reads {_SCHEMA}"
            raise ToolError(message)
        filled = has_entries(directory / "trivy.db", "vulnerability")
        times = {name: time_of(metadata[name]) for name in ("UpdatedAt", "NextUpdate", "DownloadedAt")}
    except (OSError, ValueError, TypeError, KeyError) as error:
        message = f"no vulnerability database in {directory}: {type(error).__name__}: {error}"
        raise ToolError(message[:400]) from None
    if not filled:
        message = "the database is empty: it knows no vulnerability, so it would pass everything"
        raise ToolError(message)
    return Database(
        directory=directory,
        updated=times["UpdatedAt"],
        next_update=times["NextUpdate"],
        downloaded=times["DownloadedAt"],
        repository=repository,
    )


def _hours(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours:.1f} h" if hours < 100 else f"{age.days} days"
