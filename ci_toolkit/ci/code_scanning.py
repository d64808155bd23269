"""SARIF to GitHub's code scanning: sent, and followed until it is processed.

Source: GitHub, "REST API endpoints for code scanning": upload an analysis, get information about a SARIF upload.
"""

from __future__ import annotations

import base64
import gzip
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from ci_toolkit.answers import HttpError
from ci_toolkit.ci.analysis_target import PERMISSION, Hindrance
from ci_toolkit.ci.upload_refusals import refused
from ci_toolkit.errors import RemoteError, UsageError
from ci_toolkit.model.analysis import Upload
from ci_toolkit.model.plan import Action
from ci_toolkit.retries import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ci_toolkit.ci.analysis_target import Target
    from ci_toolkit.ci.github_api import GitHubApi
    from ci_toolkit.model.analysis import Analysis

_TOOL = "Trivy"
_DEADLINE = 120.0
"""Seconds from sending an analysis until nobody waits for it any more."""
_FIRST_LOOK, _LONGEST_PAUSE, _SLOWER = 2.0, 15.0, 1.5
"""Seconds before the first question and at most between two, and by how much each pause is longer."""


class CodeScanning:
    """Uploads for one run.

    Not `strict`, only what GitHub says of the SARIF itself is an error: the gate has spoken before, and a report
    that GitHub has no place or no time for changes nothing of that.
    """

    def __init__(
        self,
        target: Target | Hindrance,
        connect: Callable[[Target], GitHubApi],
        *,
        strict: bool,
        patience: Patience | None = None,
    ) -> None:
        """`patience`: its clock and its sleep are for tests to replace."""
        self._target = target
        self._connect = connect
        self._strict = strict
        self._time = patience or Patience()

    def plan(self, step: str, image: str) -> Sequence[Action]:
        """The requests for an image's report; a word instead where none is made."""
        target = self._target
        if isinstance(target, Hindrance):
            what = "refused" if self._strict else "skipped"
            summary = f"upload of {image} to code scanning: {what} because {target.reason}"
            return [Action(step=step, kind="decide", image=image, summary=summary)]
        url = target.api + _path(target)
        summary = f"upload the SARIF of {image} to code scanning, for {target.ref}"
        when = "" if self._strict else f"code scanning is enabled and the token may `{PERMISSION}`"
        look = f"ask until it is processed, {_DEADLINE:.0f} s at most"
        return [
            Action(step=step, kind="request", image=image, summary=summary, method="POST", url=url, when=when),
            Action(step=step, kind="request", image=image, summary=look, method="GET", url=f"{url}/<id>", when=when),
        ]

    def upload(self, analyses: Sequence[Analysis]) -> Iterator[tuple[Analysis, Upload]]:
        """Send them all, then say of each what came of it. One that fails stops no other; nothing is raised."""
        target = self._target
        if isinstance(target, Hindrance):
            error = UsageError(f"nothing is uploaded, because {target.reason}", hint=target.hint)
            skipped = self._judged(Upload(status="skipped", reason=target.reason, hint=target.hint, error=error))
            yield from ((analysis, skipped) for analysis in analyses)
            return
        with closing(self._connect(target)) as api:
            sent = [(analysis, self._time.clock(), self._send(api, target, analysis)) for analysis in analyses]
            for analysis, at, upload in sent:
                yield analysis, self._settled(api, target, upload, at + _DEADLINE)

    def _send(self, api: GitHubApi, target: Target, analysis: Analysis) -> Upload:
        packed = gzip.compress(analysis.sarif, 6, mtime=0)
        document = {
            "commit_sha": target.revision,
            "ref": target.ref,
            "sarif": base64.b64encode(packed).decode(),
            "started_at": _utc(analysis.started_at),
            "tool_name": _TOOL,
        }
        try:
            # The newest analysis of a category counts, so the same one twice is no harm.
            identifier = api.post(_path(target), document, repeatable=True).get("id")
        except HttpError as error:
            return self._judged(refused(error, target, size=len(packed)))
        if not isinstance(identifier, str) or not identifier:
            words = "GitHub took it without saying under which id"
            return self._judged(Upload(status="failed", reason=words, error=RemoteError(words)))
        return Upload(status="pending", id=identifier, url=target.alerts)

    def _settled(self, api: GitHubApi, target: Target, upload: Upload, end: float) -> Upload:
        """Ask until GitHub has processed it, once at least: it had its time while others were waited for.

        A question that fails says nothing of the upload: it stays pending.
        """
        pause, left = _FIRST_LOOK, _DEADLINE
        while upload.status == "pending" and left > 0:
            left = end - self._time.clock()
            self._time.sleep(max(0.0, min(pause, left)))
            left -= pause
            pause = min(pause * _SLOWER, _LONGEST_PAUSE)
            try:
                found = api.get(f"{_path(target)}/{quote(upload.id or '', safe='')}")
            except HttpError as error:
                if error.status == 404:  # not everywhere yet, right after it was sent
                    continue
                return self._pending(upload, error.message)
            if found.get("processing_status") == "complete":
                return replace(upload, status="complete")
            if found.get("processing_status") == "failed":
                return self._failed(api, upload, found.get("errors"))
        return self._pending(upload, f"GitHub hasn't processed it after {_DEADLINE:.0f} s")

    def _pending(self, upload: Upload, reason: str) -> Upload:
        if upload.status != "pending":
            return upload
        hint = "look at the repository's code scanning alerts later: GitHub goes on by itself"
        error = RemoteError(f"the upload to code scanning is still pending: {reason}", hint=hint)
        return self._judged(replace(upload, reason=reason, error=error))

    def _failed(self, api: GitHubApi, upload: Upload, errors: object) -> Upload:
        words = [word for word in errors if isinstance(word, str)] if isinstance(errors, list) else []
        said = api.harmless("; ".join(words)) or "it doesn't say why"
        hint = "if it names no setting, it is a fault of ci-toolkit: please report it with the SARIF file"
        error = RemoteError(f"GitHub couldn't process the SARIF: {said}", hint=hint)
        return replace(upload, status="failed", reason=error.message, error=error, fatal=True)

    def _judged(self, upload: Upload) -> Upload:
        """Without its error where that stops nobody."""
        return upload if self._strict or upload.fatal else replace(upload, error=None)


def _path(target: Target) -> str:
    return f"/repos/{target.repository}/code-scanning/sarifs"


def _utc(moment: str) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ`, the one form that GitHub describes."""
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
