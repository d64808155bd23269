"""Projects on a GitLab server that include this project's templates, by each of the ways there are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.harness.project import git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.harness.gitlab import GitLabRun
    from tests.harness.gitlab_server import GitLabServer
    from tests.harness.project import Project

ROOT = Path(__file__).parent.parent.parent
TEMPLATES = ROOT / "templates"
EXAMPLE = ROOT / "examples" / "gitlab"
TOOLKIT = "ci-toolkit/ci-toolkit"
TAG = "1.2.3"
JOBS = ("image-build", "image-scan", "image-push", "image-pin")
KINDS = ("local", "remote", "project", "component")


def publish_templates(server: GitLabServer, scratch: Path) -> None:
    """Have this project on the server with its templates, tagged."""
    shutil.copytree(TEMPLATES, scratch / "toolkit" / "templates")
    server.publish(TOOLKIT, scratch / "toolkit", tag=TAG)


def raw_address(server: GitLabServer, name: str) -> str:
    """Where a template is to be had as a file."""
    return f"{server.url}/{TOOLKIT}/-/raw/{TAG}/templates/gitlab/{name}.yml"


def include(server: GitLabServer, kind: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of `include:` for a template, `template` being the one that is a component as well."""
    where: dict[str, Any] = {
        "local": {"local": f"/.gitlab/{name}.yml"},
        "remote": {"remote": raw_address(server, name)},
        "project": {"project": TOOLKIT, "ref": TAG, "file": f"/templates/gitlab/{name}.yml"},
        "component": {"component": f"$CI_SERVER_FQDN/{TOOLKIT}/{'gitlab' if name == 'template' else name}@{TAG}"},
    }[kind]
    return {**where, "inputs": dict(inputs)}


def commit_with_pipeline(root: Path, server: GitLabServer, pipeline: Mapping[str, Any]) -> str:
    """Commit everything with this pipeline, ignored files too, as the project acme/shop; gives the revision."""
    shutil.copytree(TEMPLATES / "gitlab", root / ".gitlab", dirs_exist_ok=True)
    (root / ".gitlab-ci.yml").write_text(json.dumps(pipeline, indent=2), encoding="utf-8")
    git(root, "add", "--all", "--force")
    git(root, "commit", "--quiet", "-m", "with its pipeline")
    server.adopt("acme/shop", root)
    return git(root, "rev-parse", "HEAD")


def pipeline_of(includes: Iterable[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A pipeline of includes and jobs of its own."""
    return {"include": list(includes), **more}


def configure(project: Project, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the project's config."""
    path = project.root / ".ci-toolkit.yml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(config)
    path.write_text(json.dumps(config), encoding="utf-8")


def state_of(done: GitLabRun, job: str) -> dict[str, Any]:
    """The state that a job handed on."""
    state: dict[str, Any] = json.loads((done.artifacts(job) / ".ci-toolkit/state.json").read_text(encoding="utf-8"))
    return state


def image_of(done: GitLabRun, job: str, name: str = "hello") -> dict[str, Any]:
    """An image in it."""
    image: dict[str, Any] = state_of(done, job)["images"][name]
    return image
