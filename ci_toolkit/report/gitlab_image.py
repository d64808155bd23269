"""The name under which GitLab keeps an image's findings apart from another image's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.model.reference import Repository
from ci_toolkit.model.tags_template import sanitised

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_toolkit.model.context import CiContext
    from ci_toolkit.model.findings import PlatformFindings
    from ci_toolkit.model.reference import Destination

_LONGEST = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class GitLabImage:
    """An image by its first repository and, in a tag's place, the branch: a release must not make all findings new.

    GitLab knows a finding by the image up to its last colon, or by the whole of it where the tag reads like a version;
    beside a branch by what the image is called on the default branch.
    """

    name: str
    tag: str
    default_tag: str | None
    """On the default branch; None where this is it, or nobody knows which one that is."""

    @property
    def reference(self) -> str:
        """`NAME:BRANCH`."""
        return f"{self.name}:{self.tag}"

    @property
    def default_reference(self) -> str | None:
        """`NAME:BRANCH` on the default branch."""
        return f"{self.name}:{self.default_tag}" if self.default_tag else None

    def properties(self, platform: PlatformFindings) -> Mapping[str, str]:
        """By which GitLab tells that a CycloneDX document is of a container (GitLab, CycloneDX property taxonomy)."""
        family, _, version = platform.os.partition(" ")
        known = {
            "gitlab:meta:schema_version": "1",
            "gitlab:container_scanning:image:name": self.name,
            "gitlab:container_scanning:image:tag": self.tag,
            "gitlab:container_scanning:operating_system:name": family,
            "gitlab:container_scanning:operating_system:version": version,
        }
        return {name: value for name, value in known.items() if value}


def gitlab_image(name: str, repositories: Sequence[Destination], context: CiContext) -> GitLabImage:
    """The image `name` of the config in this run; by its own name where it has no repository on a registry."""
    tag, default = _tag(context), sanitised(context.default_branch or "")
    whole = str(next((r for r in repositories if isinstance(r, Repository)), name))
    if len(whole) + 1 + max(len(tag), len(default)) > _LONGEST:
        whole = name
    return GitLabImage(name=whole, tag=tag, default_tag=default if default and default != tag else None)


def _tag(context: CiContext) -> str:
    if context.pull_request is not None:
        return f"merge-request-{context.pull_request}"
    return sanitised(context.branch or context.tag or context.default_branch or "") or "unknown"
