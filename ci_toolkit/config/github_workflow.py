"""The first workflow of a project on GitHub: what `init --github` writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.config.delivery import GHCR
from ci_toolkit.config.scalars import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.config.delivery import Delivery

PATH = ".github/workflows/container.yml"
ACTION = "ci-toolkit/ci-toolkit"
_CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
_UPLOAD = "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1"
_DOWNLOAD = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where the workflow is to run."""

    branch: str
    """The default branch."""
    config: str
    """The config file, relative to the top of the repository."""
    version: str
    """Of the action."""
    commit: str | None
    """The commit that the version's tag points at; None where it isn't known."""


def write_workflow(wanted: Delivery, place: Place) -> str:
    """The text of a workflow that does what a config wants, with no more permissions than that takes."""
    lines = [
        f"# Delivers the images of {place.config}. Written by `ci-toolkit init --github`; it is yours to change.",
        *([] if place.commit else [f"# {_unpinned(place)}"]),
        "name: container",
        "on:",
        "  push:",
        f"    branches: [{one_line(place.branch)}]",
        '    tags: ["v*"]',
        "  pull_request:",
        "permissions: {}",
        "concurrency:",
        "  group: container-${{ github.ref }}",
        "  cancel-in-progress: ${{ github.event_name == 'pull_request' }}",
        "jobs:",
        *_delivering(wanted, place),
    ]
    before = "deliver"
    for environment in wanted.environments:
        lines += ["", *_promoting(wanted, place, environment, before)]
        before = _job(environment)
    return "\n".join(lines) + "\n"


def _unpinned(place: Place) -> str:
    return f"Put the commit of {ACTION}'s tag v{place.version} in place of `@v{place.version}`: tags can be moved."


def _delivering(wanted: Delivery, place: Place) -> Iterator[str]:
    yield from (
        "  deliver:",
        "    name: Deliver",
        "    runs-on: ubuntu-24.04",
        "    timeout-minutes: 30",
    )
    yield from _permissions(wanted, scans=True)
    yield from ("    steps:", *_checkout())
    yield from _action(wanted, place)
    if wanted.environments:
        yield from _upload(place, "deliver")


def _promoting(wanted: Delivery, place: Place, environment: str, before: str) -> Iterator[str]:
    yield from (
        f"  {_job(environment)}:",
        f"    name: Promote to {environment}",
        f"    needs: {before}",
        f"    if: github.ref == {_expression(f'refs/heads/{place.branch}')}",
        "    runs-on: ubuntu-24.04",
        "    timeout-minutes: 30",
        f"    environment: {one_line(environment)} # who approves is said in the repository's settings",
        "    concurrency:",
        f"      group: {_job(environment)}",
        "      cancel-in-progress: false",
    )
    yield from _permissions(wanted, scans=False)
    yield from ("    steps:", *_checkout())
    yield from (
        f"      - uses: {_DOWNLOAD}",
        "        with:",
        f"          name: ci-toolkit-{before}",
        f"          path: {one_line(_workdir(place))}",
    )
    yield from _action(wanted, place, args=f"promote {environment}")
    yield from _upload(place, _job(environment))


def _permissions(wanted: Delivery, *, scans: bool) -> Iterator[str]:
    yield "    permissions:"
    yield "      contents: write # commits of pinned manifests" if wanted.commits else "      contents: read"
    if wanted.requests:
        yield "      pull-requests: write # requests to merge them"
    if GHCR in wanted.hosts:
        yield "      packages: write # images to ghcr.io"
    if wanted.keyless:
        yield "      id-token: write # registries without a stored login"
    if scans:
        yield "      security-events: write # findings to code scanning"


def _checkout() -> Iterator[str]:
    yield from (
        f"      - uses: {_CHECKOUT}",
        "        with:",
        "          fetch-depth: 0 # every tag: `latest` goes to the highest version only",
        "          persist-credentials: false",
    )


def _action(wanted: Delivery, place: Place, *, args: str = "") -> Iterator[str]:
    pinned = f"{place.commit} # v{place.version}" if place.commit else f"v{place.version}"
    yield f"      - uses: {ACTION}@{pinned}"
    inputs = {"config": place.config if "/" in place.config else "", "args": args}
    given = [f"          {name}: {one_line(value)}" for name, value in inputs.items() if value]
    yield from (["        with:", *given] if given else [])
    env = [f"          {name}: ${{{{ secrets.{name} }}}}" for name in wanted.secrets]
    env += [f"          {name}: ${{{{ vars.{name} }}}}" for name in wanted.variables]
    yield from (["        env:", *env] if env else [])


def _upload(place: Place, job: str) -> Iterator[str]:
    yield from (
        f"      - uses: {_UPLOAD}",
        "        with:",
        f"          name: ci-toolkit-{job}",
        f"          path: {one_line(_workdir(place) + '/state.json')} # what was established, for the next job",
        "          include-hidden-files: true",
    )


def _workdir(place: Place) -> str:
    return f"{place.config.rpartition('/')[0]}/.ci-toolkit".lstrip("/")


def _job(environment: str) -> str:
    """A job's id: environments that differ in dots alone are told apart by underscores."""
    return f"promote-{environment.replace('_', '__').replace('.', '_')}"


def _expression(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
