"""`scan.server`: a Trivy server's database gives the same verdict, up to an age, and its token is seen nowhere."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.named_scans import VULNERABLE, Places
from tests.harness.trivy_server import running_server

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from tests.conftest import Stack

    Command = Callable[..., subprocess.CompletedProcess[str]]

TOKEN = "s3cret-of-the-scanner"
SERVER = "  server: {{url: '{url}', token: '${{SCAN_TOKEN}}'}}\n"


@pytest.fixture(scope="module")
def server(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_server(tmp_path_factory.mktemp("server"), stack, TOKEN) as url:
        yield url


@pytest.fixture
def places(tmp_path: Path, stack: Stack) -> Places:
    made = Places(tmp_path, stack.registry, stack.database)
    made.layout("bad", {"linux/amd64": VULNERABLE})
    return made


def scan(
    run_command: Command, places: Places, *arguments: str, token: str = TOKEN
) -> subprocess.CompletedProcess[str]:
    env = {"SCAN_TOKEN": token, "XDG_CACHE_HOME": str(places.root / "cache"), "TRIVY_SERVER": "http://localhost:9"}
    return run_command("scan", "oci:bad", "--output", "json", *arguments, cwd=places.root, env=env)


def test_the_servers_database_decides_and_none_is_fetched(places: Places, run_command: Command, server: str) -> None:
    places.config(SERVER.format(url=server))
    result = scan(run_command, places, "-v")
    assert result.returncode == 1, result.stderr
    found = json.loads(result.stdout)["oci:bad"]
    assert found["blocking"] == ["CVE-2019-10906 jinja2 2.10 (high)"]
    assert (found["database_repository"], bool(found["database_updated"])) == (server, True)
    assert not list((places.root / "cache").rglob("trivy.db"))
    assert TOKEN not in result.stdout + result.stderr
    kept = [file for file in places.root.rglob("*") if file.is_file() and TOKEN.encode() in file.read_bytes()]
    assert kept == []


def test_the_plan_names_the_server_and_no_token(places: Places, run_command: Command, server: str) -> None:
    places.config(SERVER.format(url=server))
    result = run_command("scan", "oci:bad", "--dry-run", cwd=places.root, env={"SCAN_TOKEN": TOKEN})
    assert f"--server={server}" in result.stdout
    assert "refresh the vulnerability database" not in result.stdout
    assert TOKEN not in result.stdout


def test_a_wrong_token_is_no_verdict(places: Places, run_command: Command, server: str) -> None:
    places.config(SERVER.format(url=server))
    result = scan(run_command, places, token="another")
    assert (result.returncode, "--server=" in result.stderr) == (3, False)
    assert "next: give `scan.server.token` the token that the Trivy server was started with" in result.stderr
    result = scan(run_command, places, token="")
    assert (result.returncode, "scan.server.token: its variable isn't set" in result.stderr) == (2, True)


def test_a_database_older_than_allowed_is_no_verdict(places: Places, run_command: Command, server: str) -> None:
    places.config(SERVER.format(url=server))
    config = places.root / ".ci-toolkit.yml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("  database:\n", "  database:\n    max-age: 1s\n"), encoding="utf-8")
    result = scan(run_command, places)
    assert result.returncode == 3
    assert f"the vulnerability database of {server} was made" in result.stderr


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("http://localhost:9", 3, "the Trivy server doesn't answer"),
        ("http://trivy.example.com", 2, "this would be plain HTTP"),
        ("https://user:word@trivy.example.com", 2, "is no server's address"),
        ("ftp://localhost", 2, "is no server's address"),
    ],
)
def test_what_is_no_server_is_told(places: Places, run_command: Command, url: str, code: int, said: str) -> None:
    places.config(SERVER.format(url=url))
    result = scan(run_command, places)
    assert (result.returncode, said in result.stderr) == (code, True), result.stderr


def test_something_else_that_answers_there_is_no_server(places: Places, run_command: Command, stack: Stack) -> None:
    places.config(SERVER.format(url=f"http://{stack.registry}"))
    result = scan(run_command, places)
    assert (result.returncode, "/version answers 404" in result.stderr) == (3, True), result.stderr


def test_a_trivy_in_a_container_gets_the_token_by_its_environment(
    places: Places, run_command: Command, server: str
) -> None:
    config = SERVER.format(url=server) + "  trivy-image: ci-toolkit-stack/trivy:0.76.0\n"
    places.config(config)
    path = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if not (Path(p) / "trivy").exists())
    result = run_command("scan", "oci:bad", cwd=places.root, env={"SCAN_TOKEN": TOKEN, "PATH": path})
    assert result.returncode == 1, result.stderr
    assert "the gate refuses oci:bad: 1 blocking" in result.stderr
