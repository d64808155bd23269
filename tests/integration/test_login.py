"""`login` and `logout`: what later commands, docker and buildx find, and that nothing of it is anywhere else."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.harness.registry import PASSWORD, USER, Issuer, free_port, running_registry
from tests.harness.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.registry import Registry

PAIR = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with (
        Issuer(tmp_path_factory.mktemp("issuer")).running() as issuer,
        running_registry(tmp_path_factory.mktemp("token"), issuer=issuer) as running,
    ):
        yield running


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path / "workplace")


def docker_sees(workplace: Workplace, image: str, exports: str) -> subprocess.CompletedProcess[str]:
    """Whether docker, in a shell that takes these exports, can read an image."""
    return subprocess.run(
        ["/bin/sh", "-c", f"{exports}\nexec docker buildx imagetools inspect --raw {image}"],
        env=workplace.environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_logins_are_proven_written_for_us_alone_used_by_docker_and_removed(
    htpasswd: Registry, guarded: Registry, workplace: Workplace
) -> None:
    hosts = (htpasswd.host, guarded.host)
    workplace.configure(*(f"{host}/team/app" for host in hosts), logins=hosts)
    done = workplace.run("login")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if "logged in" in line] == [
        f"{host}: logged in as {USER}" for host in hosts
    ]
    (place,) = workplace.own_directories()
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o600}
    assert workplace.holding(PASSWORD, PAIR) == [place / "config.json"]
    assert not (workplace.project / ".ci-toolkit").exists()

    shell = workplace.run("login", "--shell")
    assert shell.stdout.splitlines()[0] == f"export DOCKER_CONFIG={place}"
    assert PASSWORD not in done.stdout + shell.stdout + shell.stderr
    image = f"{htpasswd.host}/team/base:1.0"
    assert docker_sees(workplace, image, "").returncode != 0
    assert "manifests" in docker_sees(workplace, image, shell.stdout).stdout

    gone = workplace.run("logout")
    assert gone.stdout == f"removed {place}: {', '.join(hosts)}\n"
    assert (workplace.own_directories(), workplace.holding(PASSWORD, PAIR)) == ([], [])
    again = workplace.run("logout", "--format", "json")
    assert (again.returncode, json.loads(again.stdout)["removed"]) == (0, None)


def test_the_login_wins_over_the_users_credential_store_and_only_for_its_host(
    htpasswd: Registry, workplace: Workplace
) -> None:
    programs = workplace.root / "bin"
    programs.mkdir()
    helper, log = programs / "docker-credential-store", workplace.root / "asked"
    helper.write_text(
        f'#!/bin/sh\nread host\necho "$host" >> {log}\necho credentials not found in native keychain\nexit 1\n'
    )
    helper.chmod(0o755)
    (workplace.home / ".docker").mkdir()
    own = {"credsStore": "store", "HttpHeaders": {"X-Team": "ours"}}
    (workplace.home / ".docker" / "config.json").write_text(json.dumps(own))
    workplace.env["PATH"] = f"{programs}:{os.environ['PATH']}"
    workplace.configure(f"{htpasswd.host}/team/app", "127.0.0.1:1/team/app", logins=(htpasswd.host,))
    shell = workplace.run("login", "--shell")
    assert shell.returncode == 0
    assert log.read_text().splitlines() == ["127.0.0.1:1"]
    assert "manifests" in docker_sees(workplace, f"{htpasswd.host}/team/base:1.0", shell.stdout).stdout
    (place,) = workplace.own_directories()
    assert json.loads((place / "config.json").read_text())["HttpHeaders"] == {"X-Team": "ours"}
    assert json.loads((workplace.home / ".docker" / "config.json").read_text()) == own


def test_contexts_builders_and_plugins_of_the_user_stay_in_reach(htpasswd: Registry, workplace: Workplace) -> None:
    def docker(*arguments: str, **variables: str) -> str:
        env = {**workplace.environment(), **variables}
        done = subprocess.run(["docker", *arguments], env=env, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    docker("context", "create", "far", "--docker", "host=tcp://127.0.0.1:1")
    docker("context", "use", "far")
    docker("buildx", "create", "--name", "remote-one", "--driver", "remote", "tcp://127.0.0.1:1")
    plugin = workplace.home / ".docker" / "cli-plugins" / "docker-canary"
    plugin.parent.mkdir(parents=True)
    metadata = '{"SchemaVersion": "0.1.0", "Vendor": "us", "Version": "1"}'
    plugin.write_text(f"#!/bin/sh\n[ \"$1\" = docker-cli-plugin-metadata ] && echo '{metadata}' || echo it sings\n")
    plugin.chmod(0o755)
    workplace.configure(f"{htpasswd.host}/team/app", logins=(htpasswd.host,))
    login = json.loads(workplace.run("login", "--format", "json").stdout)
    variables = login["environment"]
    assert docker("context", "show", **variables).strip() == "far"
    assert "remote-one" in docker("buildx", "ls", **variables)
    assert "it sings" in docker("canary", **variables)
    assert workplace.run("logout").returncode == 0
    assert (docker("context", "show").strip(), plugin.is_file()) == ("far", True)


def test_a_refused_login_is_named_and_the_others_are_kept(
    htpasswd: Registry, guarded: Registry, workplace: Workplace
) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    config = workplace.project / ".ci-toolkit.yml"
    workplace.configure(*(f"{h}/team/app" for h in (htpasswd.host, guarded.host, nobody)), logins=(htpasswd.host,))
    text = config.read_text().replace(
        "images:", f'  "{guarded.host}": {{auth: {{username: ci, password: "${{BAD}}"}}}}\nimages:'
    )
    config.write_text(text)
    workplace.env["BAD"] = "a-wrong-canary"
    done = workplace.run("login", "--format", "json")
    assert done.returncode == 4
    logins = {login["registry"]: login for login in json.loads(done.stdout)["logins"]}
    assert [logins[h]["proven"] for h in (htpasswd.host, guarded.host, nobody)] == [True, False, False]
    assert "401" in logins[guarded.host]["error"]
    assert guarded.host in done.stderr
    assert "a-wrong-canary" not in done.stdout + done.stderr
    assert workplace.holding("a-wrong-canary", base64.b64encode(b"ci:a-wrong-canary").decode()) == []
    assert len(workplace.holding(PAIR)) == 1


def test_one_registry_at_a_time_and_unknown_ones_are_refused(
    htpasswd: Registry, guarded: Registry, workplace: Workplace
) -> None:
    hosts = (htpasswd.host, guarded.host)
    workplace.configure(*(f"{host}/team/app" for host in hosts), logins=hosts)
    for host in hosts:
        assert workplace.run("login", "--registry", host).returncode == 0
    (place,) = workplace.own_directories()
    assert set(json.loads((place / "config.json").read_text())["auths"]) == set(hosts)
    unknown = workplace.run("login", "--registry", "ghcr.io")
    assert (unknown.returncode, "none of the config's registries" in unknown.stderr) == (2, True)


def test_a_host_that_shall_be_asked_by_nobody_has_no_login_left(htpasswd: Registry, workplace: Workplace) -> None:
    (workplace.home / ".docker").mkdir()
    own = {"auths": {htpasswd.host: {"auth": PAIR}, "ghcr.io": {"auth": "bWU6bWluZS1hbG9uZQ=="}}}
    (workplace.home / ".docker" / "config.json").write_text(json.dumps(own))
    workplace.configure(f"{htpasswd.host}/team/app")
    assert f"logged in as {USER} (from the Docker config)" in workplace.run("login").stdout
    config = workplace.project / ".ci-toolkit.yml"
    config.write_text(
        config.read_text().replace("images:", f'registries: {{"{htpasswd.host}": {{auth: anonymous}}}}\nimages:')
    )
    assert workplace.run("login").returncode == 0
    (place,) = workplace.own_directories()
    assert list(json.loads((place / "config.json").read_text())["auths"]) == ["ghcr.io"]


@pytest.mark.parametrize(
    "arguments", [("login", "--dry-run"), ("login", "--check", "--dry-run"), ("run", "--dry-run")]
)
def test_a_dry_run_writes_nothing_and_asks_nobody(workplace: Workplace, arguments: tuple[str, ...]) -> None:
    host = f"127.0.0.1:{free_port()}"
    workplace.configure(f"{host}/team/app", logins=(host,))
    done = workplace.run(*arguments)
    assert (done.returncode, workplace.own_directories()) == (0, [])
    assert f"http://{host}/v2/" in done.stdout
    assert workplace.holding(PASSWORD, PAIR) == []


def test_a_place_that_somebody_else_prepared_is_refused(htpasswd: Registry, workplace: Workplace) -> None:
    workplace.configure(f"{htpasswd.host}/team/app", logins=(htpasswd.host,))
    assert workplace.run("login").returncode == 0
    (place,) = workplace.own_directories()
    workplace.run("logout")
    trap = workplace.root / "trap"
    trap.mkdir()
    place.symlink_to(trap)
    done = workplace.run("login")
    assert (done.returncode, "belongs to somebody else" in done.stderr) == (3, True)
    assert (list(trap.iterdir()), workplace.holding(PASSWORD, PAIR)) == ([], [])
