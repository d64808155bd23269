"""Which registries and repositories a config speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import UsageError
from ci_toolkit.model.access import Access, Wanted, by_host
from ci_toolkit.model.reference import Repository
from ci_toolkit.registry.granted import granted_by
from ci_toolkit.report.logins import check_text
from ci_toolkit.steps.login_targets import targets
from tests.harness.configs import loaded

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
version: 1
registries:
  base.example.test: {auth: anonymous}
  ghcr.io: {create: true}
images:
  app:
    repositories: [ghcr.io/acme/app, acme/app, "oci:out"]
    immutable-tags: ["v*"]
    cache: {type: registry, ref: "cache.example.test/app:main"}
  web:
    repositories: [ghcr.io/acme/web]
    cache: {type: inline, ref: "ghcr.io/acme/web:main"}
environments:
  prod:
    images: [app]
    repositories: {app: [prod.example.test/app, ghcr.io/acme/app]}
    tags: ["{version}"]
    immutable-tags: ["p-*"]
"""


def test_each_repository_is_wanted_once_for_all_that_use_it(tmp_path: Path) -> None:
    config = loaded(tmp_path, CONFIG)
    found = {each.name: each for each in targets(config, config.images)}
    assert {name: (each.write, each.used_by) for name, each in found.items()} == {
        "ghcr.io/acme/app": (True, ("app", "prod")),
        "docker.io/acme/app": (True, ("app",)),
        "cache.example.test/app": (True, ("cache of app",)),
        "ghcr.io/acme/web": (True, ("web", "cache of web")),
        "prod.example.test/app": (True, ("prod",)),
        "base.example.test": (False, ("registries",)),
    }
    assert found["ghcr.io/acme/app"].create
    assert found["ghcr.io/acme/app"].immutable == ("v*", "p-*")
    assert next([each.name for each in host] for host in by_host(list(found.values()))) == [
        "ghcr.io/acme/app",
        "ghcr.io/acme/web",
    ]


@pytest.mark.parametrize(
    ("registry", "names"),
    [
        ("ghcr.io", ["ghcr.io/acme/app", "ghcr.io/acme/web"]),
        ("docker.io", ["docker.io/acme/app"]),
        ("registry-1.docker.io", ["docker.io/acme/app"]),
        ("base.example.test", ["base.example.test"]),
    ],
)
def test_one_registry_can_be_chosen(tmp_path: Path, registry: str, names: list[str]) -> None:
    config = loaded(tmp_path, CONFIG)
    assert [each.name for each in targets(config, config.images, registry)] == names


@pytest.mark.parametrize("registry", ["quay.io", "nonsense", "-x", "GHCR.IO evil", "ghcr.io/acme", "https://ghcr.io"])
def test_another_registry_is_refused(tmp_path: Path, registry: str) -> None:
    config = loaded(tmp_path, CONFIG)
    with pytest.raises(UsageError):
        targets(config, config.images, registry)


def test_one_image_leaves_the_others_aside(tmp_path: Path) -> None:
    config = loaded(tmp_path, CONFIG)
    found = targets(config, {"web": config.images["web"]})
    assert [each.name for each in found] == ["ghcr.io/acme/web", "base.example.test"]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic abc",
        "Bearer x",
        "Bearer a.b.c",
        "Bearer e30.e30.x",
        "Bearer e30.W10.x",
        "Bearer a.bm8.c",
        "Bearer ...",
    ],
)
def test_a_token_that_says_nothing_is_no_token_that_grants_nothing(header: str) -> None:
    assert granted_by(header) is None


def test_what_registries_say_is_made_harmless_and_told_once() -> None:
    host = "r.example.test"
    rows = [
        Access(
            wanted=Wanted(host=host, repository=Repository(host, path), write=True),
            reachable=False,
            problem="boom \x1b[31m::error::x\nsecond line",
            hint="mend it",
        )
        for path in ("a", "b")
    ]
    text = check_text(rows)
    assert "\x1b" not in text
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert text.count("boom") == 1
    assert f"{host}/a, {host}/b: boom" in text
    assert [line.split()[0] for line in text.splitlines()[1:3]] == ["FAIL", "FAIL"]


def test_a_quarantine_is_written_to(tmp_path: Path) -> None:
    handoff = "version: 1\nhandoff: registry\nquarantine: wait.example.test/q\n"
    config = loaded(tmp_path, f"{handoff}images: {{app: {{repositories: [ghcr.io/a/b]}}}}\n")
    found = {each.name: each for each in targets(config, config.images)}
    assert (found["wait.example.test/q"].write, found["wait.example.test/q"].used_by) == (True, ("quarantine",))
