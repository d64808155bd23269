"""Dockerfiles as the real builder reads them: the same stages before and after, and a pinned one keeps its images."""

from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.manifests.pinning import Target, pin
from ci_toolkit.model.dockerfile import instructions, stage_of
from ci_toolkit.model.reference import Repository

if TYPE_CHECKING:
    from tests.conftest import Stack

GOLDEN = Path(__file__).parent.parent / "golden" / "pin"
FILES = sorted(file for file in GOLDEN.glob("*.Dockerfile") if "syntax" not in file.name)


def build(context: Path, *arguments: str) -> str:
    command = ["docker", "buildx", "build", "--quiet", *arguments, str(context)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_builder_reads_the_same_stages(file: Path, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(file.read_bytes())
    targets = json.loads(build(tmp_path, "--call=targets,format=json"))["targets"]
    text = file.read_text(encoding="utf-8-sig")
    stages = [stage for each in instructions(text) if (stage := stage_of(each)) is not None]
    assert [(target["base"], target.get("name", "")) for target in targets] == [
        (stage.image.text, stage.name) for stage in stages
    ]


def push(context: Path, reference: str, content: str) -> str:
    """Push an image that holds this one file, and return its digest."""
    context.mkdir(exist_ok=True)
    (context / "file").write_text(content)
    (context / "Dockerfile").write_text("FROM scratch\nCOPY file /file\n")
    metadata = context.with_suffix(".json")
    build(context, "--provenance=false", f"--tag={reference}", "--push", f"--metadata-file={metadata}")
    digest: str = json.loads(metadata.read_text())["containerimage.digest"]
    return digest


PINNED = """\
ARG BASE="REFERENCE"
FROM $BASE AS one
FROM \\
  REFERENCE AS two
FROM ${OTHER:-REFERENCE} AS three
FROM scratch
COPY --from=one /file /one
COPY --from=two /file /two
COPY --from=three /file /three
COPY --from=REFERENCE /file /four
"""


def test_a_pinned_dockerfile_keeps_its_images_when_the_tag_moves(tmp_path: Path, stack: Stack) -> None:
    repository = f"{stack.registry}/test/base-{uuid.uuid4().hex[:12]}"
    digest = push(tmp_path / "base", f"{repository}:1", "old")
    target = Target(
        repositories=frozenset({Repository.parse(repository)}), digest=digest, tag=None, style="tag-and-digest"
    )
    floating = PINNED.replace("REFERENCE", f"{repository}:1")
    result = pin(floating.encode(), "Dockerfile", [target])
    assert len(result.places) == 4
    project = tmp_path / "project"
    project.mkdir()

    def built(text: str, name: str) -> dict[str, str]:
        (project / "Dockerfile").write_text(text)
        build(project, f"--output=type=local,dest={tmp_path / name}")
        return {path.name: path.read_text() for path in sorted((tmp_path / name).iterdir())}

    before = built(floating, "before")
    assert set(before.values()) == {"old"}
    assert built(result.new.decode(), "pinned") == before
    push(tmp_path / "base", f"{repository}:1", "new")
    assert set(built(floating, "moved").values()) == {"new"}
    assert built(result.new.decode(), "kept") == before
