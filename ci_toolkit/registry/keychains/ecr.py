"""Amazon ECR, private and public: logins, and repositories that have to be there before a push.

Sources: AWS, "Private registry authentication", "GetAuthorizationToken", "CreateRepository", "Public registries".
"""

from __future__ import annotations

import base64
import binascii
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ci_toolkit.answers import HttpError
from ci_toolkit.errors import UsageError
from ci_toolkit.registry.credentials import Credential
from ci_toolkit.registry.keychains.ecr_host import EcrHost, parse_host
from ci_toolkit.registry.keychains.job import in_ci

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ci_toolkit.redact import Redactor
    from ci_toolkit.registry.keychains.aws import Aws
    from ci_toolkit.registry.keychains.stated import Auth

_LIFE = 12 * 3600.0
"""Seconds that ECR's logins live, taken where AWS says something impossible (moto says 2015)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositorySettings:
    """What a registry says of a repository."""

    exists: bool
    immutable: bool = False
    """No tag can be moved, but those that match `movable`."""
    movable: tuple[str, ...] = ()
    """Wildcard patterns of tags."""


class Ecr:
    """Logins and repositories of ECR, as the config or the environment lets us."""

    def __init__(
        self, aws: Aws, logins: Mapping[str, Auth], redact: Redactor, *, now: Callable[[], float] = time.time
    ) -> None:
        """`logins`: the config's, by host, for who creates repositories there."""
        self._aws, self._logins, self._redact, self._now = aws, logins, redact, now

    def resolve(self, host: str) -> Credential | None:
        """See `Keychain.resolve`: unasked only where AWS credentials are plainly there, and botocore too."""
        where = parse_host(host)
        if where is None or not self._aws.is_visible or not self._aws.is_installed:
            return None
        return self._credential(host, where, None)

    def login(self, host: str, auth: Auth) -> Credential | None:
        """See `Provider.login`. Raises UsageError for a host that isn't ECR's, HttpError where AWS refuses."""
        where = self._place(host)
        if not (in_ci(self._aws.env) or self._aws.is_visible or self._aws.is_installed):
            return None
        return self._credential(host, where, auth)

    def create_repository(self, host: str, path: str) -> bool:
        """Create a repository with the account's own settings; False if it is there. Raises HttpError, UsageError."""
        where = self._place(host)
        hint = f"allow {where.service}:CreateRepository, or create it yourself"
        with closing(self._client(host, where)) as client, self._aws.asked(f"{host}/{path} can't be created", hint):
            try:
                client.create_repository(repositoryName=where.repository(path), **where.scope)
            except client.exceptions.RepositoryAlreadyExistsException:
                return False
        return True

    def repository_settings(self, host: str, path: str) -> RepositorySettings | None:
        """What ECR says of a repository; None for a host that isn't ECR's. Raises HttpError, UsageError."""
        where = parse_host(host)
        if where is None:
            return None
        hint = f"allow {where.service}:DescribeRepositories"
        with closing(self._client(host, where)) as client, self._aws.asked(f"{host} doesn't tell of {path}", hint):
            try:
                answer = client.describe_repositories(repositoryNames=[where.repository(path)], **where.scope)
            except client.exceptions.RepositoryNotFoundException:
                return RepositorySettings(exists=False)
        return _settings(answer["repositories"][0])

    def _credential(self, host: str, where: EcrHost, auth: Auth | None) -> Credential | None:
        client = self._aws.client(where.service, where.region, auth)
        if client is None and not in_ci(self._aws.env):
            return None
        if client is None:
            raise _without_keys(host)
        more = " and sts:GetServiceBearerToken" if not where.account else ""
        hint = f"allow {where.service}:GetAuthorizationToken{more} on the resource *"
        with closing(client), self._aws.asked(f"AWS gives no login for {host}", hint):
            data: Any = client.get_authorization_token()["authorizationData"]
        entry = data[0] if isinstance(data, list) else data
        return self._decoded(host, entry["authorizationToken"], entry["expiresAt"].timestamp())

    def _decoded(self, host: str, token: str, ends: float) -> Credential:
        self._redact.add(token)
        try:
            user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            password = user = ""
        if not password:
            message = f"AWS answered with something that is no login for {host}"
            raise HttpError(message, hint="look at who answers for AWS here")
        self._redact.add(password, user=user)
        now = self._now()
        return Credential(username=user, password=password, expires_at=ends if ends > now else now + _LIFE)

    def _client(self, host: str, where: EcrHost) -> Any:
        auth = self._logins.get(host)
        client = self._aws.client(where.service, where.region, auth if auth and auth.provider == "ecr" else None)
        if client is None:
            raise _without_keys(host)
        return client

    def _place(self, host: str) -> EcrHost:
        where = parse_host(host)
        if where is None:
            message = f"{host} is no registry of ECR's"
            hint = "ECR's are ACCOUNT.dkr.ecr.REGION.amazonaws.com and public.ecr.aws"
            raise UsageError(message, hint=hint)
        return where


def _settings(repository: Mapping[str, Any]) -> RepositorySettings:
    filters = repository.get("imageTagMutabilityExclusionFilters") or ()
    kind = str(repository.get("imageTagMutability", ""))
    movable = tuple(str(each["filter"]) for each in filters)
    if kind == "MUTABLE_WITH_EXCLUSION":
        return RepositorySettings(exists=True)
    return RepositorySettings(exists=True, immutable=kind.startswith("IMMUTABLE"), movable=movable)


def _without_keys(host: str) -> UsageError:
    message = f"there are no AWS credentials for {host}"
    hint = f"state a `role` for the job's OIDC token under registries.{host}.auth, or give the job AWS credentials"
    return UsageError(message, hint=hint)
