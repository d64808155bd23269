"""`ci-toolkit init --gitlab`: a pipeline that GitLab's schema likes, and that wants what the config wants."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ci_toolkit.version import __version__
from tests.harness.configs import SMALL
from tests.harness.project import git
from tests.harness.released import home_with_release, project_of_acme

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]

TEMPLATES = Path(__file__).parent.parent.parent / "templates" / "gitlab"
EVERYTHING = """\
version: 1
registries:
  europe-docker.pkg.dev:
    auth:
      provider: google
      workload-identity-provider: projects/1/locations/global/workloadIdentityPools/ci/providers/gitlab
  registry.example.com:
    auth: { username: "${REGISTRY_USER}", password: "${REGISTRY_PASSWORD}" }
images:
  app:
    repositories: ["${CI_REGISTRY_IMAGE}", registry.example.com/app, europe-docker.pkg.dev/acme/containers/app]
    secrets: { npm: { env: NPM_TOKEN } }
environments:
  production: { from: staging, tags: [production] }
  staging: { tags: [staging] }
commit: { mode: push }
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return home_with_release(tmp_path)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_of_acme(tmp_path, "gitlab.com")


def _includes(text: str) -> list[dict[str, Any]]:
    includes: list[dict[str, Any]] = yaml.safe_load(text)["include"]
    return includes


def _is_right(file: Path) -> bool:
    command = [
        str(Path(sys.executable).parent / "check-jsonschema"),
        "--builtin-schema",
        "vendor.gitlab-ci",
        str(file),
    ]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_project_with_nothing_gets_both_files(run_command: Run, project: Path, home: Path) -> None:
    done = run_command("init", "--gitlab", cwd=project, env={"HOME": str(home)})
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^wrote (\S+):", done.stdout, re.MULTILINE) == [
        str(project / ".ci-toolkit.yml"),
        str(project / ".gitlab-ci.yml"),
    ]
    assert run_command("validate", cwd=project).returncode == 0
    assert _is_right(project / ".gitlab-ci.yml")
    (included,) = _includes((project / ".gitlab-ci.yml").read_text())
    commit = git(home.parent / "toolkit", "rev-parse", "HEAD")
    assert included["remote"].endswith(f"/ci-toolkit/{commit}/templates/gitlab/template.yml")
    digest = hashlib.sha256((TEMPLATES / "template.yml").read_bytes()).digest()
    assert included["integrity"] == f"sha256-{base64.b64encode(digest).decode()}"
    assert "inputs" not in included


def test_everything_that_a_config_wants_is_in_the_pipeline(run_command: Run, project: Path, home: Path) -> None:
    (project / ".ci-toolkit.yml").write_text(EVERYTHING)
    done = run_command("init", "--gitlab", cwd=project, env={"HOME": str(home)})
    assert done.returncode == 0, done.stderr
    assert (project / ".ci-toolkit.yml").read_text() == EVERYTHING
    assert "add REGISTRY_PASSWORD, NPM_TOKEN, masked," in done.stdout
    assert "add REGISTRY_USER in" in done.stdout
    assert "deploy to staging, production" in done.stdout
    assert "token" in done.stdout
    assert _is_right(project / ".gitlab-ci.yml")
    whole, staging, production = _includes((project / ".gitlab-ci.yml").read_text())
    token = {
        "google-audience": "https://iam.googleapis.com/"
        "projects/1/locations/global/workloadIdentityPools/ci/providers/gitlab"
    }
    assert whole["inputs"] == token
    assert staging["inputs"] == {"environment": "staging", "after": "pin", "when": "on_success", **token}
    assert production["inputs"] == {
        "environment": "production",
        "after": "promote-staging",
        "when": "manual",
        **token,
    }


@pytest.mark.parametrize("name", ["template", "promote"])
def test_only_inputs_that_the_templates_have_are_given(run_command: Run, project: Path, home: Path, name: str) -> None:
    below = project / "services" / "app"
    below.mkdir(parents=True)
    (below / ".ci-toolkit.yml").write_text(EVERYTHING)
    printed = run_command("init", "--gitlab", "--print", cwd=below, env={"HOME": str(home)})
    spec = next(yaml.safe_load_all((TEMPLATES / f"{name}.yml").read_text()))["spec"]["inputs"]
    given = [entry["inputs"] for entry in _includes(printed.stdout) if entry["remote"].endswith(f"/{name}.yml")]
    assert given
    for inputs in given:
        assert set(inputs) <= set(spec)
        assert inputs["config"] == "services/app/.ci-toolkit.yml"
        assert inputs["workdir"] == "services/app/.ci-toolkit"


def test_a_pipeline_that_is_there_stays_and_what_to_add_is_said(run_command: Run, project: Path, home: Path) -> None:
    (project / ".gitlab-ci.yml").write_text("mine: { script: [make] }\n")
    done = run_command("init", "--gitlab", cwd=project, env={"HOME": str(home)})
    assert done.returncode == 0
    assert "is there already: add what follows" in done.stderr
    assert (project / ".gitlab-ci.yml").read_text() == "mine: { script: [make] }\n"
    assert _includes(done.stdout)


def test_stages_of_its_own_are_told_what_the_templates_want(run_command: Run, project: Path, home: Path) -> None:
    (project / ".gitlab-ci.yml").write_text("stages: [lint]\nmine: { stage: lint, script: [make] }\n")
    done = run_command("init", "--gitlab", cwd=project, env={"HOME": str(home)})
    (said,) = re.findall(r"^next: see that its `stages` .*$", done.stderr, re.MULTILINE)
    spec = next(yaml.safe_load_all((TEMPLATES / "template.yml").read_text()))["spec"]["inputs"]
    named = re.findall(r"[a-z]+-stage", said)
    assert [spec[name]["default"] for name in named] == ["build", "test", "deploy", "deploy"]
    (project / ".gitlab-ci.yml").write_text("mine: { script: [make] }\n")
    assert "`stages`" not in run_command("init", "--gitlab", cwd=project, env={"HOME": str(home)}).stderr


def test_merge_requests_want_a_token_of_their_own(run_command: Run, project: Path, home: Path) -> None:
    (project / ".ci-toolkit.yml").write_text(f"{SMALL}commit: {{ mode: pull-request }}\n")
    done = run_command("init", "--gitlab", cwd=project, env={"HOME": str(home)})
    (said,) = (line for line in done.stdout.splitlines() if "GITLAB_TOKEN" in line)
    assert "scope `api`" in said
    assert "let the job's token push" not in done.stdout


def test_without_an_answer_the_tag_is_named_and_said_to_be_so(run_command: Run, project: Path, home: Path) -> None:
    git(home.parent / "toolkit", "tag", "--delete", f"v{__version__}")
    done = run_command("init", "--gitlab", cwd=project, env={"HOME": str(home)})
    assert done.returncode == 0, done.stderr
    assert "so the tag is named" in done.stdout
    assert f"/v{__version__}/templates" in (project / ".gitlab-ci.yml").read_text()


def test_print_writes_nothing(run_command: Run, project: Path, home: Path) -> None:
    before = sorted(project.rglob("*"))
    printed = run_command("init", "--gitlab", "--print", cwd=project, env={"HOME": str(home)})
    assert sorted(project.rglob("*")) == before
    run_command("init", "--gitlab", "--quiet", cwd=project, env={"HOME": str(home)})
    assert (project / ".gitlab-ci.yml").read_text() == printed.stdout


def test_outside_of_a_checkout_it_says_so(run_command: Run, tmp_path: Path) -> None:
    done = run_command("init", "--gitlab", cwd=tmp_path)
    assert done.returncode == 2
    assert "no git checkout" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_link_out_of_the_checkout_is_not_followed(
    run_command: Run, project: Path, home: Path, tmp_path: Path
) -> None:
    (project / ".gitlab-ci.yml").symlink_to(tmp_path / "outside.yml")
    done = run_command("init", "--gitlab", cwd=project, env={"HOME": str(home)})
    assert done.returncode == 2
    assert "symbolic link" in done.stderr
    assert not (tmp_path / "outside.yml").exists()


def test_no_registry_is_said_to_be_missing(run_command: Run, project: Path, home: Path) -> None:
    (project / ".ci-toolkit.yml").write_text(SMALL.replace("ghcr.io/acme/app", "oci:registry/app"))
    done = run_command("init", "--gitlab", cwd=project, env={"HOME": str(home)})
    assert "name a registry" in done.stdout
