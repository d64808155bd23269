"""A project whose image waits in a quarantine repository, and what is there."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.harness.delivered import crane
from tests.harness.project import Project, git

if TYPE_CHECKING:
    from pathlib import Path

_LINE = "version: 1\n"


@dataclass(frozen=True)
class Quarantined:
    """A copy of the example, its repository, and the repository that its image waits in."""

    project: Project
    quarantine: str

    def configure(self, text: str = "") -> None:
        """Write the handoff, and more of the config, into the file, and commit that."""
        file = self.project.root / ".ci-toolkit.yml"
        known = file.read_text(encoding="utf-8")
        more = f"{_LINE}handoff: registry\nquarantine: {self.quarantine}\n{text}"
        file.write_text(known.replace(_LINE, more, 1), encoding="utf-8")
        self.project.commit("the handoff", "v1.0.1")

    def clone(self, where: Path) -> Project:
        """Another checkout of it, with nothing of the workdir but the state."""
        git(where.parent, "clone", "--quiet", str(self.project.root), str(where))
        other = Project(where, self.project.repository)
        (where / ".ci-toolkit").mkdir()
        state = (self.project.root / ".ci-toolkit/state.json").read_bytes()
        (where / ".ci-toolkit/state.json").write_bytes(state)
        return other

    def holds(self, digest: str) -> bool:
        """Whether the quarantine repository has a manifest."""
        return crane_succeeds("manifest", f"{self.quarantine}@{digest}")

    def everything(self) -> list[str]:
        """Every digest that the state knows of the image."""
        image = self.project.image
        return [image["digest"], *image["platforms"].values(), *image["attestations"]]


def crane_succeeds(*arguments: str) -> bool:
    """Whether `crane` with these arguments ends with 0."""
    return subprocess.run(["crane", *arguments], capture_output=True, check=False).returncode == 0


def assert_delivered(project: Project, image: dict[str, Any]) -> None:
    """The repository's tags and the manifests have the state's digest."""
    assert crane("digest", f"{project.repository}:1.0.1") == image["digest"]
    for digest in image["platforms"].values():
        crane("validate", "--remote", f"{project.repository}@{digest}")
    pinned = re.findall(rb"@(sha256:[0-9a-f]{64})", b"".join(project.manifests().values()))
    assert [digest.decode() for digest in pinned] == [image["digest"]] * 3


BUILDER_THAT_PUSHES = r"""#!/bin/sh
# Stands in for a builder in a container, whose image can't be had everywhere: what it is asked to push by digest, the
# engine builds as a layout, and oras pushes that. Anything else, and any other form of asking, goes to docker itself.
set -eu
output="" metadata=""
for argument; do
    case "$argument" in
        --output=type=image,name=*,push-by-digest=true,push=true,oci-mediatypes=true*) output=${argument#--output=} ;;
        --metadata-file=*) metadata=${argument#--metadata-file=} ;;
    esac
done
[ -n "$output" ] || exec @DOCKER@ "$@"
rest=${output#type=image,name=} repository=${rest%%,*} directory=$(mktemp -d)
extra=""
case "$output" in *,rewrite-timestamp=true*) extra=,rewrite-timestamp=true ;; esac
count=$#
while [ "$count" -gt 0 ]; do
    argument=$1
    shift
    case "$argument" in --output=*) argument="--output=type=oci,dest=$directory/layout,tar=false$extra" ;; esac
    set -- "$@" "$argument"
    count=$((count - 1))
done
@DOCKER@ "$@"
digest=$(grep -o '"containerimage.digest": *"[^"]*"' "$metadata" | grep -o 'sha256:[0-9a-f]*')
@ORAS@ cp --no-tty --to-plain-http --from-oci-layout "$directory/layout@$digest" "$repository" >&2
rm -rf "$directory"
"""
