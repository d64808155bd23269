"""`login --check` at real registries: it tells a good, a read-only and a wrong login apart, and leaves nothing."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from ci_toolkit.model.reference import Repository
from ci_toolkit.registry.credentials import Credential
from tests.harness.pushing import destinations, sample_image
from tests.harness.registry import PASSWORD, USER, Issuer, free_port, running_registry
from tests.harness.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.registry import Registry


@pytest.fixture(scope="module")
def anyone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running_registry(tmp_path_factory.mktemp("anyone")) as running:
        yield running


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path / "workplace")


def check(workplace: Workplace, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, rows, and what was said."""
    done = workplace.run("login", "--check", "--format", "json", *arguments)
    assert PASSWORD not in done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["ok"] is (done.returncode == 0)
    return done.returncode, document["repositories"], done.stderr


def facts(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("ok", "login", "user", "pull", "push", "exists"))


def files(registry: Registry) -> list[str]:
    """What a registry keeps, but for the bookkeeping that it leaves itself of uploads it was told to cancel."""
    found = (str(path.relative_to(registry.storage)) for path in registry.storage.rglob("*") if path.is_file())
    return sorted(path for path in found if "/hashstates/" not in path)


def test_a_good_a_read_only_and_a_wrong_login_are_told_apart(
    htpasswd: Registry, by_token: Registry, issuer: Issuer, workplace: Workplace
) -> None:
    both = (htpasswd.host, by_token.host)
    workplace.configure(*(f"{host}/team/new" for host in both), logins=both)
    good = (True, "accepted", USER, "yes", "yes", "at the first push")
    code, rows, _ = check(workplace)
    assert (code, [facts(row) for row in rows]) == (0, [good, good])

    issuer.grants = ("pull",)
    code, rows, _ = check(workplace)
    assert (code, facts(rows[0]), facts(rows[1])) == (4, good, (False, "accepted", USER, "yes", "no", "no"))
    assert "grants pull for team/new, not push" in rows[1]["problem"]
    assert f"give {USER} the right to push" in rows[1]["hint"]

    workplace.env["PW"] = "not-the-password"
    code, rows, said = check(workplace)
    wrong = (False, "refused", USER, "unknown", "unknown", "unknown")
    assert (code, [facts(row) for row in rows]) == (4, [wrong, wrong])
    assert all("refuses the login of ci" in row["problem"] and "correct the login" in row["hint"] for row in rows)
    assert "2 of 2 fail the check" in said


def test_a_repository_that_is_there_is_seen_and_nothing_is_left(
    htpasswd: Registry, by_token: Registry, issuer: Issuer, workplace: Workplace, tmp_path: Path
) -> None:
    there = [Repository.parse(f"{host}/team/there") for host in (htpasswd.host, by_token.host)]
    image = sample_image(tmp_path / "image")
    login = Credential(USER, PASSWORD)
    with destinations(login=login, hosts=tuple(repository.registry for repository in there)) as opened:
        for repository in there:
            opened.push(repository, *image, ["1.0"])
    names = [str(repository) for repository in there]
    fresh = [f"{repository.registry}/team/fresh" for repository in there]
    before = files(htpasswd), files(by_token)
    workplace.configure(*names, *fresh, logins=(htpasswd.host, by_token.host), more='    immutable-tags: ["v*"]')
    for _ in range(2):
        code, rows, _ = check(workplace)
        assert code == 0
        assert [row["exists"] for row in rows] == ["yes", "yes", "at the first push", "at the first push"]
        assert {row["immutable_tags"] for row in rows} == {"v* (config)"}
    assert (files(htpasswd), files(by_token)) == before
    assert issuer.asked


def test_without_a_login_it_says_what_anybody_may_do(
    htpasswd: Registry, by_token: Registry, anyone: Registry, issuer: Issuer, workplace: Workplace
) -> None:
    issuer.anonymous = True
    workplace.configure(*(f"{registry.host}/team/app" for registry in (htpasswd, by_token, anyone)))
    code, rows, _ = check(workplace)
    assert code == 4
    assert facts(rows[0]) == (False, "none", None, "unknown", "unknown", "unknown")
    assert "there is none for it" in rows[0]["problem"]
    assert facts(rows[1])[:5] == (False, "none", None, "yes", "no")
    assert "without a login" in rows[1]["problem"]
    assert "docker login" in rows[1]["hint"]
    assert facts(rows[2]) == (True, "none", None, "yes", "yes", "at the first push")


def test_who_cannot_be_reached_is_told_and_stops_nobody_else(
    htpasswd: Registry, anyone: Registry, tls: Registry, workplace: Workplace
) -> None:
    by_http = f"127.1:{anyone.host.partition(':')[2]}"
    nobody, nowhere = f"127.0.0.1:{free_port()}", "registry.invalid"
    hosts = (htpasswd.host, tls.host, by_http, nobody, nowhere)
    workplace.configure(*(f"{host}/team/app" for host in hosts), logins=(htpasswd.host, tls.host))
    code, rows, _ = check(workplace)
    assert code == 4
    assert [row["reachable"] for row in rows] == [True, False, False, False, False]
    assert [row["ok"] for row in rows] == [True, False, False, False, False]
    words = ["", "certificate verify failed", "TLS failed", "no answer", "no answer"]
    assert all(word in (row["problem"] or "") for row, word in zip(rows, words, strict=True))
    hints = ["", "SSL_CERT_FILE", "insecure: true", "is the host up", "is the host up"]
    assert all(word in (row["hint"] or "") for row, word in zip(rows, hints, strict=True))

    workplace.env["SSL_CERT_FILE"] = str(tls.certificate)
    _, rows, _ = check(workplace, "--registry", tls.host)
    assert [facts(row)[:5] for row in rows] == [(True, "accepted", USER, "yes", "yes")]


def test_a_host_that_never_answers_takes_ten_seconds_at_most(workplace: Workplace) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=8) as silent:
        workplace.configure(f"127.0.0.1:{silent.getsockname()[1]}/team/app")
        began = time.monotonic()
        code, rows, _ = check(workplace)
        took = time.monotonic() - began
    assert (code, rows[0]["reachable"]) == (4, False)
    assert took < 12


def test_a_base_images_registry_and_a_cache_are_looked_at_too(
    htpasswd: Registry, anyone: Registry, workplace: Workplace
) -> None:
    cache = f'    cache: {{type: registry, ref: "{htpasswd.host}/team/cache:main"}}'
    workplace.configure(f"{htpasswd.host}/team/app", logins=(htpasswd.host, anyone.host), more=cache)
    code, rows, _ = check(workplace)
    assert (code, [row["repository"] for row in rows]) == (
        0,
        [f"{htpasswd.host}/team/app", f"{htpasswd.host}/team/cache", None],
    )
    assert [row["used_by"] for row in rows] == [["app"], ["cache of app"], ["registries"]]


def test_people_get_a_table_and_words_for_each_row(htpasswd: Registry, workplace: Workplace) -> None:
    workplace.configure(f"{htpasswd.host}/team/app", f"127.0.0.1:{free_port()}/team/app", logins=(htpasswd.host,))
    done = workplace.run("login", "--check")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["repository", "as", "login", "pull", "push", "exists", "immutable", "tags"]
    assert lines[1].split()[:6] == ["PASS", f"{htpasswd.host}/team/app", USER, "accepted", "yes", "yes"]
    assert lines[2].split()[0] == "FAIL"
    assert "  next: is the host up" in done.stdout
    assert (done.returncode, workplace.own_directories()) == (4, [])
