"""`init --github`: a workflow fitted to the config, that the linters of GitHub workflows have nothing against."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ci_toolkit.config.delivery import GIVEN_BY_GITHUB, read_delivery
from ci_toolkit.version import __version__
from tests.harness.configs import GOLDEN
from tests.harness.project import git
from tests.harness.released import home_with_release, project_of_acme
from tests.harness.workflows import complaints

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]

WORKFLOW = ".github/workflows/container.yml"
SMALL = "version: 1\nimages:\n  app:\n    repositories: [{repository}]\n"
EVERYTHING = """\
version: 1
registries:
  acme.azurecr.io:
    auth: { provider: acr, tenant-id: "${AZURE_TENANT}", client-id: "${AZURE_CLIENT}" }
  registry.example.com:
    auth: { username: "${REGISTRY_USER}", password: "${REGISTRY_PASSWORD}" }
images:
  app:
    secrets: { npm: { env: NPM_TOKEN }, own: { env: GITHUB_TOKEN } }
    repositories: [ghcr.io/acme/app, acme.azurecr.io/app, registry.example.com/app]
    tags: ["{version}", { tag: "nightly-${GITHUB_RUN_ID}", when: schedule }]
environments:
  production: { from: staging, tags: [production] }
  staging: { tags: [staging] }
  "2nd.try": { tags: [again] }
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return home_with_release(tmp_path)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_of_acme(tmp_path, "github.com")


def _jobs(root: Path) -> dict[str, Any]:
    document = yaml.safe_load((root / WORKFLOW).read_text(encoding="utf-8"))
    jobs: dict[str, Any] = document["jobs"]
    return jobs


def _released(home: Path) -> str:
    return git(home.parent / "toolkit", "rev-parse", "HEAD")


def test_a_project_with_nothing_gets_both_files(run_command: Run, project: Path, home: Path) -> None:
    done = run_command("init", "--github", cwd=project, env={"HOME": str(home)})
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^wrote (\S+):", done.stdout, re.MULTILINE) == [
        str(project / ".ci-toolkit.yml"),
        str(project / WORKFLOW),
    ]
    assert "next:" not in done.stdout
    assert run_command("validate", cwd=project).returncode == 0
    assert complaints(project / WORKFLOW) == ""
    assert list(_jobs(project)) == ["deliver"]
    assert _jobs(project)["deliver"]["permissions"] == {
        "contents": "read",
        "packages": "write",
        "security-events": "write",
    }
    assert f"uses: ci-toolkit/ci-toolkit@{_released(home)} # v{__version__}\n" in (project / WORKFLOW).read_text()


def test_everything_that_a_config_wants_is_in_the_workflow(run_command: Run, project: Path, home: Path) -> None:
    (project / ".ci-toolkit.yml").write_text(EVERYTHING)
    done = run_command("init", "--github", cwd=project, env={"HOME": str(home)})
    assert done.returncode == 0, done.stderr
    assert (project / ".ci-toolkit.yml").read_text() == EVERYTHING
    assert "secrets REGISTRY_PASSWORD, NPM_TOKEN in" in done.stdout
    assert "variables AZURE_TENANT, AZURE_CLIENT, REGISTRY_USER in" in done.stdout
    assert "environments staging, 2nd.try, production in" in done.stdout
    # A secret of the repository, not of an environment, is what the auditor's persona would have us think over.
    assert complaints(project / WORKFLOW, persona="regular") == ""
    jobs = _jobs(project)
    assert {name: job.get("needs") for name, job in jobs.items()} == {
        "deliver": None,
        "promote-staging": "deliver",
        "promote-2nd_try": "promote-staging",
        "promote-production": "promote-2nd_try",
    }
    assert all(job["permissions"]["id-token"] == "write" for job in jobs.values())
    assert [job.get("environment") for job in jobs.values()] == [None, "staging", "2nd.try", "production"]
    steps = jobs["promote-production"]["steps"]
    assert [step["with"].get("args") for step in steps if "ci-toolkit/" in step["uses"]] == ["promote production"]
    for job in jobs.values():
        (action,) = [step for step in job["steps"] if "ci-toolkit/" in step["uses"]]
        assert action["env"] == {
            **{name: f"${{{{ secrets.{name} }}}}" for name in ("REGISTRY_PASSWORD", "NPM_TOKEN")},
            **{name: f"${{{{ vars.{name} }}}}" for name in ("AZURE_TENANT", "AZURE_CLIENT", "REGISTRY_USER")},
        }


@pytest.mark.parametrize(
    ("lines", "permissions"),
    [
        ("", {"contents": "read", "security-events": "write"}),
        ("commit: { mode: none }\n", {"contents": "read", "security-events": "write"}),
        ("commit: { mode: push }\n", {"contents": "write", "security-events": "write"}),
        (
            "registries: { docker.io: { auth: { provider: docker-hub, username: a, connection-id: b } } }\n",
            {"contents": "read", "id-token": "write", "security-events": "write"},
        ),
        (
            "registries: { public.ecr.aws: { auth: ecr } }\n",
            {"contents": "read", "security-events": "write"},
        ),
    ],
)
def test_there_are_no_more_permissions_than_the_config_takes(
    run_command: Run, project: Path, home: Path, lines: str, permissions: dict[str, str]
) -> None:
    (project / ".ci-toolkit.yml").write_text(SMALL.format(repository="registry.example.com/app") + lines)
    assert run_command("init", "--github", cwd=project, env={"HOME": str(home)}).returncode == 0
    assert _jobs(project)["deliver"]["permissions"] == permissions
    assert complaints(project / WORKFLOW) == ""


def test_without_an_answer_the_tag_is_named_and_said_to_be_so(run_command: Run, project: Path, home: Path) -> None:
    git(home.parent / "toolkit", "tag", "--delete", f"v{__version__}")
    done = run_command("init", "--github", cwd=project, env={"HOME": str(home)})
    assert done.returncode == 0, done.stderr
    assert "next: pin the action" in done.stdout
    text = (project / WORKFLOW).read_text()
    assert f"uses: ci-toolkit/ci-toolkit@v{__version__}\n" in text
    assert "tags can be moved" in text
    assert "unpinned-uses" in complaints(project / WORKFLOW)


def test_a_config_below_the_top_is_named(run_command: Run, project: Path, home: Path) -> None:
    below = project / "services" / "app"
    below.mkdir(parents=True)
    (below / ".ci-toolkit.yml").write_text(
        SMALL.format(repository="ghcr.io/acme/app") + "environments: { no: { tags: [n] } }\n"
    )
    done = run_command("init", "--github", cwd=below, env={"HOME": str(home)})
    assert done.returncode == 0, done.stderr
    assert complaints(project / WORKFLOW) == ""
    deliver, promote = _jobs(project).values()
    assert deliver["steps"][1]["with"] == {"config": "services/app/.ci-toolkit.yml"}
    assert promote["environment"] == "no"
    paths = {step["with"]["path"] for job in (deliver, promote) for step in job["steps"] if "artifact" in step["uses"]}
    assert paths == {"services/app/.ci-toolkit", "services/app/.ci-toolkit/state.json"}


def test_the_default_branch_is_the_remotes(run_command: Run, project: Path, home: Path) -> None:
    git(project, "commit", "--quiet", "--allow-empty", "-m", "first")
    git(project, "update-ref", "refs/remotes/origin/it's", "HEAD")
    git(project, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/it's")
    config = SMALL.format(repository="ghcr.io/acme/app") + "environments: { prod: { tags: [prod] } }\n"
    (project / ".ci-toolkit.yml").write_text(config)
    run_command("init", "--github", cwd=project, env={"HOME": str(home)})
    assert complaints(project / WORKFLOW) == ""
    assert yaml.safe_load((project / WORKFLOW).read_text())[True]["push"]["branches"] == ["it's"]
    assert _jobs(project)["promote-prod"]["if"] == "github.ref == 'refs/heads/it''s'"


def test_nothing_is_ever_overwritten(run_command: Run, project: Path, home: Path) -> None:
    (project / WORKFLOW).parent.mkdir(parents=True)
    (project / WORKFLOW).write_text("mine\n")
    done = run_command("init", "--github", cwd=project, env={"HOME": str(home)})
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert (project / WORKFLOW).read_text() == "mine\n"
    assert not (project / ".ci-toolkit.yml").exists()


def test_print_writes_nothing(run_command: Run, project: Path, home: Path) -> None:
    before = sorted(project.rglob("*"))
    printed = run_command("init", "--github", "--print", cwd=project, env={"HOME": str(home)})
    assert sorted(project.rglob("*")) == before
    run_command("init", "--github", "--quiet", cwd=project, env={"HOME": str(home)})
    assert (project / WORKFLOW).read_text() == printed.stdout


def test_outside_of_a_checkout_it_says_so(run_command: Run, tmp_path: Path) -> None:
    done = run_command("init", "--github", cwd=tmp_path)
    assert done.returncode == 2
    assert "no git checkout" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_link_out_of_the_checkout_is_not_followed(
    run_command: Run, project: Path, home: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (project / ".github").symlink_to(outside)
    done = run_command("init", "--github", cwd=project, env={"HOME": str(home)})
    assert done.returncode == 2
    assert "symbolic link" in done.stderr
    assert list(outside.iterdir()) == []


def test_a_config_that_is_no_yaml_is_refused(run_command: Run, project: Path, home: Path) -> None:
    (project / ".ci-toolkit.yml").write_text("version: [\n")
    done = run_command("init", "--github", cwd=project, env={"HOME": str(home)})
    assert done.returncode == 2
    assert not (project / WORKFLOW).exists()


@pytest.mark.parametrize("name", ["full.yml", "variables.yml", "anchors.yml", "small.yml"])
def test_what_the_whole_schema_can_say_is_read(name: str) -> None:
    wanted = read_delivery(GOLDEN / "right" / name, GIVEN_BY_GITHUB)
    assert wanted.hosts
    assert not set(wanted.secrets) & set(wanted.variables)


@pytest.mark.parametrize("name", ["environments.yml", "everything.yml"])
def test_what_is_not_as_the_schema_has_it_counts_for_nothing(name: str) -> None:
    wanted = read_delivery(GOLDEN / "wrong" / name, GIVEN_BY_GITHUB)
    assert all(re.fullmatch(r"[\w.-]+", environment) for environment in wanted.environments)
