"""AWS as far as a login needs it, strict: STS's AssumeRoleWithWebIdentity and ECR's GetAuthorizationToken.

moto speaks ECR too, and is used where it can; it believes every token and knows no public ECR. Signatures are looked
at, not verified: that is botocore's work.
"""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from tests.harness.cloud import Cloud
from tests.harness.proxy import Answer, Exchange

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT, REGION = "123456789012", "eu-central-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
PUBLIC = "public.ecr.aws"
_SERVICES = {
    "AmazonEC2ContainerRegistry_V20150921": ("ecr", REGION),
    "SpencerFrontendService": ("ecr-public", "us-east-1"),
}


@dataclass
class Aws:
    """One account. `cloud` judges the job's tokens and remembers the secrets."""

    cloud: Cloud
    may_log_in: bool = True
    """The role allows ecr:GetAuthorizationToken."""
    asked: list[str] = field(default_factory=list)
    _keys: dict[str, str] = field(default_factory=dict)
    """Session tokens by access key."""

    def serve(self) -> None:
        """Answer below /aws on the cloud's port."""
        self.cloud.server.rule("POST", r"^/aws", self._answer, times=10_000)

    @property
    def env(self) -> dict[str, str]:
        """Where botocore finds it."""
        return {"AWS_ENDPOINT_URL": f"{self.cloud.url}/aws", "AWS_EC2_METADATA_DISABLED": "true"}

    def own_keys(self) -> dict[str, str]:
        """Credentials for a job's environment, as a login action leaves them."""
        access, secret, session = self._new_keys()
        return {"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": session}

    def _new_keys(self) -> tuple[str, str, str]:
        access = f"ASIA{uuid.uuid4().hex[:16].upper()}"
        secret, session = f"secret-canary-{uuid.uuid4().hex}", f"session-canary-{uuid.uuid4().hex}"
        self._keys[access] = session
        self.cloud.secrets += [secret, session]
        return access, secret, session

    def _answer(self, exchange: Exchange) -> None:
        target = exchange.headers.get("x-amz-target", "")
        answer = self._ecr(exchange, target) if target else self._sts(exchange)
        exchange.answer(answer)

    def _sts(self, exchange: Exchange) -> Answer:
        """Source: AWS STS, "AssumeRoleWithWebIdentity", its parameters and errors."""
        form = {name: values[0] for name, values in parse_qs(exchange.body.decode()).items()}
        self.asked.append(form.get("Action", ""))
        if "authorization" in exchange.headers or form.get("Version") != "2011-06-15":
            return _fault(400, "ValidationError", "an unsigned request of version 2011-06-15 is expected")
        if form.get("Action") != "AssumeRoleWithWebIdentity":
            return _fault(400, "InvalidAction", "no such action")
        if not re.fullmatch(r"[\w+=,.@-]{2,64}", form.get("RoleSessionName", "")):
            return _fault(400, "ValidationError", "RoleSessionName is not valid")
        wrong = self.cloud.accepted(form.get("WebIdentityToken", ""), "sts.amazonaws.com")
        if wrong == "expired":
            return _fault(400, "ExpiredTokenException", "Token expired")
        if wrong == "audience":
            return _fault(400, "InvalidIdentityToken", "Incorrect token audience")
        if wrong in ("signature", "replayed"):
            return _fault(400, "InvalidIdentityToken", f"The ID Token provided is not a valid JWT: {wrong}")
        if wrong or form.get("RoleArn") != ROLE:
            return _fault(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
        access, secret, session = self._new_keys()
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        body = (
            '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            f"<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{access}</AccessKeyId>"
            f"<SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{session}</SessionToken>"
            f"<Expiration>{ends}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
            "</AssumeRoleWithWebIdentityResponse>"
        )
        return Answer(200, {"content-type": "text/xml"}, body.encode())

    def _ecr(self, exchange: Exchange, target: str) -> Answer:
        """Source: AWS ECR and ECR Public, "GetAuthorizationToken"."""
        version, _, action = target.partition(".")
        self.asked.append(f"{version}.{action}")
        service, region = _SERVICES.get(version, ("", ""))
        signed = re.match(
            r"AWS4-HMAC-SHA256 Credential=(\w+)/\d{8}/([\w-]+)/([\w-]+)/aws4_request, SignedHeaders=[\w;-]+, "
            r"Signature=[0-9a-f]{64}$",
            exchange.headers.get("authorization", ""),
        )
        if not signed or signed[2] != region or signed[3] != service:
            return _refusal(403, "IncompleteSignatureException", "not signed for this service and region")
        if self._keys.get(signed[1]) != exchange.headers.get("x-amz-security-token"):
            return _refusal(400, "UnrecognizedClientException", "The security token included is invalid.")
        if action != "GetAuthorizationToken":
            return _refusal(400, "UnknownOperationException", action)
        if not self.may_log_in:
            words = f"User: {ROLE} is not authorized to perform: {service}:GetAuthorizationToken on resource: *"
            return _refusal(400, "AccessDeniedException", words)
        password = f"ecr-canary-{uuid.uuid4().hex}"
        self.cloud.secrets.append(password)
        token = base64.b64encode(f"AWS:{password}".encode()).decode()
        entry = {"authorizationToken": token, "expiresAt": time.time() + 12 * 3600}
        data = [{**entry, "proxyEndpoint": f"https://{HOST}"}] if service == "ecr" else entry
        return _json(200, {"authorizationData": data})


@contextmanager
def running_aws() -> Iterator[Aws]:
    """A cloud with AWS in it, until the block ends."""
    with Cloud().running() as cloud:
        aws = Aws(cloud)
        aws.serve()
        yield aws


def _fault(status: int, code: str, message: str) -> Answer:
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{escape(message)}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
    return Answer(status, {"content-type": "text/xml"}, body.encode())


def _refusal(status: int, code: str, message: str) -> Answer:
    return _json(status, {"__type": code, "message": message})


def _json(status: int, document: dict[str, object]) -> Answer:
    return Answer(status, {"content-type": "application/x-amz-json-1.1"}, json.dumps(document).encode())
