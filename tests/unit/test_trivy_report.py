"""Trivy's report: what is taken from it, and what is not believed."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.errors import ToolError
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.findings import Finding, PlatformFindings, Severity
from ci_toolkit.scanners.base import Target
from ci_toolkit.scanners.trivy_report import parse

TARGET = Target(
    image="backend",
    platform="linux/arm64",
    manifest=Digest.of(b"manifest"),
    config=Digest.of(b"config"),
    layout=Path("layout"),
    report=Path("report.json"),
)
URLLIB3 = {
    "VulnerabilityID": "CVE-2019-11324",
    "VendorIDs": ["GHSA-mh33-7rrq-662w"],
    "PkgName": "urllib3",
    "PkgPath": "app/urllib3-1.24.1.dist-info/METADATA",
    "PkgIdentifier": {"PURL": "pkg:pypi/urllib3@1.24.1", "UID": "8ce7b3a38716cf60"},
    "InstalledVersion": "1.24.1",
    "FixedVersion": "1.24.2",
    "Status": "fixed",
    "Layer": {"Digest": "sha256:" + "1" * 64, "DiffID": "sha256:" + "2" * 64},
    "SeveritySource": "ghsa",
    "PrimaryURL": "https://avd.aquasec.com/nvd/cve-2019-11324",
    "Title": "certification mishandle",
    "Severity": "HIGH",
    "CVSS": {"nvd": {"V2Score": 5.0, "V3Score": 7.5}, "ghsa": {"V3Score": 7.1, "V40Score": 6.3}},
    "PublishedDate": "2019-04-18T21:29:00Z",
}


def report(*vulnerabilities: object, **changes: Any) -> dict[str, Any]:
    result = {
        "Target": "Python",
        "Class": "lang-pkgs",
        "Type": "python-pkg",
        "Packages": [{"Name": "urllib3"}],
        "Vulnerabilities": list(vulnerabilities),
    }
    return {
        "SchemaVersion": 2,
        "Trivy": {"Version": "0.76.0"},
        "Metadata": {"OS": {"Family": "debian", "Name": "12.5"}, "ImageID": str(TARGET.config)},
        "Results": [result, {"Target": "/tmp/layout (debian 12.5)", "Class": "os-pkgs", "Type": "debian"}],
        **changes,
    }


def read(document: object) -> PlatformFindings:
    return parse(json.dumps(document).encode(), TARGET)[0]


def test_layers_are_named_by_their_history() -> None:
    made = {"created_by": "COPY app /app # buildkit", "comment": "buildkit.dockerfile.v0"}
    document = report(URLLIB3)
    document["Metadata"] |= {
        "Layers": [{"Digest": "sha256:" + "1" * 64, "DiffID": "sha256:" + "2" * 64}],
        "ImageConfig": {"history": [{"created_by": "ENV A=b", "empty_layer": True}, made]},
    }
    found = read(document)
    [layer] = found.layers
    assert (layer.created_by, layer.diff_id, layer.base) == ("COPY app /app", "sha256:" + "2" * 64, None)
    assert found.layer_of(found.findings[0]) == layer


def test_everything_a_report_says_of_a_finding_is_kept() -> None:
    findings, version = parse(json.dumps(report(URLLIB3)).encode(), TARGET)
    assert version == "0.76.0"
    assert (findings.platform, findings.digest, findings.os) == ("linux/arm64", TARGET.manifest, "debian 12.5")
    assert (findings.packages, findings.end_of_life, findings.complete) == (1, False, True)
    assert findings.findings == (
        Finding(
            id="CVE-2019-11324",
            aliases=("GHSA-mh33-7rrq-662w",),
            package="urllib3",
            purl="pkg:pypi/urllib3@1.24.1",
            installed="1.24.1",
            fixed="1.24.2",
            status="fixed",
            severity=Severity.HIGH,
            severity_source="ghsa",
            title="certification mishandle",
            url="https://avd.aquasec.com/nvd/cve-2019-11324",
            published="2019-04-18T21:29:00Z",
            kind="lang-pkgs",
            type="python-pkg",
            path="app/urllib3-1.24.1.dist-info/METADATA",
            layer="sha256:" + "1" * 64,
            score=6.3,
        ),
    )


def test_four_fields_are_enough() -> None:
    least = {"VulnerabilityID": "CVE-1", "PkgName": "x", "InstalledVersion": "1", "Severity": "WORRYING"}
    [finding] = read(report(least)).findings
    assert (finding.id, finding.severity, finding.fixable, finding.score) == ("CVE-1", Severity.UNKNOWN, False, None)


@pytest.mark.parametrize("path", ["", "/usr/bin/app"])
def test_a_binary_without_a_package_path_is_its_own_place(path: str) -> None:
    binary = {**URLLIB3, "PkgPath": path}
    document = report(binary)
    document["Results"][0]["Target"] = "usr/bin/app"
    [finding] = read(document).findings
    assert finding.path == "usr/bin/app"


def test_a_distributions_package_has_no_path_of_our_own_making() -> None:
    document = report({**URLLIB3, "PkgPath": ""})
    document["Results"][0] |= {"Class": "os-pkgs", "Target": "/tmp/layout (debian 12.5)"}
    [finding] = read(document).findings
    assert finding.path == ""


def test_the_end_of_life_is_noticed() -> None:
    metadata = {"OS": {"Family": "debian", "Name": "9.13", "EOSL": True}, "ImageID": str(TARGET.config)}
    assert read(report(Metadata=metadata)).end_of_life


def test_nothing_recognised_is_incomplete() -> None:
    findings = read({"SchemaVersion": 2, "Metadata": {"ImageID": str(TARGET.config)}})
    assert (findings.complete, findings.os, findings.packages) == (False, "", 0)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "schema version None"),
        ([], "schema version None"),
        (report(SchemaVersion=99), "schema version 99"),
        (report(Metadata={"ImageID": str(Digest.of(b"other"))}), "is about image sha256:"),
        (report(Metadata={}), "is about image None"),
        (report(Metadata=[]), "Metadata is no object"),
        (report(Results={}), "Results is no list"),
        (report(Results=["x"]), "something else than objects"),
        (report("x"), "something else than objects"),
        (report({**URLLIB3, "VulnerabilityID": ""}), "without VulnerabilityID"),
        (report({**URLLIB3, "PkgName": None}), "without PkgName"),
        (report({**URLLIB3, "Severity": 4}), "Severity is no string"),
        (report({**URLLIB3, "FixedVersion": ["1"]}), "FixedVersion is no string"),
    ],
)
def test_a_report_of_another_shape_or_image_is_not_believed(document: object, said: str) -> None:
    with pytest.raises(ToolError, match=said):
        read(document)


def test_a_report_about_what_lies_above_a_base_image_alone_is_not_believed() -> None:
    document = report(URLLIB3)
    made, end = {"created_by": "COPY a /a"}, {"created_by": "CMD a", "empty_layer": True}
    document["Metadata"]["ImageConfig"] = {"history": [made, end, made]}
    with pytest.raises(ToolError, match="about a part of it only"):
        read(document)


@given(st.integers(0, 10_000))
def test_a_report_cut_off_anywhere_is_not_believed(length: int) -> None:
    data = json.dumps(report(URLLIB3)).encode()
    with pytest.raises(ToolError, match="backend linux/arm64 is broken"):
        parse(data[: length % len(data)], TARGET)


@pytest.mark.parametrize("data", [b"\xff\xfe", b"[" * 100_000, b"9" * 5_000, b"null\0"])
def test_what_is_no_json_is_not_believed(data: bytes) -> None:
    with pytest.raises(ToolError, match="Trivy's report on backend"):
        parse(data, TARGET)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(URLLIB3)), json_values)
def test_any_value_in_any_field_gives_a_finding_or_a_tool_error(field: str, value: object) -> None:
    with suppress(ToolError):
        [finding] = read(report({**URLLIB3, field: value})).findings
        assert finding.id
