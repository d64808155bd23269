"""Configs for tests: written to a directory and loaded through the front door."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.config.load import load
from ci_toolkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.config.options import Config

GOLDEN = Path(__file__).parent.parent / "golden" / "config"
SMALL = "version: 1\nimages:\n  app:\n    repositories: [ghcr.io/acme/app]\n"
ENV = {
    "REGISTRY_USER": "ci",
    "REGISTRY_PASSWORD": "s3cret-password",
    "NPM_TOKEN": "npm-token-value",
    "GITOPS_TOKEN": "gitops-token",
    "INSECURE": "true",
    "REPRODUCIBLE": "no",
    "LINES": "one\ntwo: [three]",
    "YAML": "{ a: 1 } # no comment",
    "NUMBER": "10",
    "NESTED": "${OWNER}",
    "OWNER": "acme",
    "WORD": "maybe",
    "OTHER_SECRET": "top//secret-value",
    "CI_REGISTRY_IMAGE": "registry.gitlab.com/acme/shop",
}


def written(directory: Path, content: str | bytes) -> Path:
    """A config file of this content."""
    file = directory / ".ci-toolkit.yml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def loaded(directory: Path, content: str | bytes, env: Mapping[str, str] = ENV) -> Config:
    """The config of this content."""
    return load(written(directory, content), env)


def image_of(directory: Path, lines: str, env: Mapping[str, str] = ENV) -> Config:
    """A config whose one image `app` has these lines beside its repository."""
    indented = "".join(f"    {line}\n" for line in lines.splitlines())
    return loaded(directory, SMALL + indented, env)


def refused(directory: Path, content: str | bytes, env: Mapping[str, str] = ENV) -> list[str]:
    """The violations of a config that must be refused with exit code 2, `line:column: path: message`."""
    file = written(directory, content)
    with pytest.raises(ConfigError) as caught:
        load(file, env)
    assert caught.value.exit_code == 2
    assert str(len(caught.value.violations)) in caught.value.message
    return [violation.removeprefix(f"{file}:") for violation in caught.value.violations]


def refused_image(directory: Path, lines: str, env: Mapping[str, str] = ENV) -> list[str]:
    """The violations of an image `app` with these lines, which start at 5:5."""
    indented = "".join(f"    {line}\n" for line in lines.splitlines())
    return refused(directory, SMALL + indented, env)
