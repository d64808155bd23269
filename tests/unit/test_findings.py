"""Findings: when two are the same, how they count, and that the file keeps everything."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ci_toolkit.errors import IntegrityError, UsageError
from ci_toolkit.files import packaged_schema
from ci_toolkit.model.findings import Counts, Finding, ImageFindings, Severity, by_weight
from ci_toolkit.model.purl import without_version
from ci_toolkit.report.findings_file import read_findings, write_findings
from tests.harness.findings import URLLIB3, ZLIB, image, platform

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("word", ["", "BOGUS", "negligible", "none"])
def test_a_word_nobody_knows_is_unknown(word: str) -> None:
    assert Severity.parse(word) is Severity.UNKNOWN


@pytest.mark.parametrize(
    ("purl", "bare"),
    [
        ("pkg:pypi/urllib3@1.24.1", "pkg:pypi/urllib3"),
        ("pkg:deb/debian/zlib1g@1.2.13.dfsg-1?arch=amd64&distro=debian-12.5", "pkg:deb/debian/zlib1g"),
        ("pkg:npm/%40angular/core@1.0.0#dist", "pkg:npm/%40angular/core"),
        ("pkg:golang/example.com/x", "pkg:golang/example.com/x"),
        ("", ""),
    ],
)
def test_a_purl_without_its_version(purl: str, bare: str) -> None:
    assert without_version(purl) == bare


def test_another_version_of_the_package_is_the_same_finding() -> None:
    later = replace(
        URLLIB3, installed="1.24", purl="pkg:pypi/urllib3@1.24", path="app/urllib3-1.24.dist-info/METADATA"
    )
    assert later.key == URLLIB3.key
    assert replace(URLLIB3, path="opt/urllib3-1.24.1.dist-info/METADATA").key != URLLIB3.key
    assert replace(URLLIB3, id="CVE-1").key != URLLIB3.key


def test_findings_count_once_over_all_platforms_at_their_worst() -> None:
    worse = replace(URLLIB3, severity=Severity.CRITICAL)
    found = image(platform(URLLIB3, ZLIB), platform(worse, name="linux/arm64"))
    assert found.counts() == Counts(critical=2)


def test_order_is_worst_first_then_what_can_be_fixed() -> None:
    unfixed = replace(URLLIB3, id="CVE-1", fixed="")
    unknown = replace(URLLIB3, severity=Severity.UNKNOWN)
    assert by_weight([unknown, unfixed, URLLIB3, ZLIB]) == [ZLIB, URLLIB3, unfixed, unknown]


texts = st.text(max_size=20)
anything = st.builds(
    Finding,
    id=st.text(min_size=1, max_size=20),
    package=st.text(min_size=1, max_size=20),
    installed=texts,
    severity=st.sampled_from(Severity),
    aliases=st.lists(texts, max_size=2).map(tuple),
    purl=texts,
    fixed=texts,
    status=texts,
    severity_source=texts,
    title=texts,
    url=texts,
    published=texts,
    kind=texts,
    type=texts,
    path=texts,
    layer=texts,
    score=st.none() | st.floats(0, 10),
)


@given(st.lists(anything, max_size=3))
def test_the_document_keeps_everything_and_the_schema_takes_it(findings: list[Finding]) -> None:
    whole = image(platform(*findings, end_of_life=True), platform(name="linux/arm64", os="", packages=0))
    document = json.loads(json.dumps(whole.as_json()))
    assert list(Draft202012Validator(json.loads(packaged_schema("findings.schema.json"))).iter_errors(document)) == []
    assert ImageFindings.from_json(document) == whole


def test_the_file_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    whole = image(platform(URLLIB3, ZLIB), database_updated=None, database_repository=None)
    write_findings(tmp_path / "findings.json", whole)
    assert read_findings(tmp_path / "findings.json") == whole


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "can't be read"),
        ("[" * 100_000, "can't be read"),
        ("[]", "no valid findings file"),
        ('{"version": 2}', "version 2"),
        ('{"version": 1, "image": "x"}', "required property"),
    ],
)
def test_a_file_nobody_can_trust_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "findings.json").write_text(content)
    with pytest.raises(IntegrityError, match=said):
        read_findings(tmp_path / "findings.json")


def test_no_file_is_the_users_order_of_steps(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no findings at"):
        read_findings(tmp_path / "findings.json")
