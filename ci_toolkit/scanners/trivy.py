"""Trivy: found on PATH, else run from its container image."""

from __future__ import annotations

import json
import os
import shlex
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from ci_toolkit import files
from ci_toolkit.errors import ToolError
from ci_toolkit.model.findings import by_weight
from ci_toolkit.scanners.base import Command, Heeded, Scanned
from ci_toolkit.scanners.database import TRIVYS_OWN, DatabaseStore
from ci_toolkit.scanners.layer_cache import LayerCache
from ci_toolkit.scanners.lock import locked
from ci_toolkit.scanners.secret_rules import secret_config
from ci_toolkit.scanners.trivy_commands import Private, cache_of, download_argv, scan_argv
from ci_toolkit.scanners.trivy_files import charts_of, furnish, point, read_report
from ci_toolkit.scanners.trivy_kept import shareable
from ci_toolkit.scanners.trivy_program import TrivyProgram
from ci_toolkit.scanners.trivy_report import parse, rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from ci_toolkit.model.findings import Category, PlatformFindings
    from ci_toolkit.process import Runner
    from ci_toolkit.progress import Progress, Task
    from ci_toolkit.scanners.base import Target
    from ci_toolkit.scanners.database import Database
    from ci_toolkit.scanners.trivy_server import TrivyServer

_JAVA_WANTED = "Java DB"
_CHARTS: Sequence[Category] = ("misconfiguration",)
_DEPENDS = "rendered only where its comments are heeded"


def cache_directory(env: Mapping[str, str]) -> Path:
    """Where databases are kept between runs."""
    return files.cache_directory(env) / "trivy"


class Trivy:
    """The `Scanner` of images. One `scan` refreshes the database once and reads all targets with it."""

    name: ClassVar[str] = "trivy"

    def __init__(
        self,
        runner: Runner,
        *,
        cache: Path,
        repositories: Sequence[str],
        max_age: timedelta,
        timeout: timedelta,
        image: str,
        clock: Callable[[], datetime],
        progress: Progress,
        categories: Sequence[Category] = ("vulnerability", "secret"),
        low_secrets: bool = False,
        program: Path | None = None,
        java_repositories: Sequence[str] = (),
        parallel: int = 0,
        grace: float = 15.0,
        server: TrivyServer | None = None,
    ) -> None:
        """`image`: Trivy's container image, for machines without a `trivy` on PATH; `program` names one elsewhere.
        `categories`: what is looked for. `low_secrets`: secrets in places where they count as low, too.

        `repositories` in order of preference, empty: Trivy's own. `parallel`: scans side by side, 0: one a core.
        `grace`: seconds Trivy has beyond its own deadline to say which step ran into it. `server`: whose
        database is asked; None: the one here.
        """
        self._server = server
        variables = server.variables if server else {}
        self._program = TrivyProgram(runner=runner, image=image, named=program, variables=variables)
        self._categories = categories
        self._everywhere = low_secrets or "misconfiguration" in categories
        self._progress = progress
        self._timeout = timeout.total_seconds()
        self._java_repositories: tuple[str | None, ...] = tuple(java_repositories) or (None,)
        self._parallel = parallel or os.cpu_count() or 1
        self._grace = grace
        self._clock = clock
        self._max_age = max_age
        self._cache = cache
        self._java = cache / "java"
        self._layers = LayerCache(cache / "layers", slots=self._parallel)
        self._java_asked = False
        self._store = DatabaseStore(
            cache, repositories, max_age=max_age, clock=clock, progress=progress, patience=self._timeout
        )

    def commands(self, targets: Sequence[Target], private: Path) -> Sequence[Command]:
        """See `Scanner.commands`."""
        place = Private(private)
        by_server = f", with the database of {self._server.url}" if self._server else ""
        refresh = [
            Command(
                argv=self._download(self._store.incoming, source, place),
                summary=f"refresh the vulnerability database from {source or TRIVYS_OWN}",
                when="the database is due" + (" and the repository before has none" if index else ""),
            )
            for index, source in enumerate(() if self._server else self._store.sources)
        ]
        scans = [
            Command(
                argv=self._scan(target, place),
                summary=f"scan {target.image} {target.platform}{by_server}",
                image=target.image,
            )
            for target in targets
        ]
        charts = [
            Command(
                argv=self._scan(charts_of(target), place, _CHARTS),
                summary=f"scan the Helm charts of {target.image} {target.platform} without comments",
                image=target.image,
                when="it holds some",
            )
            for target in targets
            if "misconfiguration" in self._categories
        ]
        return (*refresh, *scans, *charts)

    def scan(self, targets: Sequence[Target], private: Path, whole: Callable[[], None]) -> Scanned:
        """See `Scanner.scan`."""
        place = Private(private)
        self._prepare(place)
        with self._database(place) as (updated, repository):
            reports = self._scan_all(targets, place, whole)
        versions = sorted({version for _, version in reports})
        return Scanned(
            findings=tuple(findings for findings, _ in reports),
            version=", ".join(versions),
            database_updated=updated.isoformat(timespec="seconds"),
            database_repository=repository,
        )

    @contextmanager
    def _database(self, place: Private) -> Iterator[tuple[datetime, str | None]]:
        """When the database that is asked was made, and where it is from; it stays as it is while the block runs."""
        if self._server:
            yield self._server.database_updated(now=self._clock(), max_age=self._max_age), self._server.url
            return
        with self._store.ready(lambda cache, source: self._refresh(cache, source, place)) as database:
            self._link(place, database)
            yield database.updated, database.repository

    def _prepare(self, place: Private) -> None:
        try:
            place.cwd.mkdir(parents=True, exist_ok=True)
            place.databases.mkdir(exist_ok=True)
            place.config.write_bytes(b"")
            place.secret_config.write_bytes(secret_config(everywhere=self._everywhere))
            self._java.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"can't prepare the scan in {place.root}: {error.strerror or error}"
            raise ToolError(message) from error

    def _link(self, place: Private, database: Database) -> None:
        point(place.databases / "db", database.directory)
        # An index that is due is not shown: Trivy then says whether it needs one at all.
        self._java_asked = False
        if self._java_index_is_young():
            point(place.databases / "java-db", self._java / "java-db")

    def _refresh(self, cache: Path, source: str | None, place: Private) -> None:
        self._progress.info(f"refreshing the vulnerability database from {source or TRIVYS_OWN}")
        self._run(self._download(cache, source, place), place, "refresh the vulnerability database")

    def _scan_all(
        self, targets: Sequence[Target], place: Private, whole: Callable[[], None]
    ) -> list[tuple[PlatformFindings, str]]:
        workers = max(1, min(self._parallel, len(targets)))
        title = f"scanning {len(targets)} platform{'s' if len(targets) != 1 else ''} with Trivy"
        with self._progress.task(title, len(targets), unit="platforms") as task:
            pool = ThreadPoolExecutor(workers, thread_name_prefix="scan")
            try:
                return list(pool.map(lambda target: self._scan_one(target, place, whole, task), targets))
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _scan_one(
        self, target: Target, place: Private, whole: Callable[[], None], task: Task
    ) -> tuple[PlatformFindings, str]:
        argv, about = self._scan(target, place), f"scan {target.image} {target.platform}"
        with self._heeded(target) as heeded, self._layers.lent(target.layers) as known:
            furnish(cache_of(target), place, known)
            try:
                self._run(argv, place, about)
            except ToolError as error:
                if _JAVA_WANTED not in error.message:
                    raise
                self._fetch_java_index(place)
                self._run(argv, place, about)
            whole()
            silencers = heeded()
        data = read_report(target)
        findings, version = parse(data, target, self._categories, silencers.comments)
        if silencers.charts:
            findings = self._with_charts(findings, data, silencers, target, place)
        files.write_atomically(target.report, shareable(data))
        task.advance(1)
        return findings, version

    @contextmanager
    def _heeded(self, target: Target) -> Iterator[Callable[[], Heeded]]:
        """Look for what silences checks while the block runs; what it gives waits for the answer."""
        if "misconfiguration" not in self._categories:
            yield Heeded
            return
        from ci_toolkit.scanners.silencers import heeded

        pool = ThreadPoolExecutor(1, thread_name_prefix="comments")
        try:
            yield pool.submit(heeded, target.layout, target.config, target.layers).result
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _with_charts(
        self, findings: PlatformFindings, data: bytes, silencers: Heeded, target: Target, place: Private
    ) -> PlatformFindings:
        """Together with what was silenced in its charts; `data` is Trivy's own report."""
        from ci_toolkit.scanners.charts import copy_of, layer_of, silenced
        from ci_toolkit.scanners.silencers import silencer

        copy = copy_of(silencers.charts, target)
        furnish(cache_of(copy), place, None)
        self._run(self._scan(copy, place, _CHARTS), place, f"scan the charts of {target.image} {target.platform}")
        seen, templates = read_report(copy), rendered(data)
        missed = [*silenced(findings, parse(seen, copy, _CHARTS)[0], silencers.charts, templates)]
        # A template can look whether it is in the image or in the copy.
        lost = sorted(templates - rendered(seen))
        missed += [silencer(path, 0, _DEPENDS, layer_of(path, silencers.charts)) for path in lost]
        return replace(findings, findings=tuple(by_weight([*findings.findings, *missed])))

    def _fetch_java_index(self, place: Private) -> None:
        """The index that names Java archives by their hash: had only once an image holds one, for it is large."""
        with locked(self._java / "lock", seconds=self._timeout):
            if not self._java_asked:
                self._progress.info("an image holds Java archives: refreshing the index of Java archives")
                self._ask_for_java_index(place)
                self._java_asked = True
                point(place.databases / "java-db", self._java / "java-db")

    def _ask_for_java_index(self, place: Private) -> None:
        failures = []
        for source in self._java_repositories:
            try:
                argv = self._download(self._java, source, place, java=True)
                self._run(argv, place, "refresh the index of Java archives")
            except ToolError as error:
                failures.append(error.message)
            else:
                return
        said = "can't be had:\n  " + "\n  ".join(failures)
        if not (self._java / "java-db" / "trivy-java.db").is_file():
            message = f"an image holds Java archives, and Trivy's index of them {said}"
            raise ToolError(message, hint="let this machine reach Trivy's Java database, or scan where it can")
        self._progress.warn(f"the index of Java archives is an old one; a newer {said}")

    def _java_index_is_young(self) -> bool:
        try:
            metadata = json.loads((self._java / "java-db" / "metadata.json").read_bytes())
            return self._clock() < datetime.fromisoformat(metadata["NextUpdate"])
        except (OSError, ValueError, TypeError, KeyError):
            return False

    def _run(self, argv: Sequence[str], place: Private, about: str) -> None:
        self._progress.debug(shlex.join(argv))
        self._program.run(argv, place, about, timeout=self._timeout + self._grace, on_line=self._progress.tool)

    def _scan(self, target: Target, place: Private, categories: Sequence[Category] | None = None) -> tuple[str, ...]:
        server = self._server.url if self._server else ""
        program = self._program.start(place, self._cache, online=bool(server))
        looked_for = categories or self._categories
        return scan_argv(program, target, place, looked_for, seconds=self._timeout, server=server)

    def _download(self, cache: Path, source: str | None, place: Private, *, java: bool = False) -> tuple[str, ...]:
        program = self._program.start(place, self._cache, online=True)
        return download_argv(program, cache, source, place, seconds=self._timeout, java=java)
