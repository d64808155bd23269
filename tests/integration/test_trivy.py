"""The real Trivy with a real database: exact findings, and nothing a pull request plants moves the verdict."""

from __future__ import annotations

import shutil
import subprocess
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import ToolError
from ci_toolkit.model.findings import Counts, Severity
from ci_toolkit.model.policy import Ignore, Thresholds
from ci_toolkit.report.findings_file import read_findings
from tests.harness.fake_trivy import write_database
from tests.harness.images import DEBIAN_12, Tree, pip_package
from tests.harness.scans import Scans
from tests.harness.silenced import chart_in_chart

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.model.findings import ImageFindings
    from tests.conftest import Stack

JINJA2 = [DEBIAN_12, pip_package("jinja2", "2.10")]
DEBIAN_10: Tree = {
    **DEBIAN_12,
    "etc/os-release": 'ID=debian\nVERSION_ID="10"\nPRETTY_NAME="Debian GNU/Linux 10 (buster)"\n',
    "etc/debian_version": "10.13\n",
}


@pytest.fixture
def scans(tmp_path: Path, stack: Stack) -> Scans:
    return Scans(tmp_path, stack.trivy, (stack.database,))


def found(scans: Scans, name: str) -> ImageFindings:
    return read_findings(scans.root / scans.state.image(name).reports["findings"])


def test_each_platform_is_scanned_for_itself(scans: Scans) -> None:
    scans.add("app", {"linux/amd64": [DEBIAN_12, pip_package("urllib3", "2.8.0")], "linux/arm64": JINJA2})
    image = scans.scan().image("app")
    assert image.platform_verdicts == {"linux/amd64": "pass", "linux/arm64": "fail"}
    assert image.verdict == "fail"
    assert image.blocking == ("CVE-2019-10906 jinja2 2.10 (high)",)
    assert image.scan
    assert image.scan.version == "0.76.0"
    by_platform = {
        p.platform: {(f.id, f.package, f.installed, f.fixed, f.status, str(f.severity)) for f in p.findings}
        for p in found(scans, "app").platforms
    }
    zlib = ("CVE-2023-45853", "zlib1g", "1:1.2.13.dfsg-1", "", "will_not_fix", "critical")
    assert by_platform["linux/amd64"] == {zlib}
    assert by_platform["linux/arm64"] == {
        zlib,
        ("CVE-2019-10906", "jinja2", "2.10", "2.10.1", "fixed", "high"),
        ("CVE-2020-28493", "jinja2", "2.10", "2.11.3", "fixed", "medium"),
        ("CVE-2024-22195", "jinja2", "2.10", "3.1.3", "fixed", "medium"),
        ("CVE-2024-34064", "jinja2", "2.10", "3.1.4", "fixed", "medium"),
        ("CVE-2024-56326", "jinja2", "2.10", "3.1.5", "fixed", "medium"),
        ("CVE-2025-27516", "jinja2", "2.10", "3.1.6", "fixed", "medium"),
    }
    assert image.findings == Counts(critical=1, high=1, medium=5)


def test_a_package_says_where_it_lies_and_whose_word_the_severity_is(scans: Scans) -> None:
    scans.add("app", {"linux/amd64": JINJA2})
    scans.scan()
    [platform] = found(scans, "app").platforms
    assert (platform.os, platform.end_of_life, platform.packages) == ("debian 12.5", False, 2)
    [finding] = [f for f in platform.findings if f.id == "CVE-2019-10906"]
    assert finding.path == "app/jinja2-2.10.dist-info/METADATA"
    assert (finding.component, finding.severity_source) == ("pkg:pypi/jinja2", "ghsa")
    assert finding.layer.startswith("sha256:")
    assert finding.aliases == ("GHSA-462w-v97r-4m45",)


def test_a_severity_nobody_has_given_is_unknown(scans: Scans) -> None:
    scans.add("app", {"linux/amd64": [pip_package("idna", "3.6")]})
    assert scans.scan().image("app").findings == Counts(unknown=1)
    assert scans.state.image("app").verdict == "pass"
    scans.policy = replace(scans.policy, unknown="fail")
    assert scans.scan().image("app").blocking == ("CVE-2024-3651 idna 3.6 (unknown)",)


def test_an_operating_system_past_its_end_is_refused(scans: Scans) -> None:
    scans.add("app", {"linux/amd64": [DEBIAN_10]})
    image = scans.scan().image("app")
    assert image.verdict == "fail"
    assert image.blocking == ("linux/amd64: debian 10.13 is past its end of life: nobody mends it any more",)


def test_an_image_in_which_nothing_is_recognised_is_refused(scans: Scans) -> None:
    scans.add("app", {"linux/amd64": [{"app": "a static binary, say"}]})
    scans.add("bare", {"linux/amd64": [{"app": "the same, on purpose"}]}, scratch=True)
    state = scans.scan()
    assert (state.image("app").verdict, state.image("bare").verdict) == ("fail", "pass")


def test_packages_of_a_distribution_that_nobody_names_are_told(scans: Scans) -> None:
    nameless = {name: text for name, text in DEBIAN_12.items() if name.startswith("var/lib/dpkg")}
    scans.add("bare", {"linux/amd64": [nameless]})
    scans.add("app", {"linux/amd64": [nameless, pip_package("urllib3", "2.8.0")]})
    state = scans.scan()
    grounds = ("linux/amd64: a distribution's packages aren't looked into: nothing says which distribution it is",)
    assert (state.image("bare").verdict, state.image("bare").blocking) == ("fail", grounds)
    assert (state.image("app").verdict, state.image("app").blocking) == ("fail", grounds)


@pytest.mark.parametrize("name", ["fedora", "activestate"])
def test_packages_that_trivy_has_no_advisories_for_are_told(scans: Scans, name: str) -> None:
    known = {"var/lib/dpkg/status": DEBIAN_12["var/lib/dpkg/status"], "etc/os-release": f"ID={name}\nVERSION_ID=41\n"}
    scans.add("app", {"linux/amd64": [known, pip_package("urllib3", "2.8.0")]})
    image = scans.scan().image("app")
    unseen = f"{name} 41: nobody tells what is known against its packages, so they aren't looked into"
    assert (image.verdict, image.blocking) == ("fail", (f"linux/amd64: {unseen}",))
    (platform,) = read_findings(scans.root / image.reports["findings"]).platforms
    assert (platform.covered, platform.packages) == (False, 1)
    scans.look_for = ("secret",)
    assert scans.scan().image("app").verdict == "pass"


def plant_everything(scans: Scans) -> None:
    for place in (scans.root, scans.root / scans.workdir):
        (place / ".trivyignore").write_text("CVE-2019-10906\n")
        (place / ".trivyignore.yaml").write_text("vulnerabilities:\n  - id: CVE-2019-10906\n")
        (place / "trivy.yaml").write_text("severity: [LOW]\nvulnerability:\n  ignore-unfixed: true\n")
        (place / "trivy-secret.yaml").write_text("disable-rules: [all]\n")
    scans.env = {
        **scans.env,
        "TRIVY_IGNOREFILE": str(scans.root / ".trivyignore"),
        "TRIVY_SEVERITY": "LOW",
        "TRIVY_SKIP_DIRS": "/app",
        "TRIVY_CONFIG": str(scans.root / "trivy.yaml"),
        "TRIVY_EXIT_CODE": "0",
    }


def test_what_a_pull_request_plants_moves_nothing(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    scans.add("app", {"linux/amd64": JINJA2})
    before = scans.scan().image("app")
    plant_everything(scans)
    monkeypatch.chdir(scans.root)
    after = scans.scan().image("app")
    assert before.verdict == "fail"
    assert (after.verdict, after.findings, after.blocking) == (before.verdict, before.findings, before.blocking)


def test_a_triaged_finding_passes_until_it_expires(scans: Scans) -> None:
    scans.add("app", {"linux/amd64": JINJA2})
    entry = Ignore(id="CVE-2019-10906", package="jinja2", reason="no templates", owner="web", expires=scans.now.date())
    scans.policy = replace(scans.policy, ignores=(entry,))
    assert (scans.scan().image("app").verdict, scans.state.image("app").ignored) == ("pass", 1)
    scans.policy = replace(scans.policy, ignores=(replace(entry, expires=scans.now.date() - timedelta(days=1)),))
    assert scans.scan().image("app").verdict == "fail"


def test_a_registry_that_does_not_answer_is_no_pass(scans: Scans) -> None:
    scans.repositories = ("localhost:9/trivy-db:2",)
    scans.add("app", {"linux/amd64": JINJA2})
    with pytest.raises(ToolError, match="connection refused") as caught:
        scans.scan()
    assert "localhost:9/trivy-db:2" in caught.value.message
    assert scans.saved[-1].image("app").verdict is None


def test_a_repository_without_a_database_is_no_pass(scans: Scans, stack: Stack) -> None:
    scans.repositories = (f"{stack.registry}/no-such-db:2",)
    scans.add("app", {"linux/amd64": JINJA2})
    with pytest.raises(ToolError, match="no vulnerability database can be had"):
        scans.scan()


def test_a_database_older_than_allowed_is_no_pass(scans: Scans) -> None:
    scans.max_age = timedelta(seconds=0)
    scans.add("app", {"linux/amd64": JINJA2})
    with pytest.raises(ToolError, match=r"h ago, and 0\.0 h are allowed"):
        scans.scan()


def test_the_second_mirror_serves_where_the_first_is_down(scans: Scans, stack: Stack) -> None:
    scans.repositories = ("localhost:9/trivy-db:2", stack.database)
    scans.add("app", {"linux/amd64": JINJA2})
    scan = scans.scan().image("app").scan
    assert scan
    assert scan.database_repository == stack.database


def test_a_database_that_lost_its_content_is_had_again(scans: Scans) -> None:
    scans.add("app", {"linux/amd64": JINJA2})
    scans.scan()
    [directory] = (scans.root / "cache").glob("*/*/db")
    shutil.rmtree(directory)
    write_database(directory, scans.now, filled=False)
    assert scans.scan().image("app").findings == Counts(critical=1, high=1, medium=5)


def test_eight_scans_at_once_all_succeed(scans: Scans, stack: Stack) -> None:
    verdicts: list[str | None] = []

    def one(number: int) -> None:
        mine = Scans(scans.root, stack.trivy, scans.repositories, workdir=f"work-{number}")
        mine.add("app", {"linux/amd64": JINJA2, "linux/arm64": JINJA2})
        verdicts.append(mine.scan().image("app").verdict)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == ["fail"] * 8


def test_the_threshold_decides_and_the_file_keeps_the_rest(scans: Scans) -> None:
    scans.policy = replace(scans.policy, thresholds=Thresholds.everywhere(Severity.CRITICAL))
    scans.add("app", {"linux/amd64": JINJA2})
    image = scans.scan().image("app")
    assert (image.verdict, image.findings) == ("pass", Counts(critical=1, high=1, medium=5))


def test_without_trivy_on_path_its_container_image_gives_the_same(scans: Scans, stack: Stack, tmp_path: Path) -> None:
    scans.look_for = ("vulnerability", "misconfiguration")
    scans.add("app", {"linux/amd64": [*JINJA2, chart_in_chart('# {{ "trivy:" }}{{ "ignore:*" }}')]})
    on_path = scans.scan().image("app")
    assert sum(line.startswith("KSV-0017 ") for line in on_path.blocking) == 4, "the charts are looked into"
    context = tmp_path / "context"
    context.mkdir()
    shutil.copy(stack.trivy.resolve(), context / "trivy")
    (context / "Dockerfile").write_text("FROM busybox:stable\nCOPY trivy /usr/local/bin/trivy\n")
    scans.container = "ci-toolkit-test/trivy"
    subprocess.run(["docker", "build", "-q", "-t", scans.container, context], check=True, capture_output=True)
    docker = shutil.which("docker")
    assert docker
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").symlink_to(docker)
    scans.env = {**scans.env, "PATH": str(tmp_path / "bin")}
    scans.program = None
    in_container = scans.scan().image("app")
    assert (in_container.verdict, in_container.findings) == (on_path.verdict, on_path.findings)
    shutil.rmtree(scans.root / "cache")
    assert scans.scan().image("app").verdict == "fail"
