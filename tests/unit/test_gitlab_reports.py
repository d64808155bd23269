"""Container scanning and code quality, as GitLab reads them: over rebuilds, branches, platforms, hostile words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_toolkit.errors import SourceLine
from ci_toolkit.model.context import CiContext
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.explanation import Explanation
from ci_toolkit.model.findings import Finding, ImageFindings, Severity
from ci_toolkit.model.gate import Decision
from ci_toolkit.model.policy import Ignore
from ci_toolkit.model.reference import LayoutRepository, Repository
from ci_toolkit.progress import Silent
from ci_toolkit.report.code_quality import MOST_ENTRIES, code_quality_report
from ci_toolkit.report.gitlab_image import gitlab_image
from ci_toolkit.report.gitlab_scanning import scanning_report
from ci_toolkit.state import ImageState, Source
from ci_toolkit.steps.gitlab_reports import GitLabReports
from ci_toolkit.steps.reports import Subject
from tests.harness.configs import loaded
from tests.harness.findings import URLLIB3, ZLIB, image, platform
from tests.harness.gitlab_reports import read_quality, read_scanning, tracked_as
from tests.harness.layered import GLIBC, PYTHON, ROOT, layered

if TYPE_CHECKING:
    from collections.abc import Mapping

GOLDEN = Path(__file__).parent.parent / "golden" / "gitlab"
MAIN = CiContext(platform="gitlab", event="push", branch="main", default_branch="main")
FEATURE = replace(MAIN, branch="feature/Größe")
REQUEST = replace(MAIN, branch=None, event="pull_request", pull_request=7)
RELEASE = replace(MAIN, branch=None, tag="v1.2.3", event="tag")
REPOSITORY = Repository("registry.example.com:5050", "acme/backend")
PLACE = SourceLine("services/backend/Dockerfile", 7)
ENTRY = Ignore(id="CVE-2023-45853", reason="minizip isn't built", owner="platform", expires=date(2027, 3, 31))
BOTH = image(platform(URLLIB3, ZLIB), platform(URLLIB3, name="linux/arm64"))


def scanning(
    findings: ImageFindings, context: CiContext = MAIN, ignored: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    named = gitlab_image(findings.image, [REPOSITORY], context)
    return read_scanning(scanning_report(findings, named, ignored=ignored or {}))


def quality(findings: ImageFindings, ignored: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    return read_quality(code_quality_report(findings, PLACE, ignored=ignored or {}).data)


@pytest.mark.parametrize("kind", ["container-scanning", "code-quality"])
def test_the_whole_file(kind: str) -> None:
    named = gitlab_image("backend", [REPOSITORY], FEATURE)
    made = {
        "container-scanning": scanning_report(BOTH, named, ignored={}),
        "code-quality": code_quality_report(BOTH, PLACE, ignored={}).data,
    }[kind]
    document = json.loads(made)
    if kind == "container-scanning":
        document["scan"]["analyzer"]["version"] = "VERSION"
    assert document == json.loads((GOLDEN / f"{kind}.json").read_text())


def test_a_finding_of_several_platforms_is_one_vulnerability() -> None:
    found = scanning(BOTH)["vulnerabilities"]
    assert [(v["severity"], v["location"]["dependency"]["package"]["name"]) for v in found] == [
        ("Critical", "zlib1g"),
        ("High", "urllib3"),
    ]
    assert found[1]["details"]["platforms"]["value"] == "linux/amd64, linux/arm64"
    assert [entry["check_name"] for entry in quality(BOTH)] == ["CVE-2023-45853", "CVE-2019-11324"]


def test_a_finding_is_told_at_its_worst_with_all_its_versions() -> None:
    other = replace(URLLIB3, installed="1.24", severity=Severity.CRITICAL, path="app/urllib3-1.24.dist-info/METADATA")
    (found,) = scanning(image(platform(URLLIB3), platform(other, name="linux/arm64")))["vulnerabilities"]
    assert (found["severity"], found["details"]["versions"]["value"]) == ("Critical", "1.24, 1.24.1")


@pytest.mark.parametrize(
    ("context", "tag", "default"),
    [
        (MAIN, "main", None),
        (FEATURE, "feature-Gr-e", "main"),
        (REQUEST, "merge-request-7", "main"),
        (RELEASE, "v1.2.3", "main"),
        (replace(MAIN, branch=None, default_branch=None), "unknown", None),
        (replace(MAIN, default_branch=None), "main", None),
        (replace(MAIN, branch="-x/" + "y" * 300), "x-" + "y" * 126, "main"),
    ],
)
def test_an_image_is_named_by_its_branch(context: CiContext, tag: str, default: str | None) -> None:
    named = gitlab_image("backend", [LayoutRepository("out"), REPOSITORY], context)
    assert (named.name, named.tag, named.default_tag) == (str(REPOSITORY), tag, default)
    (found,) = scanning(image(platform(ZLIB)), context)["vulnerabilities"]
    assert found["location"]["image"] == f"{REPOSITORY}:{tag}"
    assert found["location"].get("default_branch_image") == (f"{REPOSITORY}:{default}" if default else None)


def test_an_image_without_a_registry_or_with_too_long_a_name_goes_by_its_own() -> None:
    assert gitlab_image("backend", [LayoutRepository("out")], MAIN).reference == "backend:main"
    long = Repository("registry.example.com", "a" * 230)
    assert gitlab_image("backend", [long], replace(MAIN, branch="b" * 60)).reference == f"backend:{'b' * 60}"


def test_branches_releases_and_rebuilds_are_the_same_findings_to_gitlab() -> None:
    rebuilt = replace(
        URLLIB3,
        installed="1.24",
        purl="pkg:pypi/urllib3@1.24?x=y",
        path="app/urllib3-1.24.dist-info/METADATA",
        title="another title",
        layer="",
    )
    later = image(
        platform(rebuilt, ZLIB, os="debian 12.6"),
        digest=Digest.of(b"another"),
        scanned_at="2027-01-01T00:00:00+00:00",
        scanner_version="0.80.0",
    )
    first = scanning(image(platform(URLLIB3, ZLIB)))["vulnerabilities"]
    for context in (MAIN, FEATURE, REQUEST, RELEASE):
        again = scanning(later, context)["vulnerabilities"]
        assert [v["id"] for v in again] == [v["id"] for v in first]
        assert [tracked_as(v) for v in again] == [tracked_as(v) for v in first]
    before, after = quality(image(platform(URLLIB3, ZLIB))), quality(later)
    assert [e["fingerprint"] for e in after] == [e["fingerprint"] for e in before]


def test_two_images_share_no_id() -> None:
    one, other = image(platform(ZLIB)), image(platform(ZLIB), image="frontend")
    assert scanning(one)["vulnerabilities"][0]["id"] != scanning(other)["vulnerabilities"][0]["id"]
    assert quality(one)[0]["fingerprint"] != quality(other)[0]["fingerprint"]


def test_images_of_one_run_have_a_file_each_and_one_that_holds_both(tmp_path: Path) -> None:
    config = loaded(
        tmp_path, "version: 1\nimages: { api: { repositories: [x.io/api] }, web: { repositories: [x.io/web] } }\n"
    )
    scanned = {"api": "2026-11-24T10:00:00+00:00", "web": "2026-11-24T10:00:07+00:00"}
    step = GitLabReports(tmp_path, MAIN, Silent())
    for name, moment in scanned.items():
        options, found = config.images[name], image(platform(ZLIB), image=name, scanned_at=moment)
        step.make(
            Subject(
                options=options,
                image=ImageState(),
                findings=found,
                decision=Decision(verdict="pass", platforms={}),
                explanation=Explanation(image=name, day=date(2026, 11, 24)),
                place=PLACE,
                source=Source(images_hash="i"),
            )
        )
        planned = {action.path for action in step.plan("sarif", options, ImageState())}
        assert {str(file) for file in tmp_path.glob("reports/gl-*")} <= planned
    scanning_of, quality_of = "gl-container-scanning-report.json", "gl-code-quality-report.json"
    whole = read_scanning((tmp_path / "reports" / scanning_of).read_bytes())
    assert [v["location"]["image"] for v in whole["vulnerabilities"]] == ["x.io/api:main", "x.io/web:main"]
    assert (whole["scan"]["start_time"][-2:], whole["scan"]["end_time"][-2:]) == ("00", "07")
    assert len(read_quality((tmp_path / "reports" / quality_of).read_bytes())) == 2
    for name in scanned:
        assert len(read_scanning((tmp_path / "reports" / name / scanning_of).read_bytes())["vulnerabilities"]) == 1
        assert len(read_quality((tmp_path / "reports" / name / quality_of).read_bytes())) == 1


def test_what_is_ignored_everywhere_is_told_with_its_reason() -> None:
    ignored = {"linux/amd64": {URLLIB3.key: ENTRY, ZLIB.key: ENTRY}}
    made = scanning(BOTH, ignored=ignored)
    (found,) = made["vulnerabilities"]
    assert found["details"]["platforms"]["value"] == "linux/arm64"
    said = "ignored until 2027-03-31 by platform: minizip isn't built"
    assert made["scan"]["messages"] == [
        {"level": "info", "value": f"CVE-2023-45853 in zlib1g 1:1.2.13.dfsg-1 of image backend is {said}"}
    ]
    urllib, zlib = quality(BOTH, ignored)
    assert (urllib["check_name"], urllib["severity"]) == ("CVE-2019-11324", "critical")
    assert zlib["description"] == f"CVE-2023-45853 (critical) in zlib1g 1:1.2.13.dfsg-1 of image backend, {said}"
    assert zlib == quality(BOTH)[0] | {"severity": "info", "description": zlib["description"]}


def test_what_is_ignored_is_cut_before_what_is_not() -> None:
    many = [replace(ZLIB, id=f"CVE-2024-{n}") for n in range(1000, 2001 + MOST_ENTRIES)]
    full = image(platform(URLLIB3, *many))
    ignored = {"linux/amd64": {finding.key: ENTRY for finding in many}}
    messages = scanning(full, ignored=ignored)["scan"]["messages"]
    assert (len(messages), messages[-1]["value"]) == (1001, "1001 more of image backend are ignored")
    cut = code_quality_report(full, PLACE, ignored=ignored)
    entries = read_quality(cut.data)
    assert (len(entries), cut.left_out, entries[0]["check_name"]) == (MOST_ENTRIES, 1002, URLLIB3.id)


def test_an_image_without_findings_closes_what_was_open() -> None:
    assert scanning(image(platform()))["vulnerabilities"] == []
    assert quality(image(platform())) == []


def test_the_time_is_utc_without_a_zone() -> None:
    scan = scanning(image(platform(), scanned_at="2026-11-24T01:30:00+02:00"))["scan"]
    assert (scan["start_time"], scan["end_time"]) == ("2026-11-23T23:30:00", "2026-11-23T23:30:00")


@pytest.mark.parametrize(
    ("identifier", "kind", "address"),
    [
        ("CVE-2019-11324", "cve", "https://nvd.nist.gov/vuln/detail/CVE-2019-11324"),
        ("GHSA-mh33-7rrq-662w", "ghsa", "https://github.com/advisories/GHSA-mh33-7rrq-662w"),
        ("RUSTSEC-2021-0001", "rustsec", "https://avd.aquasec.com/x"),
        ("CVE-2019-1/../../evil", "cve", "https://avd.aquasec.com/x"),
        ("??", "trivy", "https://avd.aquasec.com/x"),
    ],
)
def test_every_id_has_a_kind_and_leads_somewhere(identifier: str, kind: str, address: str) -> None:
    finding = replace(ZLIB, id=identifier, url="https://avd.aquasec.com/x")
    (found,) = scanning(image(platform(finding)))["vulnerabilities"]
    assert found["identifiers"] == [{"type": kind, "name": identifier, "value": identifier, "url": address}]


def test_code_quality_stands_at_the_from_line_worst_first() -> None:
    severities = [Severity.UNKNOWN, Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL]
    found = quality(image(platform(*(replace(ZLIB, id=f"CVE-2024-100{s}", severity=s) for s in severities))))
    assert [entry["severity"] for entry in found] == ["blocker", "critical", "major", "minor", "info"]
    assert {json.dumps(entry["location"]) for entry in found} == {
        '{"path": "services/backend/Dockerfile", "lines": {"begin": 7}}'
    }


def test_code_quality_stands_at_the_line_that_brought_a_finding() -> None:
    assert [entry["location"]["lines"]["begin"] for entry in quality(layered(GLIBC, PYTHON, ROOT))] == [3, 9, 7]


def test_of_twenty_five_thousand_findings_all_are_told_or_the_worst() -> None:
    many = [replace(URLLIB3, id=f"CVE-2024-{n}", severity=Severity(n % 5)) for n in range(10_000, 35_000)]
    full, named = image(platform(*many)), gitlab_image("backend", [REPOSITORY], FEATURE)
    data = scanning_report(full, named, ignored={})
    cut = code_quality_report(full, PLACE, ignored={})
    assert len(read_scanning(data)["vulnerabilities"]) == 25_000
    assert (len(read_quality(cut.data)), cut.left_out) == (MOST_ENTRIES, 25_000 - MOST_ENTRIES)
    assert {entry["severity"] for entry in json.loads(cut.data)} == {"blocker"}


HOSTILE = st.text(max_size=400) | st.sampled_from(
    ["\x1b[0Ksection_end:1:x\r", "::error::x", "##[group]", "<script>", "\ud800", "a" * 5000, "\u2028", "javascript:x"]
)
FINDINGS = st.builds(
    Finding,
    id=HOSTILE.filter(bool),
    package=HOSTILE.filter(bool),
    installed=HOSTILE,
    severity=st.sampled_from(Severity),
    aliases=st.lists(HOSTILE.filter(bool), max_size=30).map(tuple),
    fixed=HOSTILE,
    status=st.sampled_from(["fixed", ""]) | HOSTILE,
    title=HOSTILE,
    url=HOSTILE,
    path=HOSTILE,
    purl=HOSTILE,
    severity_source=HOSTILE,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(FINDINGS, max_size=4), HOSTILE, HOSTILE, HOSTILE)
def test_whatever_the_database_says_gitlab_takes_it(
    found: list[Finding], system: str, branch: str, version: str
) -> None:
    findings = image(platform(*found, os=system), platform(*found, name="linux/arm64"), scanner_version=version)
    context = replace(MAIN, branch=branch or None, default_branch=version or None)
    assert len(scanning(findings, context)["vulnerabilities"]) == len({f.key for f in found})
    assert len(quality(findings)) == len({f.key for f in found})
    entry = replace(ENTRY, reason=system, owner=branch)
    everything = {p.platform: {f.key: entry for f in found} for p in findings.platforms}
    made = scanning(findings, context, everything)
    messages = [message["value"] for message in made["scan"].get("messages", ())]
    assert (made["vulnerabilities"], bool(messages)) == ([], bool(found))
    told = len({f.key for f in found})
    assert len(messages) == len(set(messages)) <= told
    assert [e["severity"] for e in quality(findings, everything)] == ["info"] * told


def test_a_base_image_is_no_way_out_for_what_the_image_brings_itself() -> None:
    own, of_base = scanning(layered(PYTHON)), scanning(layered(GLIBC))
    assert own["vulnerabilities"][0]["solution"] == "Upgrade urllib3 to 1.24.2"
    assert (
        of_base["vulnerabilities"][0]["solution"]
        == "Upgrade libc6 to 2.36-9+deb12u6, or the base image that brings it"
    )
