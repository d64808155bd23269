"""Which kinds of files can be pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.manifests import compose, github_action, helm_values, kubernetes
from ci_toolkit.manifests.compose import ComposeFormat
from ci_toolkit.manifests.github_action import GitHubActionFormat
from ci_toolkit.manifests.helm_values import HelmValuesFormat
from ci_toolkit.manifests.kubernetes import KubernetesFormat

if TYPE_CHECKING:
    from ci_toolkit.manifests.base import FormatDescription, ManifestFormat

FORMATS: tuple[ManifestFormat, ...] = (
    GitHubActionFormat(),
    ComposeFormat(),
    HelmValuesFormat(),
    KubernetesFormat(),
)
"""The first that takes a file reads it; the last takes every file."""

DESCRIPTIONS: tuple[FormatDescription, ...] = (
    kubernetes.DESCRIPTION,
    helm_values.DESCRIPTION,
    compose.DESCRIPTION,
    github_action.DESCRIPTION,
)
"""In the documentation's order."""


def format_of(name: str, text: str) -> ManifestFormat:
    """The format of a file; raises UnreadableError where one has to read it to know, and can't."""
    return next(each for each in FORMATS if each.takes(name, text))
