"""What a config may say of baselines and of a Trivy server, beyond its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.configs import SMALL, loaded, refused

if TYPE_CHECKING:
    from pathlib import Path

PINS = 'pin: [{ files: ["deploy/*.yaml"] }]\nenvironments: { live: { tags: [live] } }\n'


@pytest.mark.parametrize(
    ("baseline", "said"),
    [
        ("{ tag: live, from: manifests }", "give exactly one of from, tag and findings; given: from and tag"),
        ("{ environment: live }", "given: none"),
        ("{ tag: live, environment: live }", "it goes with `from: manifests` alone"),
        ("{ from: manifests, environment: life }", 'no environment is called "life": did you mean live?'),
        ("{ from: manifests, environment: live }", "no manifest is pinned there"),
        ("{ tag: ':x' }", "tag"),
        ("{ findings: ../x.json }", "leads out of the config's directory"),
        ("{}", "baseline"),
    ],
)
def test_a_baseline_that_cannot_be_is_refused(tmp_path: Path, baseline: str, said: str) -> None:
    assert said in "\n".join(refused(tmp_path, f"{SMALL}scan: {{ baseline: {baseline} }}\n{PINS}"))


def test_without_pins_no_manifest_is_a_baseline(tmp_path: Path) -> None:
    (violation,) = refused(tmp_path, f"{SMALL}scan: {{ baseline: {{ from: manifests }} }}\n")
    assert "name files under `pin`" in violation


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ("{ url: 'http://trivy.example.com' }", "this would be plain HTTP"),
        ("{ url: 'https://ci:word@trivy.example.com' }", "is no server's address"),
        ("{ url: 'https://trivy.example.com/?x=1' }", "is no server's address"),
        ("{ url: 'https://trivy.example.com:99999' }", "is no server's address"),
        ("{ url: trivy.example.com }", "is no server's address"),
        ("{ token: '${TOKEN}' }", "url"),
        ("{ url: 'https://trivy.example.com', token: the-secret-itself }", "token"),
    ],
)
def test_a_server_that_cannot_be_is_refused(tmp_path: Path, server: str, said: str) -> None:
    violations = "\n".join(refused(tmp_path, f"{SMALL}scan: {{ server: {server} }}\n"))
    assert said in violations
    assert "the-secret-itself" not in violations


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("{ url: 'http://127.0.0.1:4954/' }", "http://127.0.0.1:4954"),
        ("{ url: 'http://[::1]:4954' }", "http://[::1]:4954"),
        ("{ url: 'http://trivy.example.com', insecure: true }", "http://trivy.example.com"),
        ("{ url: 'https://example.com/trivy' }", "https://example.com/trivy"),
    ],
)
def test_an_address_is_kept_without_its_last_slash(tmp_path: Path, server: str, url: str) -> None:
    options = loaded(tmp_path, f"{SMALL}scan: {{ server: {server} }}\n").scan.server
    assert options
    assert (options.url, options.token) == (url, None)


def test_only_the_job_that_scans_needs_the_token(tmp_path: Path) -> None:
    text = f"{SMALL}scan: {{ server: {{ url: 'https://example.com', token: '${{SCAN_TOKEN}}' }} }}\n"
    without, having = (loaded(tmp_path, text, env).scan.server for env in ({}, {"SCAN_TOKEN": "the-secret"}))
    assert (without and without.token, having and having.token) == ("", "the-secret")
    assert "the-secret" not in repr(having)
