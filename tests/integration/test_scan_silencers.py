"""A comment that keeps Trivy quiet is found wherever Trivy heeds it, whatever the file looks like."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.model.findings import SILENCER, Finding
from ci_toolkit.model.oci import OCI_LAYER_GZIP
from ci_toolkit.report.findings_file import read_findings
from tests.harness.flawed import TOKEN
from tests.harness.images import DEBIAN_12, ZSTD
from tests.harness.scans import Scans
from tests.harness.silenced import chart_in_chart, forms

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Stack
    from tests.harness.images import Tree

COMMENT = "# trivy:ignore:*"
PLACES = {
    "dockerfile/Dockerfile": 3,
    "by-ending/web.Containerfile": 3,
    "picture/Dockerfile.png": 3,
    "terraform/a.tf": 2,
    "opentofu/a.tofu": 2,
    "plan/a.tfplan": 0,
    "cloudformation/a.yaml": 2,
    "chart/a/templates/pod.yaml": 8,
    "packed/a-1.0.0.tgz": 0,
    "nested/b.tar.gz": 0,
}
STILL_TOLD = {"chart", "packed", "nested"}
"""What a comment in a chart silences is told all the same. In an archive Trivy 0.76 doesn't do what one says."""
HONEST = "# nothing"
PODS = [f"charts/a/{chart}templates/pod.yaml" for chart in ("", "charts/b/", "charts/c/", "charts/c/charts/d/")]


@pytest.mark.parametrize("layer", [OCI_LAYER_GZIP, ZSTD])
def test_in_every_form_of_configuration(tmp_path: Path, stack: Stack, layer: str) -> None:
    scans = Scans(tmp_path, stack.trivy, (stack.database,), look_for=("misconfiguration",))
    for name, comment in (("loud", HONEST), ("quiet", COMMENT)):
        layers = [DEBIAN_12, *forms(comment).values()]
        scans.add(name, {"linux/amd64": layers}, layer=layer)
    scans.scan()
    loud, quiet = (found(scans, name) for name in ("loud", "quiet"))
    comments = {finding.path: finding for finding in quiet if finding.id == SILENCER}
    assert {path: finding.start_line for path, finding in comments.items()} == PLACES
    assert {finding.excerpt for finding in comments.values()} == {COMMENT.removeprefix("# ")}
    assert len({finding.layer for finding in comments.values()}) == len(PLACES), "each stands in a layer of its own"
    assert not [finding for finding in loud if finding.id == SILENCER]
    before, after = (count_by_form(findings) for findings in (loud, quiet))
    assert before.keys() == forms("").keys(), "Trivy checks each of them"
    assert {form for form, number in before.items() if after.get(form, 0) < number} == before.keys() - STILL_TOLD


@pytest.mark.parametrize(
    "comment",
    [
        HONEST,
        '# {{ "tri" }}{{ "vy:ig" }}{{ "nore:*" }}',
        '{{ b64dec "IyB0ZnNlYzppZ25vcmU6Kg==" }}',
        '{{ .Values.words | default "" | replace "_" ":" }}',
    ],
)
def test_what_a_chart_puts_together_silences_nothing(tmp_path: Path, stack: Stack, comment: str) -> None:
    told = in_chart(tmp_path, stack, comment)
    assert Counter(finding.path for finding in told) == dict.fromkeys(PODS, 18)
    assert {finding.path for finding in told if finding.id == "KSV-0017"} == set(PODS), "privileged: true"
    assert len({finding.layer for finding in told}) == 1


def test_a_chart_that_isnt_rendered_without_its_comments_counts_as_one(tmp_path: Path, stack: Stack) -> None:
    comment = '# {{ "tri" }}{{ "vy:ig" }}{{ "nore:*" }}'
    pod = '(include (print .Template.BasePath "/pod.yaml") .)'
    looks = f'{{{{ if not (contains (print "trivy:" "ignore:") {pod}) }}}}{{{{ fail "x" }}}}{{{{ end }}}}'
    told = in_chart(tmp_path, stack, comment, {"charts/a/templates/looks.yaml": looks})
    assert [finding.path for finding in told if finding.id == SILENCER] == sorted(PODS)


def test_what_is_said_of_a_chart_quotes_nothing_where_a_secret_is(tmp_path: Path, stack: Stack) -> None:
    told = in_chart(
        tmp_path, stack, '{{ b64dec "IyB0ZnNlYzppZ25vcmU6Kg==" }}', {"charts/a/notes.yaml": f"t: {TOKEN}\n"}
    )
    assert Counter(finding.path for finding in told) == dict.fromkeys(PODS, 18)
    assert {finding.excerpt for finding in told} == {""}, "values of one file come out in another"
    [raw] = (tmp_path / ".ci-toolkit/reports/app").glob("trivy-*.json")
    helm = [result for result in json.loads(raw.read_bytes())["Results"] if result.get("Type") == "helm"]
    assert helm
    assert not [item for result in helm for item in result.get("Misconfigurations", ()) if "Message" in item]


def in_chart(tmp_path: Path, stack: Stack, comment: str, more: Tree | None = None) -> list[Finding]:
    """What is told of a chart in an image and the chart in it, with such a line in the manifest of each."""
    scans = Scans(tmp_path, stack.trivy, (stack.database,), look_for=("misconfiguration",))
    scans.add("app", {"linux/amd64": [DEBIAN_12, dict(chart_in_chart(comment)) | dict(more or {})]})
    scans.scan()
    return found(scans, "app")


def found(scans: Scans, name: str) -> list[Finding]:
    [platform] = read_findings(scans.root / scans.state.image(name).reports["findings"]).platforms
    return [finding for finding in platform.findings if finding.layer]


def count_by_form(findings: list[Finding]) -> dict[str, int]:
    """How many checks failed; a plan's files are named as in the plan."""
    counts: dict[str, int] = {}
    for finding in findings:
        if finding.id != SILENCER:
            form = finding.path.partition("/")[0]
            form = "plan" if form == "main.tf" else form
            counts[form] = counts.get(form, 0) + 1
    return counts


def test_in_the_history_that_the_config_tells(tmp_path: Path, stack: Stack) -> None:
    scans = Scans(tmp_path, stack.trivy, (stack.database,), look_for=("misconfiguration",))
    scans.add("app", {"linux/amd64": [DEBIAN_12]}, created_by="RUN /bin/sh -c true\n# trivy:ignore:DS-0029 # buildkit")
    scans.scan()
    [platform] = read_findings(tmp_path / scans.state.image("app").reports["findings"]).platforms
    assert [(f.path, f.excerpt) for f in platform.findings if f.id == SILENCER] == [("", "trivy:ignore:DS-0029")]
