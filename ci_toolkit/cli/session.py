"""What a command has to work with: the environment read once, config, context, runner, progress, workdir."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ci_toolkit import state as states
from ci_toolkit.ci.context import detect_context
from ci_toolkit.cli.base_rules import BaseRules
from ci_toolkit.cli.here import platform_here
from ci_toolkit.cli.kept_logins import Found, find_kept, learn
from ci_toolkit.cli.progress import chosen_progress
from ci_toolkit.cli.settings import DEFAULT_WORKDIR
from ci_toolkit.cli.workdir import check_workdir, workdir
from ci_toolkit.config.find import NAME, find
from ci_toolkit.config.load import default_config, load
from ci_toolkit.errors import ConfigError, ToolkitError, UsageError
from ci_toolkit.git import checkout_of
from ci_toolkit.model.trust import Trust
from ci_toolkit.process import SystemRunner
from ci_toolkit.redact import Redactor
from ci_toolkit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_toolkit.ci.platform import Platform
    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.commits.other import OtherRepository
    from ci_toolkit.config.options import Config, ImageOptions
    from ci_toolkit.model.context import CiContext
    from ci_toolkit.progress import Progress
    from ci_toolkit.state import State


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One call of the tool."""

    settings: Settings
    env: Mapping[str, str]
    config: Config
    images: Mapping[str, ImageOptions]
    """The images this call is about: all, or those named by `--image`."""
    context: CiContext
    workdir: Path
    runner: SystemRunner
    redact: Redactor
    progress: Progress
    platform: Platform
    logins: Found = field(default_factory=Found)
    """Registry logins that are at hand already."""
    trust: Trust = field(default_factory=Trust)
    """What this run may do."""
    policy_from: str | None = None
    """Where the `scan` section of the config is from, where that isn't the checked-out file."""
    other: OtherRepository | None = None
    """The repository of the manifests, where that isn't the config's own."""

    @property
    def state_file(self) -> Path:
        """Where the state is kept."""
        return self.workdir / "state.json"

    @property
    def source(self) -> states.Source:
        """This run, as a state records it."""
        context = self.context
        return states.Source(
            revision=context.revision,
            images_hash=self.config.images_hash,
            dirty=context.dirty,
            repository=context.source_url,
            ref=context.tag or context.branch,
            run_id=context.run_id,
            run_url=context.run_url,
        )

    def fresh_state(self, *, building: bool) -> State:
        """The state a run starts from, under this run's name.

        What the same run established stays. Of another run only what is built anew stays known, so that a build
        can tell that it made the same image again.
        """
        state = states.State(tool_version=__version__, source=self.source)
        if not self.state_file.is_file():
            return state
        try:
            earlier = states.read(self.state_file)
        except ToolkitError as error:
            self.progress.warn(f"the earlier state is left aside: {error.message}")
            return state
        if earlier.source.is_same_run(self.source):
            return replace(
                state, images=earlier.images, pins=earlier.pins, promotions=earlier.promotions, commits=earlier.commits
            )
        return replace(state, images={n: i for n, i in earlier.images.items() if building and n in self.images})

    def handed_state(self) -> State:
        """The state an earlier step of this run wrote; raises UsageError without one, IntegrityError for another's."""
        state = states.read(self.state_file)
        states.require_same_run(state, self.source)
        return replace(state, tool_version=__version__)


@contextmanager
def session(
    settings: Settings, *, writes: bool = True, judges: bool = True, asks: bool = True, needs_config: bool = True
) -> Iterator[Session]:
    """Open a session: config loaded, context read, workdir held (not where nothing is written).

    `judges`: the command goes by the gate's policy, which may be the base revision's. `asks`: it asks registries, so
    that the secrets of their logins are wanted. Without `needs_config` it goes by the defaults where there is none.
    """
    env, redact = dict(os.environ), Redactor()
    file = _config_file(settings, needed=needs_config)
    path = (settings.workdir or file.parent / DEFAULT_WORKDIR).absolute()
    check_workdir(path, checkout_of(file.parent))
    context = detect_context(SystemRunner(env, redact), file.parent, env, _own_commits(path))
    base = BaseRules(settings, file, context, env, redact)
    trust = base.trust()
    logs_in = asks and trust.allows("login")
    config = load(file, env, logins=logs_in) if needs_config or file.is_file() else default_config(file.parent)
    for secret in config.secrets:
        redact.add(secret)
    logins = Found()
    if logs_in:
        logins = find_kept(env, config, path, writes=writes and not settings.dry_run)
    env |= logins.variables
    learn(redact, logins.had)
    runner = SystemRunner(env, redact)
    platform = platform_here(env)
    with chosen_progress(settings, redact, env, platform) as progress:
        if trust.notice:
            progress.info(trust.notice)
        config, policy_from = base.policy(config, progress) if judges else (config, None)
        other = _other_repository(config, trust, path, runner, env, redact, progress)
        opened = Session(
            settings=settings,
            env=env,
            config=config,
            images=_chosen(config, settings.images),
            context=context,
            workdir=path,
            runner=runner,
            redact=redact,
            progress=progress,
            platform=platform,
            logins=logins,
            trust=trust,
            policy_from=policy_from,
            other=other,
        )
        try:
            if settings.dry_run or not writes:
                yield opened
            else:
                with workdir(path):
                    yield opened
        finally:
            if other:
                other.close()
            runner.stop()


def _config_file(settings: Settings, *, needed: bool) -> Path:
    """The config; one that isn't needed and isn't there would lie in the current directory."""
    try:
        return find(Path.cwd(), settings.config).absolute()
    except ConfigError:
        if needed:
            raise
        return Path.cwd() / NAME


def _other_repository(
    config: Config,
    trust: Trust,
    path: Path,
    runner: SystemRunner,
    env: Mapping[str, str],
    redact: Redactor,
    progress: Progress,
) -> OtherRepository | None:
    """The one that the config names. A run that may not commit looks at it as nobody."""
    if config.commit.repository is None:
        return None
    from ci_toolkit.commits.login import Login
    from ci_toolkit.commits.other import OtherRepository
    from ci_toolkit.steps.commit_place import login_of

    trusted = trust.allows("commit")
    return OtherRepository(
        config.commit.repository,
        config.commit.branch,
        login_of(config.commit) if trusted else Login(known_hosts=config.commit.known_hosts),
        workdir=path,
        runner=runner,
        env=env if trusted else {},
        redact=redact,
        progress=progress,
    )


def _own_commits(path: Path) -> Mapping[str, str]:
    """The commits that the run of this workdir made, each with the revision it was made for.

    A checkout that followed one of them is still at what was built: only manifests changed.
    """
    file = path / "state.json"
    if not file.is_file():
        return {}
    try:
        earlier = states.read(file)
    except ToolkitError:
        return {}  # Whoever needs the state reads it again, and says what is wrong.
    source = earlier.source.revision
    return {commit.revision: source for commit in earlier.commits if source}


def _chosen(config: Config, names: tuple[str, ...]) -> Mapping[str, ImageOptions]:
    for name in names:
        if name not in config.images:
            message = f"there is no image {name!r} in {config.file}"
            raise UsageError(message, hint=f"the images are {', '.join(config.images)}")
    return {name: image for name, image in config.images.items() if name in names or not names}
