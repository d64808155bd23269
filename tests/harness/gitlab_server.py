"""What a pipeline fetches from a GitLab server: git repositories over http, and their files by `/-/raw/REF/FILE`.

`include: project` and `include: component` are clones of such a repository, `include: remote` is one of its files.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.harness.git_server import answer_by_git
from tests.harness.project import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_RAW = re.compile(r"/(?P<project>.+)/-/raw/(?P<ref>[^/]+)/(?P<file>.+)")


class GitLabServer:
    """Serves the bare repositories below `directory` to everybody, pushes included; `asked`: the paths, in order."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.address = ""
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://{self.address}"

    def publish(self, project: str, files: Path, *, tag: str) -> str:
        """Make the project `GROUP/NAME` of a directory's files, tagged; gives the commit."""
        work = self.directory / "work" / project
        shutil.copytree(files, work)
        git(work, "init", "--quiet")
        git(work, "add", "--all")
        git(work, "commit", "--quiet", "-m", f"released as {tag}")
        git(work, "tag", tag)
        self.adopt(project, work)
        return git(work, "rev-parse", "HEAD")

    def adopt(self, project: str, checkout: Path) -> None:
        """Make a project of a checkout, and make it the checkout's `origin` that can be pushed to."""
        bare = self.directory / f"{project}.git"
        git(checkout, "clone", "--quiet", "--bare", str(checkout), str(bare))
        git(bare, "config", "http.receivepack", "true")
        git(bare, "config", "uploadpack.allowFilter", "true")
        git(bare, "config", "uploadpack.allowAnySHA1InWant", "true")
        git(checkout, "remote", "add", "origin", f"{self.url}/{project}.git")
        git(checkout, "fetch", "--quiet", "origin")
        git(checkout, "remote", "set-head", "origin", "main")

    def file(self, project: str, name: str, *, ref: str = "main") -> str:
        """A file of a project, as it is there now."""
        return git(self.directory / f"{project}.git", "show", f"{ref}:{name}") + "\n"

    @contextmanager
    def running(self) -> Iterator[GitLabServer]:
        """Serve on a free port of 127.0.0.1 until the block ends."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_GET(self) -> None:
                outer.asked.append(self.path)
                raw = _RAW.fullmatch(self.path)
                if raw:
                    outer._answer_raw(self, *raw.group("project", "ref", "file"))
                else:
                    answer_by_git(self, outer.directory)

            def do_POST(self) -> None:
                answer_by_git(self, outer.directory)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the library's name
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        self.address = f"127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _answer_raw(self, request: BaseHTTPRequestHandler, project: str, ref: str, file: str) -> None:
        command = ["git", "-C", str(self.directory / f"{project}.git"), "show", f"{ref}:{file}"]
        shown = subprocess.run(command, capture_output=True, check=False)
        request.send_response(404 if shown.returncode else 200)
        request.send_header("Content-Type", "text/plain; charset=utf-8")
        request.send_header("Content-Length", str(len(shown.stdout)))
        request.end_headers()
        request.wfile.write(shown.stdout)
