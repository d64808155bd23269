"""What docs/pin-places.md shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

from ci_toolkit.manifests.pinning import Target, pin
from ci_toolkit.model.field_path import parse_field_path
from ci_toolkit.model.reference import Repository
from tests.harness.committing import REGISTRY, clone, digest, make_remote

PAGE = (Path(__file__).parent.parent.parent / "docs/pin-places.md").read_text(encoding="utf-8")
HERE = f"{REGISTRY}/backend"


def test_the_example(tmp_path: Path) -> None:
    (config,) = re.findall(r"```yaml\n(version: 1\n.*?)```", PAGE, re.DOTALL)
    (diff,) = re.findall(r"```diff\n(.*?)```", PAGE, re.DOTALL)
    before, after = (_side(diff, mark) for mark in "-+")
    files: dict[str, str | bytes] = {
        ".ci-toolkit.yml": config.replace("ghcr.io/acme/backend", HERE).replace("1.4.2", "1.0"),
        "deploy/fleet.yaml": before,
        "deploy/old/fleet.yaml": before,
    }
    checkout = clone(make_remote(tmp_path / "remote.git", files), tmp_path / "checkout", {"backend": digest("a")})
    done = checkout.pin_and_commit()
    assert done.returncode == 0, done.stderr
    written = (checkout.root / "deploy/fleet.yaml").read_text()
    assert written == after.replace("1.4.2@sha256:…", f"1.0@{digest('a')}")
    assert (checkout.root / "deploy/old/fleet.yaml").read_text() == before


def _side(diff: str, mark: str) -> str:
    text = "".join(f"{line[1:]}\n" for line in diff.splitlines() if line[0] in (" ", mark))
    return text.replace("ghcr.io/acme/backend", HERE)


def test_every_comment_of_the_table_marks_an_image() -> None:
    target = Target(
        name="backend",
        repositories=frozenset({Repository.parse("ghcr.io/acme/backend")}),
        digest=digest("a"),
        tag="1.4.2",
        style="tag-and-digest",
    )
    comments = re.findall(r"^\| `(# [^`]+)` \|", PAGE, re.MULTILINE)
    assert len(comments) == 5
    for comment in comments:
        value = "1.4.1" if comment.endswith(":tag") else "ghcr.io/acme/backend:1.4.1"
        value = '""' if comment.endswith(":digest") else value
        result = pin(f"any: {value}  {comment}\n".encode(), "x.yaml", [target], names=["backend"])
        assert digest("a") in result.new.decode(), comment


def test_every_path_of_the_table_is_one() -> None:
    paths = re.findall(r"^\| `([^`#]+)` \| ", PAGE, re.MULTILINE)
    assert len(paths) == 4
    assert all(parse_field_path(path) for path in paths)
