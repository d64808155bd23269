"""Who we are, asked in order: the config, the CI platform, AWS where it is at hand, the Docker config, nobody."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ci_toolkit.registry.credentials import Chain
from ci_toolkit.registry.docker_config import DockerConfig
from ci_toolkit.registry.keychains.ecr_host import parse_host
from ci_toolkit.registry.keychains.endpoints import VENDORS
from ci_toolkit.registry.keychains.github import GitHub
from ci_toolkit.registry.keychains.gitlab import GitLab
from ci_toolkit.registry.keychains.stated import Stated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ci_toolkit.deadlines import Limits
    from ci_toolkit.process import Runner
    from ci_toolkit.progress import Progress
    from ci_toolkit.redact import Redactor
    from ci_toolkit.registry.credentials import Credential, Keychain
    from ci_toolkit.registry.keychains.ecr import Ecr, RepositorySettings
    from ci_toolkit.registry.keychains.endpoints import Endpoints
    from ci_toolkit.registry.keychains.identity import JobIdentity
    from ci_toolkit.registry.keychains.stated import Auth, Provider
    from ci_toolkit.registry.keychains.web import Web
    from ci_toolkit.retries import Patience


class Logins:
    """The keychain of a run; threads may share it. No HTTP library is loaded before a cloud is asked."""

    def __init__(
        self,
        env: Mapping[str, str],
        runner: Runner,
        stated: Mapping[str, Auth],
        redact: Redactor,
        progress: Progress | None = None,
        *,
        anonymous: bool = False,
        endpoints: Endpoints = VENDORS,
        limits: Limits | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`stated`: what the config says, by host. `anonymous`: nobody is asked, and no registry gets a login.

        `runner` must not redact what it hands back: a credential helper's output is the secret.
        """
        self._env, self._stated, self._redact, self._progress = env, stated, redact, progress
        self._endpoints, self._limits, self._patience = endpoints, limits, patience
        github, gitlab = GitHub(env), GitLab(env)
        providers: Mapping[str, Callable[[], Provider]] = {
            "github": lambda: github,
            "gitlab": lambda: gitlab,
            "ecr": lambda: self.ecr,
            "acr": self._acr,
            "google": self._google,
            "docker-hub": self._docker_hub,
        }
        at_hand = _AtHand(lambda: self.ecr)
        links: list[Keychain] = [Stated(stated, providers), github, gitlab, at_hand, DockerConfig(env, runner)]
        self._anonymous = anonymous
        self._chain = Chain([] if anonymous else links)

    def resolve(self, host: str) -> Credential | None:
        """See `Keychain.resolve`; None is anonymous. From here on no output holds the login."""
        credential = self._chain.resolve(host)
        for secret in credential.secrets if credential else ():
            self._redact.add(secret, user=credential.username if credential else "")
        return credential

    def create_repository(self, host: str, path: str) -> bool:
        """Create a repository; False where a push does so by itself (all but ECR). Raises HttpError, UsageError."""
        if self._anonymous or parse_host(host) is None:
            return False
        self.ecr.create_repository(host, path)
        return True

    def repository_settings(self, host: str, path: str) -> RepositorySettings | None:
        """What the registry's own API says of a repository; None where there is none (all but ECR)."""
        return self.ecr.repository_settings(host, path) if parse_host(host) and not self._anonymous else None

    @cached_property
    def ecr(self) -> Ecr:
        """Amazon's registries, which know more than logins: whether a repository is there, and how to create it."""
        from ci_toolkit.registry.keychains.aws import Aws
        from ci_toolkit.registry.keychains.ecr import Ecr

        parts = self._parts
        return Ecr(Aws(self._env, parts.identity, parts.web, self._redact), self._stated, self._redact)

    @cached_property
    def _parts(self) -> _Parts:
        from ci_toolkit.registry.keychains.identity import JobIdentity
        from ci_toolkit.registry.keychains.web import Web

        web = Web(self._env, self._redact, self._progress, limits=self._limits, patience=self._patience)
        return _Parts(web, JobIdentity(self._env, web, self._redact))

    def _acr(self) -> Provider:
        from ci_toolkit.registry.keychains.acr import Acr

        return Acr(self._parts.identity, self._parts.web, endpoints=self._endpoints)

    def _google(self) -> Provider:
        from ci_toolkit.registry.keychains.google import Google

        return Google(self._parts.identity, self._parts.web, endpoints=self._endpoints)

    def _docker_hub(self) -> Provider:
        from ci_toolkit.registry.keychains.docker_hub import DockerHub

        return DockerHub(self._parts.identity, self._parts.web, endpoints=self._endpoints)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the keyless providers share."""

    web: Web
    identity: JobIdentity


@dataclass(frozen=True, slots=True)
class _AtHand:
    """ECR unasked, loaded only for one of its hosts."""

    ecr: Callable[[], Ecr]

    def resolve(self, host: str) -> Credential | None:
        """See `Keychain.resolve`."""
        return self.ecr().resolve(host) if parse_host(host) else None
