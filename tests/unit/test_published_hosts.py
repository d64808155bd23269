"""The host keys that are known beforehand are the ones with the published fingerprints."""

from __future__ import annotations

import base64
import hashlib

from ci_toolkit.commits.login import PUBLISHED_HOSTS

FINGERPRINTS = {
    "github.com": "+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
    "gitlab.com": "eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8",
}
"""Sources: GitHub, "GitHub's SSH key fingerprints"; GitLab, "GitLab.com settings", "SSH host keys fingerprints"."""


def test_they_are() -> None:
    found = {}
    for line in PUBLISHED_HOSTS.splitlines():
        host, kind, key = line.split()
        assert kind == "ssh-ed25519"
        found[host] = base64.b64encode(hashlib.sha256(base64.b64decode(key)).digest()).decode().rstrip("=")
    assert found == FINGERPRINTS
