"""SARIF of lint: what code scanning makes of it, whatever manifests and file names hold."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Any, get_args

import pytest

from ci_toolkit.model.lint import RULES, LintFinding, Rule
from ci_toolkit.report.lint_sarif import lint_sarif

FINDING = LintFinding(
    rule="missing-digest",
    level="warning",
    file="deploy/app.yaml",
    line=8,
    column=14,
    message="ghcr.io/acme/app:1.4 is not pinned by digest",
    image="ghcr.io/acme/app:1.4",
)


def made(*findings: LintFinding) -> dict[str, Any]:
    data, _ = lint_sarif(findings, lambda file: file)
    [run] = json.loads(data)["runs"]
    return dict(run)


def fingerprint(finding: LintFinding) -> str:
    [result] = made(finding)["results"]
    return str(result["partialFingerprints"]["primaryLocationLineHash"])


def test_a_finding_is_an_alert_at_its_place() -> None:
    run = made(FINDING)
    [result] = run["results"]
    assert (result["ruleId"], result["level"]) == ("missing-digest", "warning")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "missing-digest"
    assert result["message"]["text"] == FINDING.message
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "deploy/app.yaml"},
        "region": {"startLine": 8, "startColumn": 14},
    }
    assert run["automationDetails"]["id"].endswith("/")


def test_every_rule_is_explained_and_nothing_found_closes_the_alerts() -> None:
    run = made()
    assert run["results"] == []
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(RULES) == list(get_args(Rule))
    assert all(rule["help"]["markdown"] and rule["fullDescription"]["text"] for rule in run["tool"]["driver"]["rules"])


@pytest.mark.parametrize(
    "image", ["ghcr.io/acme/app:1.5", "ghcr.io/acme/app", "ghcr.io/acme/app:1.4@sha256:" + "0" * 64]
)
def test_another_tag_or_digest_is_the_same_alert(image: str) -> None:
    assert fingerprint(FINDING) == fingerprint(replace(FINDING, image=image, line=99))


@pytest.mark.parametrize(
    "other",
    [
        {"image": "ghcr.io/acme/app-web:1.4"},
        {"image": "localhost:5000/app:1.4"},
        {"file": "deploy/web.yaml"},
        {"rule": "registry"},
    ],
)
def test_anything_else_is_another_alert(other: dict[str, Any]) -> None:
    assert fingerprint(FINDING) != fingerprint(replace(FINDING, **other))


def test_the_same_image_twice_in_a_file_is_two_alerts() -> None:
    first, second = made(FINDING, replace(FINDING, line=12))["results"]
    assert first["partialFingerprints"] != second["partialFingerprints"]


def test_a_port_is_part_of_the_name() -> None:
    one, other = (replace(FINDING, image=f"localhost:{port}/app") for port in (5000, 5001))
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize("file", ["a b/ü.yaml", "x\n::error::.yaml", "#[?]%.yaml", "\udcff.yaml"])
def test_hostile_names_are_valid_addresses(file: str) -> None:
    [result] = made(replace(FINDING, file=file))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert not set(uri) & set(" \n#?[]")


def test_hostile_words_are_one_line_without_links() -> None:
    [result] = made(replace(FINDING, message="x\n::error::y \x1b[31m[click](https://evil.example)"))["results"]
    text = result["message"]["text"]
    assert "\n" not in text
    assert "\x1b" not in text
    assert "::error" not in text
    assert "\\[click\\]" in text


def test_more_than_github_takes_is_cut_with_the_errors_first() -> None:
    many = [replace(FINDING, line=line) for line in range(1, 6_001)]
    error = replace(FINDING, rule="registry", level="error", line=7_000)
    data, left_out = lint_sarif([*many, error], lambda file: file)
    results = json.loads(data)["runs"][0]["results"]
    assert (len(results), left_out) == (5_000, 1_001)
    assert results[0]["level"] == "error"
    assert len(gzip.compress(data)) < 10_000_000
