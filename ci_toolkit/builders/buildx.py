"""`docker buildx build` into an OCI layout."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

from ci_toolkit.builders.base import STEP, UnsuitableBuilderError, cache_scope, shown_platforms
from ci_toolkit.builders.ignore import dockerfile
from ci_toolkit.builders.log import BuildLog
from ci_toolkit.errors import IntegrityError, RemoteError, SourceLine, ToolError, ToolkitError, UsageError
from ci_toolkit.layout import Layout
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.plan import Action

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ci_toolkit.builders.base import BuildCache, BuildRequest, Workspace
    from ci_toolkit.process import Completed, Runner
    from ci_toolkit.progress import Progress, Task

_GHA_VARIABLES = (
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_RESULTS_URL",
    "ACTIONS_CACHE_URL",
    "ACTIONS_CACHE_SERVICE_V2",
)
_PUSHING = re.compile(r"failed to push\b|failed to authorize\b|unexpected status from (?:HEAD|PUT|POST)")
_TRUSTING_GIT = {
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
    "GIT_CONFIG_KEY_1": "core.fsmonitor",
    "GIT_CONFIG_VALUE_1": "false",
}
"""Buildx asks git for the revision of the context, whose checkout may belong to another user, as `ci.git` does."""


class BuildxBuilder:
    """A Buildx builder: `name`, or the current one."""

    def __init__(self, runner: Runner, env: Mapping[str, str], progress: Progress, *, name: str | None = None) -> None:
        self._runner = runner
        self._env = env
        self._progress = progress
        self._name = name

    def plan(self, request: BuildRequest, workspace: Workspace) -> Sequence[Action]:
        """The one command."""
        argv = build_argv(request, workspace, builder=self._name)
        summary = f"build {request.name} for {shown_platforms(request)}"
        return [Action(step=STEP, kind="command", image=request.name, summary=summary, argv=argv)]

    def build(self, request: BuildRequest, workspace: Workspace, task: Task) -> str:
        """Build; raises ToolError, as `UnsuitableBuilderError` for a builder that exports no OCI layout."""
        argv = build_argv(request, workspace, builder=self._name)
        log = run_build(self._runner, argv, request, self._env, self._progress, task)
        if request.push_to is None:
            _check_metadata(workspace)
        return log.builder or self._name or "Buildx"


def run_build(
    runner: Runner, argv: Sequence[str], request: BuildRequest, env: Mapping[str, str], progress: Progress, task: Task
) -> BuildLog:
    """Run a build command, its steps told to `task` and its lines to `progress`; raises what its failure means."""
    log = BuildLog(progress, task)
    done = runner.run(argv, cwd=request.context, env=child_variables(request, env), on_line=log.hear, check=False)
    if done.returncode != 0:
        raise _failure(request, done, log)
    return log


def build_argv(request: BuildRequest, workspace: Workspace, *, builder: str | None) -> tuple[str, ...]:
    """The command that builds all platforms into an OCI layout, or pushes them by digest."""
    rewrite = () if request.epoch is None else ("rewrite-timestamp=true",)
    provenance = "false" if request.provenance == "none" else f"mode={request.provenance}"
    levels = "index,manifest" if request.gives_index else "manifest"
    output = _fields(*_exporter(request, workspace), *rewrite)
    return (
        "docker",
        "buildx",
        "build",
        *((f"--builder={builder}",) if builder else ()),
        *source_arguments(request, workspace),
        *(f"--annotation={levels}:{key}={value}" for key, value in request.annotations.items()),
        *_cache_arguments(request, request.cache),
        f"--provenance={provenance}",
        f"--metadata-file={workspace.metadata}",
        f"--output={output}",
        str(request.context),
    )


def _exporter(request: BuildRequest, workspace: Workspace) -> tuple[str, ...]:
    to = request.push_to
    if to is None:
        return ("type=oci", f"dest={workspace.layout}", "tar=false")
    # A layout has OCI media types, and the digest is to be the same.
    plain = ("registry.insecure=true",) if to.insecure else ()
    return ("type=image", f"name={to.repository}", "push-by-digest=true", "push=true", "oci-mediatypes=true", *plain)


def pushed_digest(workspace: Workspace) -> Digest:
    """What Buildx says it pushed; raises ToolError where it says nothing that is a digest."""
    try:
        return Digest(str(_metadata(workspace).get("containerimage.digest")))
    except UsageError as error:
        message = f"Buildx doesn't say what it pushed: {error.message}"
        raise ToolError(message, hint="take `handoff: artifact`, or a newer Buildx") from None


def source_arguments(request: BuildRequest, workspace: Workspace) -> Iterator[str]:
    """What is built, as flags: every value in one token with its flag, so that none can be read as another flag."""
    yield "--progress=plain"
    if request.platforms:
        yield f"--platform={','.join(request.platforms)}"
    yield f"--file={dockerfile(request, workspace)}"
    if request.target:
        yield f"--target={request.target}"
    for key, value in request.build_args.items():
        yield f"--build-arg={key}={value}"
    if request.epoch is not None and "SOURCE_DATE_EPOCH" not in request.build_args:
        yield f"--build-arg=SOURCE_DATE_EPOCH={request.epoch}"
    for key, value in request.build_contexts.items():
        yield f"--build-context={key}={value}"
    for secret in request.secrets:
        source = f"env={secret.env}" if secret.env else f"src={secret.file}"
        yield f"--secret={_fields(f'id={secret.id}', source)}"
    for agent in request.ssh:
        yield f"--ssh={agent}"
    for key, value in request.labels.items():
        yield f"--label={key}={value}"


def create_argv(name: str) -> tuple[str, ...]:
    """The command that makes and starts a builder in a container of its own."""
    return ("docker", "buildx", "create", f"--name={name}", "--driver=docker-container", "--bootstrap")


def _cache_arguments(request: BuildRequest, cache: BuildCache) -> Iterator[str]:
    if cache.type == "gha":
        # A cache that can't be written is no reason to fail: GitHub's service often can't.
        place = ("type=gha", f"scope={cache_scope(request)}")
        yield f"--cache-from={_fields(*place)}"
        yield f"--cache-to={_fields(*place, f'mode={cache.mode}', 'ignore-error=true')}"
    elif cache.type == "registry" and cache.ref:
        place = ("type=registry", f"ref={cache.ref}")
        # Amazon ECR takes a cache only as an image manifest of OCI media types.
        form = (f"mode={cache.mode}", "image-manifest=true", "oci-mediatypes=true", "ignore-error=true")
        yield f"--cache-from={_fields(*place)}"
        yield f"--cache-to={_fields(*place, *form)}"
    elif cache.type == "local" and cache.path:
        yield f"--cache-from={_fields('type=local', f'src={cache.path}')}"
        yield f"--cache-to={_fields('type=local', f'dest={cache.path}', f'mode={cache.mode}')}"
    elif cache.type == "inline":
        if cache.ref:
            yield f"--cache-from={_fields('type=registry', f'ref={cache.ref}')}"
        yield "--cache-to=type=inline"


def _fields(*fields: str) -> str:
    """The comma-separated form of Buildx's flags, quoted where a value holds a comma, quote or line end."""
    line = io.StringIO()
    csv.writer(line).writerow(fields)
    return line.getvalue().removesuffix("\r\n")


def child_variables(request: BuildRequest, env: Mapping[str, str]) -> dict[str, str]:
    """What a build may know of our environment beyond every tool's share: its secrets, and the cache it uses."""
    wanted = [secret.env for secret in request.secrets if secret.env]
    wanted += ["SSH_AUTH_SOCK"] if request.ssh else []
    wanted += _GHA_VARIABLES if request.cache.type == "gha" else []
    variables = {name: env[name] for name in wanted if name in env}
    if "ACTIONS_RESULTS_URL" in variables and _is_github_com(env.get("GITHUB_SERVER_URL", "")):
        # The runner doesn't tell a container action, and BuildKit would ask a service that is no more.
        variables.setdefault("ACTIONS_CACHE_SERVICE_V2", "true")
    return {**variables, **_TRUSTING_GIT, "BUILDX_METADATA_PROVENANCE": "disabled"}


def _is_github_com(server: str) -> bool:
    """github.com or one of its own hosts for a company; a GitHub Enterprise Server has the first cache service."""
    scheme, _, host = server.partition("://")
    return scheme == "https" and (host == "github.com" or host.endswith(".ghe.com"))


def _failure(request: BuildRequest, done: Completed, log: BuildLog) -> ToolkitError:
    if log.is_missing_buildx:
        hint = "install the Buildx plugin; on Debian and Ubuntu: apt-get install docker-buildx"
        return ToolError(f"docker has no Buildx: {log.reason}", hint=hint)
    if log.is_missing_engine:
        return ToolError(f"no container engine answers: {log.reason}", hint="start Docker Engine, or set DOCKER_HOST")
    reason = log.reason or f"exit code {done.returncode}"
    if log.is_missing_buildkit:
        hint = "start it, or mend its address: BUILDKIT_HOST, or the builder that `builder.name` says"
        return ToolError(f"no BuildKit answers to {log.builder}: {reason}", hint=hint)
    if log.is_unsuitable:
        return UnsuitableBuilderError(f"{log.builder or 'the current builder'}: {reason}")
    if request.push_to and _PUSHING.match(reason):
        message = f"{log.builder or 'the builder'} can't push {request.name} to {request.push_to.repository}: {reason}"
        hint = "is there a login that may push there? `ci-toolkit login --check` tells"
        return RemoteError(message, hint=hint)
    line = f":{log.dockerfile_line}" if log.dockerfile_line else ""
    message = f"building {request.name} failed at {request.dockerfile}{line}: {reason}{log.last_lines()}"
    place = SourceLine(str(request.dockerfile), log.dockerfile_line or 1)
    return ToolError(message, hint="mend what the lines above name and run it again", place=place)


def _check_metadata(workspace: Workspace) -> None:
    """Refuse a layout whose digest isn't the one Buildx tells: something else wrote there."""
    told = _metadata(workspace).get("containerimage.digest")
    found = str(Layout(workspace.layout).root().digest)
    if told and told != found:
        message = f"Buildx tells the digest {told} but the layout it wrote holds {found}"
        raise IntegrityError(message, hint="does another build write to the same workdir?")


def _metadata(workspace: Workspace) -> Mapping[str, Any]:
    try:
        document = json.loads(workspace.metadata.read_bytes())
        return {"containerimage.digest": document.get("containerimage.digest")}
    except (OSError, ValueError, AttributeError) as error:
        message = f"Buildx wrote no metadata to {workspace.metadata}: {error}"
        raise ToolError(message) from error
