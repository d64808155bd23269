"""What the name of an ECR registry says.

Source: AWS, "Amazon ECR endpoints and quotas".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PRIVATE = re.compile(
    r"(?P<account>[0-9]{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\."
    r"(?:amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|on\.aws|on\.amazonwebservices\.com\.cn)"
)
_PUBLIC = ("public.ecr.aws", "ecr-public.aws.com")


@dataclass(frozen=True, slots=True)
class EcrHost:
    """Whose registry it is, and where its API is. `account`: empty for the public one."""

    account: str
    region: str

    @property
    def service(self) -> str:
        """The API's name."""
        return "ecr" if self.account else "ecr-public"

    @property
    def scope(self) -> dict[str, str]:
        """What requests about repositories name the account by."""
        return {"registryId": self.account} if self.account else {}

    def repository(self, path: str) -> str:
        """A repository's name to the API: the public registry's alias is no part of it."""
        return path if self.account else path.partition("/")[2]


def parse_host(host: str) -> EcrHost | None:
    """The account and region of an ECR host; None for another's. The public registry answers in us-east-1 alone."""
    if host in _PUBLIC:
        return EcrHost("", "us-east-1")
    found = _PRIVATE.fullmatch(host)
    return EcrHost(found["account"], found["region"]) if found else None
