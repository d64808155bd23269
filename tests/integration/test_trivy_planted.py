"""Nothing that a pull request, an image or a caller plants moves the verdict, whatever kind of finding it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.model.findings import CATEGORIES, SILENCER
from ci_toolkit.report.findings_file import read_findings
from tests.harness.flawed import DOCKERFILE, ENV, LAYERS
from tests.harness.scans import Scans

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Stack

IDS = ("CVE-2019-10906", "CVE-2023-45853", "github-pat", "aws-access-key-id", "DS-0002", "DS-0031", "KSV-0017")
PLANTED = {
    ".trivyignore": "\n".join(IDS) + "\n",
    ".trivyignore.yaml": "".join(
        f"{kind}:\n" + "".join(f"  - id: {name}\n" for name in IDS)
        for kind in ("vulnerabilities", "misconfigurations", "secrets", "licenses")
    ),
    "trivy.yaml": "severity: [LOW]\nscan:\n  scanners: [license]\n  skip-files: ['**/*']\n",
    "trivy-secret.yaml": "disable-rules: [github-pat, aws-access-key-id]\nallow-rules:\n  - {id: all, path: '.*'}\n",
    ".trivy/checks/mine.rego": "package builtin.dockerfile.DS002\nimport rego.v1\nignore := true\n",
    "policy/ignore.rego": "package trivy\nimport rego.v1\ndefault ignore := true\n",
    "openvex.json": '{"@context": "https://openvex.dev/ns/v0.2.0", "statements": []}',
}
IN_IMAGE = {f"{place}{name}": text for name, text in PLANTED.items() for place in ("", "app/", "root/", "etc/trivy/")}
IN_ENVIRONMENT = {
    "TRIVY_SEVERITY": "LOW",
    "TRIVY_SCANNERS": "license",
    "TRIVY_IMAGE_CONFIG_SCANNERS": "",
    "TRIVY_SKIP_DIRS": "/app,/etc",
    "TRIVY_SKIP_FILES": "**/*",
    "TRIVY_IGNORE_UNFIXED": "true",
    "TRIVY_DISABLED_ANALYZERS": "python-pkg",
    "TRIVY_LICENSE_FORBIDDEN": "MIT",
    "TRIVY_CONFIG_CHECK": "policy",
    "TRIVY_EXIT_CODE": "0",
}
IN_FILES = {
    "TRIVY_IGNOREFILE": ".trivyignore",
    "TRIVY_CONFIG": "trivy.yaml",
    "TRIVY_SECRET_CONFIG": "trivy-secret.yaml",
    "TRIVY_IGNORE_POLICY": "policy/ignore.rego",
}


@pytest.fixture
def scans(tmp_path: Path, stack: Stack) -> Scans:
    made = Scans(tmp_path, stack.trivy, (stack.database,), look_for=CATEGORIES)
    made.add("app", {"linux/amd64": LAYERS}, env=ENV)
    return made


def judged(scans: Scans) -> tuple[str | None, tuple[str, ...], set[tuple[str, str, str]]]:
    image = scans.scan().image("app")
    [platform] = read_findings(scans.root / image.reports["findings"]).platforms
    return image.verdict, image.blocking, {(f.category, f.id, f.path) for f in platform.findings}


def plant(directory: Path) -> None:
    for name, text in PLANTED.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")


def test_in_workspace_build_context_workdir_and_home(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    before = judged(scans)
    assert before[0] == "fail"
    home = scans.root / "home"
    work = scans.root / scans.workdir
    for directory in (scans.root, work, work / "scan", work / "scan/empty", work / "scan/app/linux-amd64", home):
        plant(directory)
    plant(home / ".trivy")
    plant(work / "scan/app/linux-amd64/cache/policy/content")
    monkeypatch.chdir(scans.root)
    scans.env = {**scans.env, "HOME": str(home)}
    assert judged(scans) == before


def test_in_the_environment(scans: Scans) -> None:
    before = judged(scans)
    plant(scans.root)
    files = {name: str(scans.root / file) for name, file in IN_FILES.items()}
    scans.env = {**scans.env, **IN_ENVIRONMENT, **files}
    assert judged(scans) == before


def test_in_the_image(scans: Scans) -> None:
    before = judged(scans)
    scans.images.clear()
    scans.add("app", {"linux/amd64": [*LAYERS, IN_IMAGE]}, env={**ENV, **IN_ENVIRONMENT, **IN_FILES})
    assert judged(scans) == before


def test_links_to_elsewhere_in_the_workdir(scans: Scans) -> None:
    before = judged(scans)
    elsewhere = scans.root / "elsewhere"
    plant(elsewhere)
    place = scans.root / scans.workdir / "scan"
    place.mkdir(exist_ok=True)
    (place / "empty").symlink_to(elsewhere)
    (place / "empty.yaml").symlink_to(elsewhere / "trivy.yaml")
    (place / ".wh.secrets.yaml").symlink_to(elsewhere / "trivy-secret.yaml")
    assert judged(scans) == before
    assert (elsewhere / "trivy.yaml").read_text(encoding="utf-8") == PLANTED["trivy.yaml"]


def test_a_comment_that_silences_a_check_is_found_in_its_place_and_silences_nothing_else(scans: Scans) -> None:
    _, _, before = judged(scans)
    comment = "# trivy:ignore:DS-0021 trivy:ignore:DS-0031 trivy:ignore:github-pat trivy:ignore:CVE-2019-10906\n"
    silenced = DOCKERFILE.replace("RUN", f"{comment}RUN")
    scans.images.clear()
    scans.add("app", {"linux/amd64": [*LAYERS, {"app/Dockerfile": silenced}]}, env=ENV)
    _, _, after = judged(scans)
    assert before - after == {("misconfiguration", "DS-0021", "app/Dockerfile")}
    assert after - before == {("misconfiguration", SILENCER, "app/Dockerfile")}
