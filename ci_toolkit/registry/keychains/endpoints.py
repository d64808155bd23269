"""Where the clouds' token services are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoints:
    """Base URLs, as the vendors publish them; tests have servers of their own. AWS's are botocore's affair."""

    entra: str = "https://login.microsoftonline.com"
    acr: str = "https://{host}"
    """The registry itself, with `{host}`."""
    google_sts: str = "https://sts.googleapis.com"
    google_iam: str = "https://iamcredentials.googleapis.com"
    docker_hub: str = "https://identity.docker.com"


VENDORS = Endpoints()
