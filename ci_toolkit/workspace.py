"""The user's own files: read and replaced inside one directory only, all of them or none.

Every file is reached from the root directory by directory, following no symbolic link, at every single access: what
is swapped for a link between two accesses is noticed, and nothing outside is ever touched.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError, ToolkitError, UsageError
from ci_toolkit.listing import DIRECTORY as _DIRECTORY
from ci_toolkit.listing import inside_of, listed
from ci_toolkit.patterns import check_writable, matching

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_AT_ONCE = 8
"""Files that are written at once: a disk that is asked to keep many together takes little longer than for one."""
_WHOLE = "every file is as it was; free some space or mend the permissions, and run again"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A file as it was read: its bytes, and what tells whether it is still the same."""

    data: bytes
    stat: os.stat_result

    def is_still(self, now: os.stat_result) -> bool:
        """True where the file wasn't written or exchanged since."""
        then = self.stat
        return (then.st_dev, then.st_ino, then.st_size, then.st_mtime_ns) == (
            now.st_dev,
            now.st_ino,
            now.st_size,
            now.st_mtime_ns,
        )


@dataclass(frozen=True, slots=True)
class Replacement:
    """New bytes for a file that was read before."""

    path: str
    before: Snapshot
    data: bytes


class Workspace:
    """One directory tree. Paths are relative to its root, with `/`, and free of links, as `files` returns them."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.realpath(root)

    def files(self, pattern: str, *, written: bool = True) -> list[str]:
        """The files that match a pattern (`ci_toolkit.patterns`); raises UsageError for one that leads outside.

        `written`: they are to be, so one where nothing may be written is refused, too.
        """
        return matching(self._root, pattern, written=written)

    def below(
        self, path: str, wanted: Callable[[str], bool], ignored: Callable[[], Collection[str]] = frozenset
    ) -> list[str]:
        """A file, or the files below a directory whose names are wanted (`ci_toolkit.listing`).

        `ignored` is asked, for a directory alone, what is left out, relative to the root.
        Raises UsageError for what isn't there, is a link or leads outside, ToolError for what can't be listed.
        """
        inside = inside_of(path or ".")
        if not os.path.lexists(f"{self._root}/{inside}"):
            message = f"there is no {path}"
            raise UsageError(message, hint="name files and directories that are there")
        with self._parent(inside or ".", "read") as (directory, name):
            kind = stat.S_IFMT(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
            if kind == stat.S_IFDIR:
                start = os.open(name, _DIRECTORY, dir_fd=directory)
                try:
                    return list(listed(start, inside, wanted, ignored()))
                finally:
                    os.close(start)
        if kind != stat.S_IFREG:
            message = f"{path} is neither a file nor a directory" if kind != stat.S_IFLNK else f"{path} is a link"
            raise UsageError(message, hint="name a file or a directory, where it really is")
        return [inside]

    def read(self, path: str, *, limit: int) -> Snapshot:
        """A regular file of at most `limit` bytes; raises UsageError for anything else, ToolError if it fails."""
        with self._parent(path, "read") as (directory, name):
            return _regular_file(directory, name, path, limit)

    def read_each(self, paths: Iterable[str], *, limit: int) -> Iterator[tuple[str, Snapshot | UsageError]]:
        """`read` of many files, neighbours through one open directory; a UsageError in place of what is no such file.

        Raises ToolError where reading fails.
        """
        opened, above = -1, ""
        try:
            for path in paths:
                directory, _, name = path.rpartition("/")
                result: Snapshot | UsageError
                try:
                    if opened < 0 or directory != above:
                        with self._parent(path, "read") as (parent, _):
                            kept, opened, above = opened, os.dup(parent), directory
                        if kept >= 0:
                            os.close(kept)
                    result = _regular_file(opened, name, path, limit)
                except OSError as error:
                    raise _explained(error, path, "read") from error
                except UsageError as error:
                    result = error
                yield path, result
        finally:
            if opened >= 0:
                os.close(opened)

    def replace(self, replacements: Sequence[Replacement]) -> None:
        """Replace all of these files, or none: mode and owner are kept, whoever reads sees old or new, never half.

        All new files are written beside the old ones first, then renamed. Raises UsageError for a path that became
        a link, ToolError for a full disk, a missing permission, or a file that someone else changed meanwhile.
        """
        staged: list[tuple[Replacement, str]] = []
        begun: list[Replacement] = []
        try:
            staged += [(each, f".ci-toolkit-{os.urandom(6).hex()}.tmp") for each in replacements]
            self._stage_all(staged)
            for replacement, name in staged:
                self._rename(replacement, name, begun)
        except BaseException:
            self._discard(staged)
            self._restore(begun)
            raise

    def _stage_all(self, staged: Sequence[tuple[Replacement, str]]) -> None:
        if len(staged) <= _AT_ONCE:
            for replacement, name in staged:
                self._stage(replacement, name)
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                for _ in pool.map(self._stage, *zip(*staged, strict=True)):
                    pass
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _stage(self, replacement: Replacement, temporary: str) -> None:
        check_writable(replacement.path, workflows=True)
        with self._parent(replacement.path, "write") as (directory, _):
            descriptor = os.open(temporary, _CREATE, 0o600, dir_fd=directory)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(replacement.data)
                stream.flush()
                _keep_owner_and_mode(descriptor, replacement.before.stat)
                os.fsync(descriptor)

    def _rename(self, replacement: Replacement, temporary: str, begun: list[Replacement]) -> None:
        with self._parent(replacement.path, "write") as (directory, name):
            now = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if not replacement.before.is_still(now):
                message = f"{replacement.path} was changed by someone else while it was worked on"
                raise ToolError(message, hint="every file is as it was found: run again")
            begun.append(replacement)
            os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)

    def _discard(self, staged: Sequence[tuple[Replacement, str]]) -> None:
        for replacement, temporary in staged:
            # Renamed already, never made, or its directory is gone: nothing is left to discard.
            with suppress(ToolkitError), self._parent(replacement.path, "write") as (directory, _):
                os.unlink(temporary, dir_fd=directory)

    def _restore(self, begun: Sequence[Replacement]) -> None:
        """Bring back, with its time, what was renamed over. The last one begun may not have been: it is left."""
        lost: list[str] = []
        for replacement in begun:
            before = replacement.before
            try:
                with self._parent(replacement.path, "write") as (directory, name):
                    now = os.stat(name, dir_fd=directory, follow_symlinks=False)
                    if before.is_still(now) or now.st_size != len(replacement.data):
                        continue
                    if self.read(replacement.path, limit=now.st_size).data != replacement.data:
                        continue
                    temporary = f".ci-toolkit-{os.urandom(6).hex()}.tmp"
                    self._stage(Replacement(replacement.path, before, before.data), temporary)
                    times = (before.stat.st_atime_ns, before.stat.st_mtime_ns)
                    os.utime(temporary, ns=times, dir_fd=directory, follow_symlinks=False)
                    os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
            except ToolkitError:
                lost.append(replacement.path)
        if lost:
            message = f"the writing failed half-way, and these files couldn't be brought back: {', '.join(lost)}"
            raise ToolError(message, hint="`git checkout` brings them back")

    @contextmanager
    def _parent(self, path: str, doing: str) -> Iterator[tuple[int, str]]:
        """The open directory of a file, and its name in there; an OSError inside becomes ours."""
        *directories, name = path.split("/")
        descriptor = -1
        try:
            descriptor = os.open(self._root, _DIRECTORY)
            for directory in directories:
                above, descriptor = descriptor, os.open(directory, _DIRECTORY, dir_fd=descriptor)
                os.close(above)
            yield descriptor, name
        except OSError as error:
            raise _explained(error, path, doing) from error
        finally:
            if descriptor >= 0:
                os.close(descriptor)


def _regular_file(directory: int, name: str, path: str, limit: int) -> Snapshot:
    descriptor = os.open(name, _READ, dir_fd=directory)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            message = f"{path} is no regular file"
            raise UsageError(message, hint="name files: `deploy/**/*.yaml` takes those below a directory")
        if found.st_size > limit:
            message = f"{path} has more than {limit // 1024 // 1024} MiB"
            raise UsageError(message, hint="leave it out, or split it")
        data = os.read(descriptor, found.st_size + 1)
    finally:
        os.close(descriptor)
    if len(data) != found.st_size:
        message = f"{path} is being written by someone else"
        raise ToolError(message, hint="run it again when that is done")
    return Snapshot(data, found)


def _keep_owner_and_mode(descriptor: int, before: os.stat_result) -> None:
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        # Who may write here without being the owner can't give the file back to them; its bytes matter more.
        with suppress(PermissionError):
            os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode))


def _explained(error: OSError, path: str, doing: str) -> ToolkitError:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        message = f"{path} was swapped for a symbolic link while it was worked on, or lies below one"
        return UsageError(message, hint="nothing is written through links: name the file where it really is")
    message = f"can't {doing} {path}: {error.strerror or error}"
    return ToolError(message, hint=_WHOLE)
