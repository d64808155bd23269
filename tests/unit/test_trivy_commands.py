"""Trivy's command lines: what nobody but us has a say in."""

from __future__ import annotations

from pathlib import Path

import pytest

from ci_toolkit.model.digest import Digest
from ci_toolkit.scanners.base import Target
from ci_toolkit.scanners.trivy import cache_directory
from ci_toolkit.scanners.trivy_commands import Private, container, download_argv, scan_argv

PRIVATE = Private(Path("/project/scan"))
TARGET = Target(
    image="backend",
    platform="linux/amd64",
    manifest=Digest.of(b"m"),
    config=Digest.of(b"c"),
    layout=Path("/project/scan/backend/linux-amd64/layout"),
    report=Path("/project/scan/backend/linux-amd64/report.json"),
)
SHUT_OUT = {
    "--config=/project/scan/empty.yaml",
    "--ignorefile=/project/scan/empty.yaml",
    "--secret-config=/project/scan/.wh.secrets.yaml",
    "--module-dir=/project/scan/empty",
    "--skip-version-check",
}


def test_a_scan_reports_everything_and_judges_nothing() -> None:
    argv = scan_argv(("trivy",), TARGET, PRIVATE, ["vulnerability"], seconds=300)
    assert argv[:2] == ("trivy", "image")
    assert set(argv) >= SHUT_OUT | {
        "--input=/project/scan/backend/linux-amd64/layout",
        "--output=/project/scan/backend/linux-amd64/report.json",
        "--format=json",
        "--exit-code=0",
        "--list-all-pkgs",
        "--skip-db-update",
        "--skip-java-db-update",
        "--offline-scan",
        "--cache-backend=fs",
        "--timeout=300s",
    }
    assert not [part for part in argv if part.startswith(("--severity", "--ignore-unfixed", "--ignore-status"))]


@pytest.mark.parametrize("repository", ["localhost:5000/trivy-db:2", None, "--config=/etc/passwd"])
def test_a_repository_is_never_read_as_a_flag(repository: str | None) -> None:
    argv = download_argv(("trivy",), Path("/cache"), repository, PRIVATE, seconds=60)
    assert set(argv) >= SHUT_OUT | {"--download-db-only", "--cache-dir=/cache", "--timeout=60s"}
    named = [part for part in argv if "repository" in part]
    assert named == ([f"--db-repository={repository}"] if repository else [])
    assert all(part.startswith("--") for part in argv[2:])


def test_the_index_of_java_archives_has_its_own_repositories() -> None:
    argv = download_argv(("trivy",), Path("/cache"), "r/trivy-java-db:1", PRIVATE, seconds=60, java=True)
    assert {"--download-java-db-only", "--java-db-repository=r/trivy-java-db:1"} <= set(argv)


@pytest.mark.parametrize(("online", "network"), [(True, "--network=host"), (False, "--network=none")])
def test_a_container_sees_only_what_the_scan_needs(online: bool, network: str) -> None:
    mounts = [Path("/project/scan"), Path("/cache")]
    argv = container("aquasec/trivy@sha256:0", mounts, Path("/project/scan/empty"), user="1000:1000", online=online)
    assert argv[:3] == ("docker", "run", "--rm")
    assert argv[-2:] == ("--entrypoint=trivy", "aquasec/trivy@sha256:0")
    assert network in argv
    assert [part for part in argv if part.startswith("--mount")] == [
        "--mount=type=bind,source=/project/scan,target=/project/scan",
        "--mount=type=bind,source=/cache,target=/cache",
    ]
    assert {"--user=1000:1000", "--workdir=/project/scan/empty"} <= set(argv)


@pytest.mark.parametrize(
    ("env", "directory"),
    [
        ({"XDG_CACHE_HOME": "/x", "HOME": "/home/me"}, "/x/ci-toolkit/trivy"),
        ({"XDG_CACHE_HOME": "", "HOME": "/home/me"}, "/home/me/.cache/ci-toolkit/trivy"),
        ({}, "/var/tmp/ci-toolkit/trivy"),
    ],
)
def test_databases_are_kept_outside_the_workspace(env: dict[str, str], directory: str) -> None:
    assert cache_directory(env) == Path(directory)
