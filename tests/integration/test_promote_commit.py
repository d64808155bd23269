"""A promotion's pins end as commits, one an environment, and the run stays what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.harness.committing import Remote, make_remote
from tests.harness.delivered import crane, delivered, manifest
from tests.harness.gitlab_api import GitLab
from tests.harness.pinning import pod
from tests.harness.project import git
from tests.harness.requesting import Workplace
from tests.harness.requests import Requests

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Stack

CONFIG = """\
version: 1
images:
  app:
    repositories: [{repository}]
    tags: ["sha-{{sha:7}}"]
commit: {{ mode: push, message: "ship {{version}} to {{environment}}: {{image}}" }}
environments:
  staging:
    tags: [staging]
    pin: ["deploy/staging/*.yaml"]
  production:
    from: staging
    tags: [production]
    pin: ["deploy/production/*.yaml"]
"""


def test_staging_and_production_each_get_a_commit(
    tmp_path: Path, stack: Stack, run_command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    repository = f"{stack.registry}/promote-commit-{tmp_path.name.lower().replace('_', '-')}/app"
    project = delivered(tmp_path / "project", CONFIG.format(repository=repository))
    remote = Remote(tmp_path / "remote.git")
    git(tmp_path, "init", "-q", "--bare", str(remote.path))
    for environment in ("staging", "production"):
        manifest(project.root, environment, repository)
    (project.root / ".gitignore").write_text(".ci-toolkit/\nlayouts/\n")
    git(project.root, "add", "-A")
    git(project.root, "commit", "-q", "--amend", "--no-edit")
    amended = git(project.root, "rev-parse", "HEAD")
    text = project.state_file.read_text().replace(project.revision, amended)
    project.state_file.write_text(text)
    git(project.root, "remote", "add", "origin", f"file://{remote.path}")
    git(project.root, "push", "-q", "origin", "HEAD:refs/heads/main")
    plan = run_command("promote", "staging", "--dry-run", cwd=project.root)
    assert "commit deploy/staging/app.yaml on top of main at origin" in plan.stdout
    for environment in ("staging", "production"):
        first = run_command("promote", environment, cwd=project.root)
        assert first.returncode == 0, first.stderr
    done = run_command("promote", "production", cwd=project.root)
    assert done.returncode == 0, done.stderr
    assert "nothing to commit" in done.stderr
    digest = project.digests["app"]
    assert crane("digest", f"{repository}:production") == digest
    subjects = remote.git("log", "--format=%s", "main").split("\n")
    assert subjects == ["ship to production: app", "ship to staging: app", "first"]
    assert remote.changed() == ["deploy/production/app.yaml"]
    assert f"{repository}:production@{digest}" in remote.read("deploy/production/app.yaml")
    assert f"{repository}:staging@{digest}" in remote.read("deploy/staging/app.yaml")
    assert remote.message().endswith(f"Image-Digest: app@{digest}\nEnvironment: production")
    assert [commit.environment for commit in project.state.commits] == ["staging", "production"]
    assert project.state.source.revision == amended
    assert git(project.root, "rev-parse", "HEAD") == remote.head()
    assert git(project.root, "status", "--porcelain") == ""
    assert "committed" in done.stdout


def test_each_environment_gets_a_request_of_its_own(
    tmp_path: Path, stack: Stack, run_command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    repository = f"{stack.registry}/promote-request-{tmp_path.name.lower().replace('_', '-')}/app"
    text = CONFIG.format(repository=repository).replace("mode: push", "mode: pull-request, branch: main")
    project = delivered(tmp_path / "project", text)
    for environment in ("staging", "production"):
        manifest(project.root, environment, repository)
    (project.root / ".gitignore").write_text(".ci-toolkit/\nlayouts/\n")
    git(project.root, "add", "-A")
    git(project.root, "commit", "-q", "--amend", "--no-edit")
    amended = git(project.root, "rev-parse", "HEAD")
    project.state_file.write_text(project.state_file.read_text().replace(project.revision, amended))
    remote = Remote(tmp_path / "remote.git")
    git(tmp_path, "init", "-q", "--bare", str(remote.path))
    git(project.root, "remote", "add", "origin", f"file://{remote.path}")
    git(project.root, "push", "-q", "origin", "HEAD:refs/heads/main")
    requests = Requests(remote, tmp_path)
    with GitLab(requests).running() as gitlab:
        env = Workplace(tmp_path, remote, requests, gitlab, "").environment()
        refused = run_command("promote", "staging", cwd=project.root, env=env)
        assert (refused.returncode, project.state.promotions) == (2, ())
        assert "GITLAB_TOKEN isn't set" in refused.stderr
        env["GITLAB_TOKEN"] = gitlab.tokens[0].value
        first, done = (run_command("promote", to, cwd=project.root, env=env) for to in ("staging", "production"))
        assert (first.returncode, done.returncode) == (0, 0), first.stderr + done.stderr
    assert [kept.source for kept in requests.all] == [
        f"ci-toolkit/promote-{e}/main" for e in ("staging", "production")
    ]
    digest = project.digests["app"]
    for kept, environment in zip(requests.all, ("staging", "production"), strict=True):
        file = f"deploy/{environment}/app.yaml"
        assert remote.changed(kept.source) == [file]
        assert f"{repository}:{environment}@{digest}" in remote.read(file, kept.source)
        assert digest in kept.description
    assert remote.head() == amended
    assert [c.request.number for c in project.state.commits if c.request] == [1, 2]
    assert "requested by https://gitlab.example.com/acme/shop/-/merge_requests/2" in done.stdout


def test_an_environment_s_manifests_in_another_repository(
    tmp_path: Path, stack: Stack, run_command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    repository = f"{stack.registry}/promote-elsewhere-{tmp_path.name.lower().replace('_', '-')}/app"
    files: dict[str, str | bytes] = {"deploy/staging/app.yaml": pod(f"{repository}:old")}
    gitops = make_remote(tmp_path / "gitops.git", files)
    config = CONFIG.format(repository=repository).replace("mode: push,", f"mode: push, repository: {gitops.path},")
    project = delivered(tmp_path / "project", config)
    plan = run_command("promote", "staging", "--dry-run", cwd=project.root)
    assert plan.returncode == 0, plan.stderr
    assert f"find the images in deploy/staging/*.yaml of <default branch> at {gitops.path}" in plan.stdout
    done = run_command("promote", "staging", cwd=project.root)
    assert done.returncode == 0, done.stderr
    digest = project.digests["app"]
    assert gitops.read("deploy/staging/app.yaml") == pod(f"{repository}:staging@{digest}")
    assert gitops.message().endswith(f"Image-Digest: app@{digest}\nEnvironment: staging")
    assert f"deploy/staging/app.yaml:4 of {gitops.path}" in done.stdout
    again = run_command("promote", "staging", cwd=project.root)
    assert "nothing to commit" in again.stderr
    refused = run_command("promote", "production", cwd=project.root)
    assert refused.returncode == 2, refused.stderr
    assert f"main at {gitops.path}: environments.production.pin[0]: no file matches" in refused.stderr
    assert "production" not in crane("ls", repository).split()
