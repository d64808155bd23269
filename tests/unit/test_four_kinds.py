"""Vulnerabilities, secrets, misconfigurations and licences: each in its own words, in every report."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from ci_toolkit.ci.github_commands import remark
from ci_toolkit.errors import SourceLine
from ci_toolkit.model.context import CiContext
from ci_toolkit.model.findings import CATEGORIES, Finding, Layer, Severity
from ci_toolkit.model.findings_diff import diff_images
from ci_toolkit.model.gate import evaluate
from ci_toolkit.model.policy import GatePolicy, Ignore, Thresholds
from ci_toolkit.report.annotations import annotations_of
from ci_toolkit.report.code_quality import code_quality_report
from ci_toolkit.report.findings_diff import diff_lines, diff_markdown
from ci_toolkit.report.gitlab_image import gitlab_image
from ci_toolkit.report.gitlab_scanning import scanning_report
from ci_toolkit.report.html.page import html_page, image_part
from ci_toolkit.report.run_markdown import run_markdown
from ci_toolkit.report.sarif import Origin, sarif_report
from ci_toolkit.report.table import scan_table
from ci_toolkit.state import Source
from tests.harness import reports
from tests.harness.findings import URLLIB3, image, platform, without_code
from tests.harness.gitlab_reports import read_quality, read_scanning
from tests.harness.html_reports import COPYLEFT, KEY, ROOT_USER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.report.run_report import RunReport

FOUND = image(platform(URLLIB3, KEY, ROOT_USER, COPYLEFT))
PLACE = SourceLine("Dockerfile", 7)
STRICT = replace(reports.POLICY, thresholds=Thresholds.everywhere(Severity.LOW), ignores=())


def sarif(findings: ImageFindings, ignored: Mapping[str, Any] | None = None) -> dict[str, Any]:
    made = sarif_report(findings, Origin(dockerfile="Dockerfile", line=7), category="c", ignored=ignored or {})
    [run] = json.loads(made.data)["runs"]
    return dict(run)


def test_sarif_has_a_rule_for_each_by_what_it_is() -> None:
    run = sarif(FOUND)
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert {identifier: rule["name"] for identifier, rule in rules.items()} == {
        "CVE-2019-11324:urllib3": "VulnerablePackage",
        "private-key": "ExposedSecret",
        "DS002": "Misconfiguration",
        "AGPL-3.0:ghostscript": "RestrictedLicense",
    }
    assert [next(tag for tag in rule["properties"]["tags"] if tag in CATEGORIES) for rule in rules.values()] == [
        *("vulnerability", "secret", "misconfiguration", "license")
    ]
    scores = [float(rule["properties"]["security-severity"]) for rule in rules.values()]
    assert scores == [7.5, 8.0, 5.5, 2.0]
    assert "add `USER nobody` to the Dockerfile" in rules["DS002"]["help"]["text"]
    assert "Fixed in" not in rules["private-key"]["help"]["text"]


def test_sarif_says_what_is_the_matter() -> None:
    where = f"image backend (linux/amd64, {FOUND.digest})"
    assert [result["message"]["text"] for result in sarif(FOUND)["results"]][1:] == [
        f"/app/settings/signing.pem:1 in {where} holds a secret, private-key, severity high: Asymmetric Private Key",
        f"the config of {where} fails the check DS002, severity medium: Image user should not be 'root'",
        f"ghostscript 10.0.0 in {where} is under the licence AGPL-3.0, severity low: forbidden",
    ]
    names = [result["locations"][0]["logicalLocations"][0]["name"] for result in sarif(FOUND)["results"]]
    assert names == ["METADATA", "signing.pem", "image config", "ghostscript"]


def test_what_is_ignored_is_suppressed_whatever_it_is() -> None:
    entry = Ignore(id=KEY.id, reason="a test's key", owner="shop", expires=date(2027, 1, 1))
    run = sarif(FOUND, {"linux/amd64": {KEY.key: entry}})
    suppressed = [r["ruleId"] for r in run["results"] if r["suppressions"]]
    assert suppressed == [KEY.id]


def test_gitlab_s_security_page_takes_vulnerabilities_and_code_quality_takes_all() -> None:
    named = gitlab_image("backend", [], CiContext(branch="main"))
    [only] = read_scanning(scanning_report(FOUND, named, ignored={}))["vulnerabilities"]
    assert only["identifiers"][0]["value"] == URLLIB3.id
    entries = read_quality(code_quality_report(FOUND, PLACE, ignored={}).data)
    assert [(entry["check_name"], entry["description"]) for entry in entries][1:] == [
        (
            "secret: private-key",
            "private-key (high) in app/settings/signing.pem:1 of image backend: Asymmetric Private Key",
        ),
        (
            "misconfiguration: DS002",
            "DS002 (medium) in image config of image backend: Image user should not be 'root'",
        ),
        ("licence: AGPL-3.0", "AGPL-3.0 (low) in ghostscript 10.0.0 of image backend: forbidden"),
    ]


def run_of(findings: ImageFindings, policy: GatePolicy = STRICT) -> RunReport:
    refused = reports.scanned(findings, policy)
    return reports.report(refused, policy=policy, times=reports.times(scan="refused"))


def test_annotations_have_a_title_and_advice_of_their_own() -> None:
    told = [(a.title, a.message) for a in annotations_of(run_of(FOUND)) if a.level == "error"]
    titles = [title for title, _ in told]
    assert {"secret private-key", "misconfiguration DS002", "AGPL-3.0 in ghostscript"} <= set(titles)
    messages = dict(told)
    assert messages["misconfiguration DS002"].endswith("add `USER nobody` to the Dockerfile")
    assert "no fix" not in messages["secret private-key"]
    assert "/app/settings/signing.pem:1" in messages["secret private-key"]


def test_the_summary_counts_them_all_and_says_what_to_do_about_each() -> None:
    text = run_markdown(run_of(FOUND))
    assert "| `linux/amd64` ⛔ | · | 2 | 1 | 1 | · | 1 | · |" in text
    assert "- Remove the secret in `/app/settings/signing.pem`, and rotate it" in text
    assert "- Mend `DS002` in the image&#39;s config" in text
    assert "- Replace `ghostscript`" in text
    assert "Nothing is fixed yet" not in text
    assert "| high | private\\-key<br>secret | `/app/settings/signing.pem:1` |" in text


HOSTILE = (
    "\x1b[31mx\x1b]8;;https://evil.test\x07\n::error file=a::b\n::add-mask::c ##[group]d\r"
    "</script><img src=x onerror=alert(1)> [click](javascript:alert(1)) | `e` @octocat"
)


def everything(finding: Finding) -> Mapping[str, str]:
    """Every report of an image with this one finding, by name."""
    layer = Layer(digest="sha256:" + "1" * 64, created_by=HOSTILE)
    found = image(platform(replace(finding, layer=layer.digest), layers=(layer,)))
    decision = evaluate(found, STRICT, reports.TODAY)
    run = run_of(found)
    explanation = run.images[0].explanation
    assert explanation is not None
    part = image_part(found, decision, explanation, STRICT, dockerfile="Dockerfile", number=0)
    diffs = diff_images([image(platform())], [found])
    return {
        "table": scan_table(found, run.images[0].state, decision, explanation),
        "markdown": run_markdown(run),
        "sarif": json.dumps(sarif(found), ensure_ascii=False),
        "html": html_page([part], Source(images_hash="i")).decode(),
        "quality": code_quality_report(found, PLACE, ignored={}).data.decode(),
        "scanning": scanning_report(found, gitlab_image("backend", [], CiContext()), ignored={}).decode(),
        "annotations": "\n".join(remark(a) for a in annotations_of(run)),
        "diff": "\n".join(diff_lines(diffs)),
        "diff in Markdown": diff_markdown(diffs),
    }


FIELDS = ("id", "title", "excerpt", "resolution", "path", "package", "installed", "type", "url", "status", "fixed")


def with_hostile(finding: Finding, field: str) -> Finding:
    changes: dict[str, Any] = {field: HOSTILE}
    return replace(finding, **changes)


@pytest.mark.parametrize("kind", [URLLIB3, KEY, ROOT_USER, COPYLEFT], ids=CATEGORIES)
@pytest.mark.parametrize("field", FIELDS)
def test_no_text_of_an_image_acts_in_any_report(kind: Finding, field: str) -> None:
    for name, text in everything(with_hostile(kind, field)).items():
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), name
        assert "##[" not in text, name
        commands = re.findall(r"^\s*::(?:error|add-mask)", text, re.MULTILINE)
        assert set(commands) <= ({"::error"} if name == "annotations" else set()), name
        if name in ("html", "markdown", "diff in Markdown"):
            spoken = without_code(text)
            assert "<img" not in spoken, name
            assert "](javascript" not in spoken or name == "html", name
            assert 'href="javascript' not in text, name
