"""Which kinds of files can be pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.manifests import (
    argocd,
    compose,
    dockerfile,
    flux,
    github_action,
    github_workflow,
    gitlab_ci,
    helm_values,
    kubernetes,
    kustomization,
)
from ci_toolkit.manifests.compose import ComposeFormat
from ci_toolkit.manifests.dockerfile import DockerfileFormat
from ci_toolkit.manifests.github_action import GitHubActionFormat
from ci_toolkit.manifests.github_workflow import GitHubWorkflowFormat
from ci_toolkit.manifests.gitlab_ci import GitLabCiFormat
from ci_toolkit.manifests.helm_values import HelmValuesFormat
from ci_toolkit.manifests.kubernetes import KubernetesFormat
from ci_toolkit.manifests.kustomization import KustomizationFormat

if TYPE_CHECKING:
    from ci_toolkit.manifests.base import FormatDescription, ManifestFormat

FORMATS: tuple[ManifestFormat, ...] = (
    DockerfileFormat(),
    GitHubWorkflowFormat(),
    GitHubActionFormat(),
    ComposeFormat(),
    KustomizationFormat(),
    HelmValuesFormat(),
    GitLabCiFormat(),
    KubernetesFormat(),
)
"""The first that takes a file reads it; the last takes every file."""

DESCRIPTIONS: tuple[FormatDescription, ...] = (
    kubernetes.DESCRIPTION,
    kustomization.DESCRIPTION,
    helm_values.DESCRIPTION,
    argocd.DESCRIPTION,
    flux.DESCRIPTION,
    compose.DESCRIPTION,
    dockerfile.DESCRIPTION,
    github_workflow.DESCRIPTION,
    github_action.DESCRIPTION,
    gitlab_ci.DESCRIPTION,
)
"""In the documentation's order."""

_BY_NAME: tuple[ManifestFormat, ...] = (DockerfileFormat(), KustomizationFormat())
"""What reads files of other names than YAML's and JSON's."""
_SUFFIXES = (".yaml", ".yml", ".json")


def is_known(name: str) -> bool:
    """True for the name of a file that may be of one of these formats."""
    return name.lower().endswith(_SUFFIXES) or any(each.takes(name, "") for each in _BY_NAME)


def format_of(name: str, text: str) -> ManifestFormat:
    """The format of a file; raises UnreadableError where one has to read it to know, and can't."""
    return next(each for each in FORMATS if each.takes(name, text))
