"""A build's logins without `login` before: there for its tools as long as it lasts, and nowhere afterwards."""

from __future__ import annotations

import base64
import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.model.reference import Repository
from ci_toolkit.registry.credentials import Credential
from tests.harness.pushing import destinations
from tests.harness.registry import PASSWORD, USER
from tests.harness.workplace import Workplace, command_lines, until

if TYPE_CHECKING:
    from tests.harness.registry import Registry

PAIR = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
SECRETS = (PASSWORD, PAIR)
FAKE_DOCKER = """#!/bin/sh
# Notes which Docker config it was given, and then does as it is told.
cp "$DOCKER_CONFIG/config.json" {root}/seen.json
ls -ld "$DOCKER_CONFIG" > {root}/seen.ls
echo "$DOCKER_CONFIG" > {root}/seen.tmp && mv {root}/seen.tmp {root}/seen
{then}
"""


@pytest.fixture
def workplace(htpasswd: Registry, tmp_path: Path) -> Workplace:
    made = Workplace(tmp_path / "workplace")
    made.configure(f"{htpasswd.host}/team/app", logins=(htpasswd.host,))
    return made


def with_fake_docker(workplace: Workplace, then: str) -> None:
    """A docker command that does only this."""
    programs = workplace.root / "bin"
    programs.mkdir()
    program = programs / "docker"
    program.write_text(FAKE_DOCKER.format(root=workplace.root, then=then))
    program.chmod(0o755)
    workplace.env["PATH"] = f"{programs}:{os.environ['PATH']}"


def seen(workplace: Workplace) -> Path:
    """The Docker config that docker was given."""
    return Path((workplace.root / "seen").read_text().strip())


def test_a_private_base_image_and_cache_build_without_any_login_before_and_nothing_shows_it(
    htpasswd: Registry, workplace: Workplace
) -> None:
    (workplace.project / "Dockerfile").write_text(f"FROM {htpasswd.host}/team/base:1.0\nCOPY Dockerfile /\n")
    cache = f'    cache: {{type: registry, ref: "{htpasswd.host}/team/cache:main"}}'
    workplace.configure(f"{htpasswd.host}/team/app", logins=(htpasswd.host,), more=cache)
    process = workplace.start("run", "--steps", "build,tag,push", "--no-gate", "--format", "json", "-v")
    lines: set[bytes] = set()
    while process.poll() is None:
        lines.update(command_lines())
    stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    assert json.loads(stdout)["images"]["app"]["pushed"]
    with destinations(login=Credential(USER, PASSWORD), hosts=(htpasswd.host,)) as opened:
        assert opened.repository(Repository.parse(f"{htpasswd.host}/team/cache")).tags() == ("main",)
    assert any(b"buildx" in line for line in lines)
    everything = stdout + stderr + "".join(line.decode(errors="replace") for line in lines)
    assert [secret for secret in SECRETS if secret in everything] == []
    assert (workplace.own_directories(), workplace.holding(*SECRETS)) == ([], [])


def test_without_the_login_that_build_fails(htpasswd: Registry, workplace: Workplace) -> None:
    (workplace.project / "Dockerfile").write_text(f"FROM {htpasswd.host}/team/base:1.0\nCOPY Dockerfile /\n")
    workplace.configure(f"{htpasswd.host}/team/app")
    done = workplace.run("build")
    assert done.returncode == 3
    assert "401 Unauthorized" in done.stderr or "authentication required" in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
def test_a_signal_takes_the_logins_away(
    htpasswd: Registry, workplace: Workplace, number: signal.Signals, code: int
) -> None:
    with_fake_docker(workplace, "exec sleep 60")
    process = workplace.start("build")
    until((workplace.root / "seen").exists)
    given = seen(workplace)
    assert (workplace.root / "seen.ls").read_text().startswith("drwx------")
    assert json.loads((workplace.root / "seen.json").read_text())["auths"] == {htpasswd.host: {"auth": PAIR}}
    assert workplace.own_directories() == [given]
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=10)
    assert process.returncode == code, stderr
    (workplace.root / "seen.json").unlink()
    assert (workplace.own_directories(), workplace.holding(*SECRETS)) == ([], [])
    assert [secret for secret in SECRETS if secret in stdout + stderr] == []


def test_a_failing_build_takes_the_logins_away_and_shows_none(workplace: Workplace) -> None:
    with_fake_docker(workplace, f"echo 'ERROR: failed with {PAIR} and {PASSWORD}' >&2; exit 1")
    done = workplace.run("build", "-v")
    assert done.returncode == 3
    assert "failed with *** and ***" in done.stderr
    assert [secret for secret in SECRETS if secret in done.stdout + done.stderr] == []
    (workplace.root / "seen.json").unlink()
    (workplace.root / "bin" / "docker").unlink()
    assert (workplace.own_directories(), workplace.holding(*SECRETS)) == ([], [])


def test_what_a_killed_run_left_goes_at_the_next_start_and_another_runs_stays(workplace: Workplace) -> None:
    with_fake_docker(workplace, "exec sleep 60")
    killed, going = workplace.start("build", "--workdir", "one"), None
    try:
        until((workplace.root / "seen").exists)
        left = seen(workplace)
        (workplace.root / "seen").unlink()
        killed.kill()
        killed.communicate()
        assert workplace.own_directories() == [left]
        going = workplace.start("build", "--workdir", "two")
        until((workplace.root / "seen").exists)
        assert workplace.own_directories() == [seen(workplace)] != [left]
        assert workplace.run("logout", "--workdir", "three").stdout == "there was no login\n"
        assert workplace.own_directories() == [seen(workplace)]
    finally:
        for process in (killed, going):
            if process is not None and process.poll() is None:
                process.terminate()
                process.communicate(timeout=10)
    assert workplace.own_directories() == []


def test_where_the_docker_config_says_it_all_nothing_is_written(htpasswd: Registry, workplace: Workplace) -> None:
    with_fake_docker(workplace, "exit 1")
    (workplace.home / ".docker").mkdir()
    (workplace.home / ".docker" / "config.json").write_text(json.dumps({"auths": {htpasswd.host: {"auth": PAIR}}}))
    workplace.env["DOCKER_CONFIG"] = str(workplace.home / ".docker")
    assert workplace.run("build").returncode == 3
    assert seen(workplace) == workplace.home / ".docker"


def test_the_logins_of_login_serve_later_commands_without_the_password(
    htpasswd: Registry, workplace: Workplace
) -> None:
    with_fake_docker(workplace, "exit 1")
    assert workplace.run("login").returncode == 0
    (place,) = workplace.own_directories()
    workplace.configure(f"{htpasswd.host}/team/app")
    assert workplace.run("build").returncode == 3
    assert seen(workplace) == place
    checked = workplace.run("login", "--check", "--format", "json")
    assert (checked.returncode, json.loads(checked.stdout)["repositories"][0]["user"]) == (0, USER)
    assert workplace.run("logout").returncode == 0
    assert workplace.run("login", "--check").returncode == 4


def test_a_ci_jobs_own_login_reaches_the_build(workplace: Workplace) -> None:
    with_fake_docker(workplace, "exit 1")
    workplace.configure("ghcr.io/acme/app")
    workplace.env |= {"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": "ghs-canary-token", "GITHUB_ACTOR": "octo"}
    assert workplace.run("build").returncode == 3
    (auth,) = json.loads((workplace.root / "seen.json").read_text())["auths"].values()
    assert base64.b64decode(auth["auth"]).decode() == "octo:ghs-canary-token"
    assert workplace.own_directories() == []
