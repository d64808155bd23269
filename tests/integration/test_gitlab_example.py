"""examples/gitlab as somebody would copy it: from a clean checkout to manifests with the digest, and to production."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.harness.delivered import crane, tags_in
from tests.harness.gitlab_projects import EXAMPLE, publish_templates, raw_address
from tests.harness.project import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Stack
    from tests.harness.container import ToolkitImage
    from tests.harness.gitlab import Executor, GitLabLocal
    from tests.harness.gitlab_server import GitLabServer

PUBLISHED = re.compile(r"https://\S+/templates/gitlab/(\w+)\.yml # \S+")


@pytest.fixture
def organisation(stack: Stack) -> str:
    """What stands in place of `registry.gitlab.com/acme`."""
    return f"{stack.registry}/example-{secrets.token_hex(4)}"


@pytest.fixture
def example(
    gitlab: GitLabLocal,
    gitlab_server: GitLabServer,
    toolkit_image: ToolkitImage,
    stack: Stack,
    organisation: str,
    tmp_path: Path,
) -> GitLabLocal:
    """The example as acme/shop on the server, checked out; nothing in it changed but addresses and the engine."""
    publish_templates(gitlab_server, tmp_path)
    root = tmp_path / "shop"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(".ci-toolkit", ".gitlab-ci-local"))
    for path in (root / ".ci-toolkit.yml", *root.glob("deploy/**/*.yaml")):
        path.write_text(path.read_text(encoding="utf-8").replace("registry.gitlab.com/acme", organisation))
    with (root / ".ci-toolkit.yml").open("a", encoding="utf-8") as config:
        config.write(f"scan:\n  database: {{ repositories: ['{stack.database}'] }}\n")
    pipeline = root / ".gitlab-ci.yml"
    text, found = PUBLISHED.subn(
        lambda match: raw_address(gitlab_server, match[1]), pipeline.read_text(encoding="utf-8")
    )
    assert found == 1
    given = f"inputs:\n      engine: socket\n      image: {toolkit_image.name}\n"
    pipeline.write_text(text.replace("inputs:\n", given), encoding="utf-8")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "the example")
    gitlab_server.adopt("acme/shop", root)
    return replace(gitlab, root=root)


@pytest.mark.parametrize("executor", ["shell", "docker"])
def test_it_is_delivered_to_staging_and_by_a_button_to_production(
    example: GitLabLocal, gitlab_server: GitLabServer, organisation: str, executor: Executor
) -> None:
    revision = git(example.root, "rev-parse", "--short=7", "HEAD")
    done = example.run(executor=executor)
    assert done.exit_code == 0, done.log
    assert set(done.results.values()) == {"PASS"}
    assert "image-promote-production" not in done.results
    digest = crane("digest", f"{organisation}/shop:sha-{revision}")
    state = json.loads((done.artifacts("image-push") / ".ci-toolkit/state.json").read_text(encoding="utf-8"))
    assert state["images"]["shop"]["digest"] == digest
    assert crane("digest", f"{organisation}/shop:staging") == digest
    assert f"@{digest}" in gitlab_server.file("acme/shop", "deploy/staging/shop.yaml")
    assert f"@{digest}" not in gitlab_server.file("acme/shop", "deploy/production/shop.yaml")
    assert "production" not in tags_in(f"{organisation}/shop")

    pressed = example.run("image-promote-production", manual=["image-promote-production"], executor=executor)
    assert pressed.exit_code == 0, pressed.log
    assert crane("digest", f"{organisation}/shop:production") == digest
    assert f"@{digest}" in gitlab_server.file("acme/shop", "deploy/production/shop.yaml")
