"""AWS credentials and clients: a role assumed by the job's OIDC token, or what the environment holds.

botocore is an extra and imported where it is needed. It opens its own connections, bounded here as ours are.
Sources: AWS, "AssumeRoleWithWebIdentity", "Environment variables to configure the AWS CLI", "Service-specific
endpoints".
"""

from __future__ import annotations

import re
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ci_toolkit.answers import HttpError
from ci_toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ci_toolkit.redact import Redactor
    from ci_toolkit.registry.keychains.identity import IdToken, JobIdentity
    from ci_toolkit.registry.keychains.stated import Auth
    from ci_toolkit.registry.keychains.web import Web

AUDIENCE = "sts.amazonaws.com"
USUAL = "ECR_ID_TOKEN"
_EARLY = 300.0
_VISIBLE = (
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ("AWS_PROFILE",),
    ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI",),
)
_DISOWNED = ("ExpiredToken", "InvalidClientTokenId", "UnrecognizedClient", "InvalidSignature", "SignatureDoesNotMatch")


@dataclass(frozen=True, slots=True)
class Keys:
    """AWS credentials. `ends`: Unix time after which they are no good; None: nobody knows."""

    access: str
    secret: str = field(repr=False)
    session: str | None = field(repr=False)
    ends: float | None = None


class Aws:
    """Clients of AWS services for whom the config names."""

    def __init__(
        self,
        env: Mapping[str, str],
        identity: JobIdentity,
        web: Web,
        redact: Redactor,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.env = env
        self._identity, self._web, self._redact, self._now = identity, web, redact, now
        self._assumed: dict[str, Keys] = {}
        self._lock = threading.Lock()

    @property
    def is_visible(self) -> bool:
        """True if the environment plainly holds AWS credentials: nobody should find out by asking around."""
        return any(all(self.env.get(name) for name in names) for names in _VISIBLE)

    @property
    def is_installed(self) -> bool:
        """True if botocore is."""
        return find_spec("botocore") is not None

    def client(self, service: str, region: str, auth: Auth | None) -> Any | None:
        """A client; None where there are no credentials. Raises UsageError without botocore, HttpError."""
        if not self.is_installed:
            message = "logins to ECR need botocore, which isn't installed"
            raise UsageError(message, hint="install the extra: pip install 'ci-toolkit[ecr]'")
        with self._lock:
            keys = self._role_keys(region, auth) if auth and auth.role else None
            session = self._session(keys or self._stated_keys())
            with self.asked("no AWS credentials can be had", _ENVIRONMENT):
                if session.get_credentials() is None:
                    return None
                return session.create_client(service, region_name=region, **self._options(service))

    @contextmanager
    def asked(self, what: str, hint: str, token: IdToken | None = None) -> Iterator[None]:
        """Turns what AWS answers amiss into our HttpError. `what` failed, in words; `token`: what was shown."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            code, said = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            shown = f" (the job's token: {token})" if token else ""
            hint = _ENVIRONMENT if code.startswith(_DISOWNED) and not token else hint
            message = f"{what}: {self._clean(f'{code}: {said}')}{shown}"
            raise HttpError(message, hint=hint, status=status) from None
        except BotoCoreError as error:
            hint = "can AWS be reached from here, and is its configuration right?"
            message = f"{what}: {self._clean(str(error))}"
            raise HttpError(message, hint=hint) from None

    def _clean(self, said: str) -> str:
        return self._redact.harmless(" ".join(said.split()))[:400]

    def _role_keys(self, region: str, auth: Auth) -> Keys | None:
        """None where the job has no identity: on a laptop the user's own credentials serve."""
        role = auth.role or ""
        known = self._assumed.get(role)
        if known is None or (known.ends is not None and known.ends - _EARLY <= self._now()):
            token = self._web.persist(f"https://{AUDIENCE}", lambda: self._token(auth))
            if token is None:
                return None
            known = self._assumed[role] = self._assume(region, role, token)
        return known

    def _token(self, auth: Auth) -> IdToken | None:
        return self._identity.token(AUDIENCE, variable=auth.id_token_env, usual=USUAL)

    def _assume(self, region: str, role: str, token: IdToken) -> Keys:
        from botocore import UNSIGNED
        from botocore.config import Config

        unsigned = Config(signature_version=UNSIGNED)
        options = self._options("sts")
        options["config"] = options["config"].merge(unsigned)
        hint = (
            f"let the trust policy of {role} allow sts:AssumeRoleWithWebIdentity to this issuer, with conditions that "
            f"match sub and aud; the issuer has to be an identity provider of the account, for {AUDIENCE}"
        )
        question = {"RoleArn": role, "RoleSessionName": self._session_name(), "WebIdentityToken": token.value}
        with self.asked(f"the job can't assume {role}", hint, token):
            client = self._session(None).create_client("sts", region_name=region, **options)
            with closing(client):
                answer = client.assume_role_with_web_identity(**question)["Credentials"]
        for secret in (answer["SecretAccessKey"], answer["SessionToken"]):
            self._redact.add(secret)
        ends = answer["Expiration"].timestamp()
        return Keys(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"], ends)

    def _stated_keys(self) -> Keys | None:
        access, secret = self.env.get("AWS_ACCESS_KEY_ID"), self.env.get("AWS_SECRET_ACCESS_KEY")
        session = self.env.get("AWS_SESSION_TOKEN") or None
        for value in (secret, session):
            self._redact.add(value or "")
        return Keys(access, secret, session) if access and secret else None

    def _session(self, keys: Keys | None) -> Any:
        from botocore.session import Session

        session = Session(profile=self.env.get("AWS_PROFILE") or None)
        if keys:
            session.set_credentials(keys.access, keys.secret, keys.session)
        return session

    def _options(self, service: str) -> dict[str, Any]:
        from botocore.config import Config

        name = f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"
        bundles = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
        return {
            "config": Config(
                connect_timeout=10, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4}
            ),
            "endpoint_url": self.env.get(name) or self.env.get("AWS_ENDPOINT_URL") or None,
            "verify": next((self.env[bundle] for bundle in bundles if self.env.get(bundle)), None),
        }

    def _session_name(self) -> str:
        """Names the run in CloudTrail: letters, digits and `=,.@-`, 64 at most."""
        run = self.env.get("GITHUB_RUN_ID") or self.env.get("CI_PIPELINE_ID") or "local"
        return re.sub(r"[^A-Za-z0-9=,.@-]", "-", f"ci-toolkit-{run}")[:64]


_ENVIRONMENT = (
    "the AWS credentials of the environment are missing, expired or not valid: renew them, or state a `role` under "
    "registries.HOST.auth"
)
