"""What a config means: defaults, paths, names and hashes in the frozen options."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.config.load import load
from ci_toolkit.config.options import AuthOptions, Author, CommitOptions, SigningOptions
from ci_toolkit.model.findings import Severity
from ci_toolkit.model.policy import Thresholds
from ci_toolkit.model.reference import LayoutRepository, Repository
from ci_toolkit.model.tags import TagRule
from tests.harness.configs import ENV, GOLDEN, SMALL, image_of, loaded, refused, refused_image

if TYPE_CHECKING:
    from pathlib import Path


def test_defaults(tmp_path: Path) -> None:
    config = loaded(tmp_path, SMALL)
    image = config.images["app"]
    assert (image.name, image.context, image.dockerfile) == ("app", tmp_path, tmp_path / "Dockerfile")
    assert (image.target, image.title, image.licenses, image.version_file) == (None, None, None, None)
    assert (image.platforms, image.ssh) == ((), ())
    assert (image.cache.type, image.cache.ref, image.cache.path) == ("none", None, None)
    assert (image.provenance, image.reproducible, image.scratch) == ("min", True, False)
    assert image.repositories == (Repository("ghcr.io", "acme/app"),)
    assert image.tags == (TagRule("sha-{sha:7}"), TagRule("{version}"))
    gate = config.scan.gate
    assert (gate.thresholds, gate.fixable_only, gate.ignores) == (Thresholds.everywhere(Severity.HIGH), False, ())
    assert (gate.unknown, gate.end_of_life_os, gate.incomplete) == ("warn", "warn", "fail")
    assert config.scan.database.repositories == ()
    assert config.scan.database.max_age == timedelta(hours=48)
    assert config.scan.timeout == timedelta(minutes=15)
    assert config.sarif.category == "container/{image}"
    assert (config.builder.name, config.builder.create) == (None, True)
    assert (dict(config.registries), config.pin, config.secrets) == ({}, (), ())


def test_everything() -> None:
    config = load(GOLDEN / "right" / "full.yml", ENV)
    root = config.root
    backend, frontend = config.images.values()
    assert backend.context == root / "services/backend"
    assert backend.dockerfile == root / "services/docker/Dockerfile.prod"
    assert backend.platforms == ("linux/amd64", "linux/arm64", "linux/arm/v7")
    assert backend.build_args == {"GO_VERSION": "1.23", "EMPTY": ""}
    assert backend.build_contexts == {
        "shared": str(root / "libs/shared"),
        "base": "docker-image://debian:bookworm-slim",
        "layout": f"oci-layout://{root / 'out/base'}",
        "stage": "target:other",
        "source": "https://example.com/source.git",
    }
    assert [(s.env, str(s.file)) for s in backend.secrets.values()] == [
        ("NPM_TOKEN", "None"),
        (None, "/etc/ssl/ca.pem"),
        (None, str(root / "keys/key")),
    ]
    assert (backend.cache.type, backend.cache.ref) == ("registry", "ghcr.io/acme/backend-cache:main")
    assert backend.repositories[1] == LayoutRepository(".ci-toolkit/registry/backend")
    assert backend.tags[2:] == (
        TagRule("{date:%Y%m%d%H%M%S}", None, "Europe/Berlin"),
        TagRule("latest", "highest-version"),
    )
    assert backend.version_file == root / "VERSION"
    assert config.commit == CommitOptions(
        mode="push",
        repository="git@git.example.com:acme/gitops.git",
        token="gitops-token",
        ssh_key="/run/secrets/deploy-key",
        known_hosts="git.example.com ssh-ed25519 AAAA",
        signing=SigningOptions(format="ssh", key=""),
        branch="main",
        remote="origin",
        message="deploy: {image} {digest:12}",
        author=Author(name="Deploy Bot", email="deploy@example.com"),
        request_prefix="bot/deploy",
        skip_ci=True,
    )
    assert (frontend.cache.type, frontend.cache.path) == ("local", root / ".ci-toolkit/cache/frontend")
    (ignore,) = config.scan.gate.ignores
    assert (ignore.id, ignore.image, ignore.expires) == ("CVE-2023-45853", "backend", date(2027, 3, 31))
    assert config.scan.database.max_age == timedelta(hours=36)
    registry = config.registries["registry.example.com"]
    assert registry.auth == AuthOptions(provider="login", username="ci", password=ENV["REGISTRY_PASSWORD"])
    auth = {host: options.auth for host, options in config.registries.items() if options.auth}
    assert auth["ghcr.io"] == AuthOptions(provider="github")
    assert auth["example.azurecr.io"] == AuthOptions(provider="acr", tenant_id="tenant", client_id="client")
    ecr = config.registries["123456789012.dkr.ecr.eu-central-1.amazonaws.com"]
    assert (ecr.create, ecr.auth and ecr.auth.role) == (True, "arn:aws:iam::123456789012:role/ci")
    staging, production = config.environments.values()
    assert (staging.source, staging.images, staging.tags[1]) == ("build", ("backend",), TagRule("staging"))
    assert (staging.pin[0].files, staging.pin[0].images) == (("deploy/staging/**/*.yaml",), ("backend",))
    assert (production.source, production.immutable_tags) == ("staging", ("production-*",))
    assert production.repositories == {"backend": (Repository("registry.example.com", "prod/backend"),)}
    assert (production.pin[0].style, production.pin[0].expect) == ("digest", 3)
    assert config.secrets == (ENV["REGISTRY_PASSWORD"], ENV["GITOPS_TOKEN"], ENV["NPM_TOKEN"])
    assert (config.pin[0].expect, config.pin[0].style) == (2, "digest")
    assert (config.pin[1].images, config.pin[1].style) == ((), "tag-and-digest")


def test_anchors_and_merges() -> None:
    one, two, three = load(GOLDEN / "right" / "anchors.yml", {}).images.values()
    assert one.platforms == two.platforms == three.platforms == ("linux/amd64", "linux/arm64")
    assert (two.labels, three.labels) == ({"team": "platform"}, {"team": "other"})
    assert [str(image.repositories[0]) for image in (two, three)] == ["ghcr.io/acme/two", "ghcr.io/acme/three"]


@pytest.mark.parametrize(
    ("cache", "ref"),
    [
        ("registry", "ghcr.io/acme/app:buildcache"),
        ("{ type: registry }", "ghcr.io/acme/app:buildcache"),
        ('{ type: registry, ref: "{repository}/cache:x" }', "ghcr.io/acme/app/cache:x"),
        ('{ type: inline, ref: "{repository}:main" }', "ghcr.io/acme/app:main"),
        ("inline", None),
        ("{ type: inline }", None),
        ("gha", None),
    ],
)
def test_cache_in_the_registry(tmp_path: Path, cache: str, ref: str | None) -> None:
    assert image_of(tmp_path, f"cache: {cache}").images["app"].cache.ref == ref


@pytest.mark.parametrize("cache", ["registry", "{ type: registry }", '{ type: inline, ref: "{repository}:x" }'])
def test_cache_without_a_registry(tmp_path: Path, cache: str) -> None:
    text = f'version: 1\nimages:\n  app:\n    repositories: ["oci:registry"]\n    cache: {cache}\n'
    (violation,) = refused(tmp_path, text)
    assert violation.startswith("5:12: images.app.cache: none of the image's repositories is on a registry")


def test_options_of_another_cache(tmp_path: Path) -> None:
    assert refused_image(tmp_path, "cache: { type: gha, ref: ghcr.io/acme/cache, path: x }") == [
        "5:30: images.app.cache.ref: it goes with the type registry or inline alone",
        "5:56: images.app.cache.path: it goes with the type local alone",
    ]


def test_no_gate(tmp_path: Path) -> None:
    assert loaded(tmp_path, SMALL + "scan: { gate: { severity: none } }\n").scan.gate.is_off


def test_an_expired_ignore_is_no_error(tmp_path: Path) -> None:
    ignore = "{ id: CVE-2020-1, reason: r, owner: o, expires: 2020-01-31 }"
    config = loaded(tmp_path, SMALL + f"scan: {{ ignore: [{ignore}] }}\n")
    assert config.scan.gate.ignores[0].expires == date(2020, 1, 31)


@pytest.mark.parametrize("name", ["docker.io", "index.docker.io", "Registry-1.docker.io"])
def test_hosts_are_known_by_one_name(tmp_path: Path, name: str) -> None:
    config = loaded(tmp_path, SMALL + f"registries: {{ {name}: {{ insecure: true }} }}\n")
    assert config.registries["docker.io"].insecure


def test_hashes_say_what_a_section_means(tmp_path: Path) -> None:
    first = loaded(tmp_path, SMALL)
    spelled_out = loaded(tmp_path, "# comment\n" + SMALL + "    context: '.'\n    provenance: min\nscan: {}\n")
    assert (first.images_hash, first.policy_hash) == (spelled_out.images_hash, spelled_out.policy_hash)
    assert first.images_hash.startswith("sha256:")
    other_image = image_of(tmp_path, "target: x")
    assert other_image.images_hash != first.images_hash
    assert other_image.policy_hash == first.policy_hash
    other_policy = loaded(tmp_path, SMALL + "scan: { gate: { severity: low } }\n")
    assert other_policy.images_hash == first.images_hash
    assert other_policy.policy_hash != first.policy_hash


def test_hashes_know_no_secret(tmp_path: Path) -> None:
    text = (
        SMALL
        + "    secrets: { npm: { env: NPM_TOKEN } }\n"
        + 'registries: { a.b: { auth: { username: u, password: "${P}" } } }\n'
    )
    one = loaded(tmp_path, text, {"NPM_TOKEN": "one-value", "P": "one-password"})
    other = loaded(tmp_path, text, {"NPM_TOKEN": "other-value", "P": "other-password"})
    assert one.secrets == ("one-password", "one-value")
    assert (one.images_hash, one.policy_hash) == (other.images_hash, other.policy_hash)


def test_files_are_named_as_the_user_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (violation,) = refused(tmp_path, "[]\n")
    assert violation.startswith(".ci-toolkit.yml:1:1: ")
