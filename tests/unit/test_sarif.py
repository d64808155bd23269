"""SARIF: what code scanning makes of it, over rebuilds, platforms, hostile titles and too many findings."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from ci_toolkit.errors import IntegrityError
from ci_toolkit.files import packaged_schema
from ci_toolkit.model.findings import Finding, ImageFindings, Severity
from ci_toolkit.model.policy import Ignore
from ci_toolkit.report.sarif import Ignored, Origin, Report, category_of, sarif_report
from ci_toolkit.report.sarif_rules import security_severity
from ci_toolkit.report.sarif_schema import validate
from tests.harness.findings import URLLIB3, ZLIB, image, platform
from tests.harness.layered import GLIBC, LAYERS, PYTHON, ROOT, layered

ORIGIN = Origin(
    dockerfile="services/back end/Dockerfile",
    line=7,
    repository="https://github.com/acme/shop",
    revision="a" * 40,
    branch="main",
)
ENTRY = Ignore(id="CVE-2019-11324", reason="not reachable", owner="platform", expires=date(2027, 1, 31))


def report(findings: ImageFindings, origin: Origin = ORIGIN, ignored: Ignored | None = None) -> Report:
    return sarif_report(findings, origin, category="container/{image}", ignored=ignored or {})


def runs(findings: ImageFindings, **options: Any) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = json.loads(report(findings, **options).data)["runs"]
    return made


def fingerprints(findings: ImageFindings) -> list[str]:
    return [r["partialFingerprints"]["primaryLocationLineHash"] for run in runs(findings) for r in run["results"]]


def test_one_run_a_platform_each_of_its_own_category() -> None:
    made = runs(image(platform(URLLIB3), platform(URLLIB3, name="linux/arm/v7")))
    assert [run["automationDetails"]["id"] for run in made] == [
        "container/backend/linux-amd64/",
        "container/backend/linux-arm-v7/",
    ]
    assert {run["tool"]["driver"]["name"] for run in made} == {"Trivy"}


@pytest.mark.parametrize(
    ("template", "category"),
    [
        ("container/{image}", "container/app/linux-arm64/"),
        ("container/{image}/{platform}", "container/app/linux-arm64/"),
        ("{platform}/{image}/", "linux-arm64/app/"),
        ("container", "container/app/linux-arm64/"),
        ("container/", "container/app/linux-arm64/"),
        ("", "app/linux-arm64/"),
        ("{platform}", "linux-arm64/app/"),
    ],
)
def test_a_category_names_image_and_platform_and_ends_in_a_slash(template: str, category: str) -> None:
    assert category_of(template, "app", "linux/arm64") == category


def test_an_alert_says_what_where_and_how_to_mend_it() -> None:
    found = image(platform(URLLIB3))
    [run] = runs(found)
    [result] = run["results"]
    assert result["ruleId"] == "CVE-2019-11324:urllib3"
    assert run["tool"]["driver"]["rules"][result.get("ruleIndex", 0)]["id"] == result["ruleId"]
    assert result["level"] == "error"
    assert result["message"]["text"] == (
        "urllib3 1.24.1 at /app/urllib3-1.24.1.dist-info/METADATA in image backend (linux/amd64, "
        f"{found.digest}) has CVE-2019-11324, severity high, fixed in 1.24.2: urllib3: certification mishandle"
    )
    [location] = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "services/back%20end/Dockerfile"},
        "region": {"startLine": 7, "startColumn": 1},
    }
    assert location["logicalLocations"] == [
        {"name": "METADATA", "fullyQualifiedName": "app/urllib3-1.24.1.dist-info/METADATA", "kind": "resource"}
    ]
    assert run["versionControlProvenance"] == [
        {"repositoryUri": "https://github.com/acme/shop", "revisionId": "a" * 40, "branch": "main"}
    ]


def test_an_alert_stands_at_the_line_that_brought_it_and_keeps_its_fingerprint_when_the_line_moves() -> None:
    [run] = runs(layered(GLIBC, PYTHON, ROOT))
    lines = [r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in run["results"]]
    assert lines == [3, 9, 7]
    assert [r["locations"][0]["logicalLocations"][0]["name"] for r in run["results"]] == [
        "libc6", "METADATA", "image config"
    ]  # fmt: skip
    moved = layered(GLIBC, PYTHON, ROOT)
    layers = tuple(replace(layer, line=layer.line + 10, digest=f"sha256:{layer.line:064}") for layer in LAYERS)
    moved = replace(moved, platforms=tuple(replace(p, layers=layers) for p in moved.platforms))
    assert fingerprints(moved) == fingerprints(layered(GLIBC, PYTHON, ROOT))


def test_packages_that_share_a_vulnerability_keep_their_own_advice() -> None:
    other = replace(URLLIB3, package="urllib3-next", purl="pkg:pypi/urllib3-next@2", installed="2", fixed="2.6.3")
    [run] = runs(image(platform(URLLIB3, other)))
    helps = {rule["id"]: rule["help"]["markdown"] for rule in run["tool"]["driver"]["rules"]}
    assert "| Fixed in | 1.24.2 |" in helps["CVE-2019-11324:urllib3"]
    assert "| Fixed in | 2.6.3 |" in helps["CVE-2019-11324:urllib3-next"]


@pytest.mark.parametrize(
    ("severity", "score", "shown"),
    [
        (Severity.CRITICAL, 9.8, "9.8"),
        (Severity.CRITICAL, 5.0, "9.0"),
        (Severity.CRITICAL, None, "9.5"),
        (Severity.HIGH, 9.8, "8.9"),
        (Severity.HIGH, 0.0, "7.0"),
        (Severity.MEDIUM, 6.5, "6.5"),
        (Severity.MEDIUM, 9.9, "6.9"),
        (Severity.LOW, 9.8, "3.9"),
        (Severity.LOW, 0.0, "0.1"),
        (Severity.UNKNOWN, 9.8, None),
    ],
)
def test_the_score_stays_in_the_gates_band(severity: Severity, score: float | None, shown: str | None) -> None:
    assert security_severity(severity, score) == shown
    [run] = runs(image(platform(replace(URLLIB3, severity=severity, score=score))))
    assert run["tool"]["driver"]["rules"][0]["properties"].get("security-severity") == shown


def test_a_rebuild_with_another_version_keeps_the_alert() -> None:
    rebuilt = replace(
        URLLIB3,
        installed="1.24",
        purl="pkg:pypi/urllib3@1.24?x=y",
        path="app/urllib3-1.24.dist-info/METADATA",
        layer="",
        title="another title",
    )
    before = fingerprints(image(platform(URLLIB3)))
    assert fingerprints(image(platform(rebuilt))) == before
    assert fingerprints(image(platform(URLLIB3), image="frontend")) != before
    assert fingerprints(image(platform(replace(URLLIB3, path="opt/x")))) != before


def test_fingerprints_differ_within_a_run() -> None:
    twice = [replace(URLLIB3, installed=version, path="") for version in ("1", "2")]
    prints = fingerprints(image(platform(*twice, ZLIB)))
    assert len(set(prints)) == 3


def test_what_is_ignored_is_suppressed_and_nothing_else() -> None:
    ignored: Ignored = {"linux/amd64": {URLLIB3.key: ENTRY}}
    [run] = runs(image(platform(URLLIB3, ZLIB)), ignored=ignored)
    suppressions = {r["ruleId"]: r["suppressions"] for r in run["results"]}
    assert suppressions == {
        "CVE-2019-11324:urllib3": [
            {
                "kind": "external",
                "status": "accepted",
                "justification": "not reachable (owner: platform, until 2027-01-31)",
            }
        ],
        "CVE-2023-45853:zlib1g": [],
    }


def test_an_image_without_findings_closes_its_alerts_by_an_empty_run() -> None:
    [run] = runs(image(platform()))
    assert run["results"] == []
    assert run["automationDetails"]["id"] == "container/backend/linux-amd64/"


def test_the_same_findings_in_any_order_give_the_same_bytes() -> None:
    assert report(image(platform(URLLIB3, ZLIB))).data == report(image(platform(ZLIB, URLLIB3))).data


def test_too_many_findings_lose_the_least_severe_and_say_so() -> None:
    low = [replace(URLLIB3, id=f"CVE-1-{n}", severity=Severity.LOW) for n in range(5_000)]
    made = report(image(platform(*low, URLLIB3, ZLIB)))
    [run] = json.loads(made.data)["runs"]
    assert len(run["results"]) == 5_000
    assert [r["ruleId"] for r in run["results"][:2]] == ["CVE-2023-45853:zlib1g", "CVE-2019-11324:urllib3"]
    assert made.cuts == ("the 2 least severe findings: code scanning shows 5000 a run",)
    assert (run["properties"]["findings"], run["properties"]["shown"]) == (5_002, 5_000)
    assert len(gzip.compress(made.data)) < 10_000_000


def test_more_platforms_than_an_upload_takes_are_cut_and_said() -> None:
    made = report(image(*(platform(name=f"linux/arm/v{n}") for n in range(23))))
    assert len(json.loads(made.data)["runs"]) == 20
    assert made.cuts == ("3 platforms: an upload may have 20 runs",)


def test_a_hostile_title_neither_links_nor_acts() -> None:
    title = "\x1b[31m::add-mask::x <img src=x onerror=alert(1)> [click](https://evil.test) | `x`\n##[error]y"
    [run] = runs(image(platform(replace(URLLIB3, title=title, url="javascript:alert(1)"))))
    text = run["results"][0]["message"]["text"]
    assert r"\[click\](" in text
    assert "\x1b" not in text
    assert "##[" not in text
    rule = run["tool"]["driver"]["rules"][0]
    assert "helpUri" not in rule
    assert "&lt;img" in rule["help"]["markdown"]
    assert "[click]" not in rule["help"]["markdown"].replace("\\[", "").replace("\\]", "")
    assert "javascript" not in rule["help"]["markdown"]


wild = st.text(max_size=30)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(
            Finding,
            id=st.text(min_size=1, max_size=30),
            package=st.text(min_size=1, max_size=30),
            installed=wild,
            severity=st.sampled_from(Severity),
            purl=wild,
            title=wild,
            url=wild,
            path=wild,
            type=wild,
            score=st.none() | st.floats(0, 10),
        ),
        max_size=3,
    )
)
def test_whatever_is_found_the_official_schema_takes_it(findings: list[Finding]) -> None:
    document = json.loads(report(image(platform(*findings))).data)
    validator = Draft4Validator(
        json.loads(packaged_schema("sarif-2.1.0.json")), format_checker=Draft4Validator.FORMAT_CHECKER
    )
    assert list(validator.iter_errors(document)) == []
    assert len(document["runs"][0]["results"]) == len(findings)


@pytest.mark.parametrize("repository", [None, "git@github.com:acme/shop", "https://github.com/acme/shop"])
def test_provenance_is_given_only_as_a_web_address(repository: str | None) -> None:
    [run] = runs(image(platform()), origin=replace(ORIGIN, repository=repository))
    assert ("versionControlProvenance" in run) == (repository is not None and repository.startswith("https"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["runs", 0, "results", 0, "level"], "severe"),
        (["runs", 0, "results", 0, "locations", 0, "physicalLocation", "region", "startLine"], 0),
        (["runs", 0, "tool", "driver", "rules"], [{"id": "a"}, {"id": "a"}]),
        (["runs", 0, "surprise"], 1),
        (["version"], "2.0.0"),
    ],
)
def test_a_wrong_report_is_never_written(path: list[str | int], value: object) -> None:
    document = json.loads(report(image(platform(URLLIB3))).data)
    place: Any = document
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    with pytest.raises(IntegrityError, match="the SARIF report is wrong at"):
        validate(document)
