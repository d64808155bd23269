"""Where a session's SARIF goes: to code scanning, as config, flag and CI system have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from ci_toolkit.ci.analysis_target import Target
    from ci_toolkit.ci.github_api import GitHubApi
    from ci_toolkit.cli.session import Session
    from ci_toolkit.steps.sarif_upload import Delivery

Mode = Literal["auto", "always", "never"]

UPLOAD_SARIF = click.option(
    "--upload-sarif",
    type=click.Choice(["auto", "always", "never"]),
    help="Upload to GitHub code scanning, in place of the config's `sarif.upload`.",
)


def delivery_of(session: Session, mode: Mode) -> Delivery | None:
    """None where nothing is uploaded: by `never`, and by `auto` outside of GitHub's jobs."""
    if mode == "never":
        return None
    if mode == "auto" and session.context.platform != "github":
        session.progress.debug("sarif: no upload to code scanning, because this is no GitHub job")
        return None
    from ci_toolkit.ci.analysis_target import target_of
    from ci_toolkit.ci.code_scanning import CodeScanning
    from ci_toolkit.ci.github_api import GitHubApi
    from ci_toolkit.steps.sarif_upload import Delivery

    def connect(target: Target) -> GitHubApi:
        return GitHubApi(target.api, target.token, env=session.env, redact=session.redact, progress=session.progress)

    uploader = CodeScanning(target_of(session.env, session.context), connect, strict=mode == "always")
    return Delivery(uploader=uploader, progress=session.progress)
