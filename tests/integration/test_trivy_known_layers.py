"""What is kept of layers speeds later scans up, and no image can make it speak of layers that it hasn't got."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import IntegrityError
from ci_toolkit.layout import Layout
from ci_toolkit.model.oci import Manifest
from ci_toolkit.report.findings_file import read_findings
from tests.harness.images import DEBIAN_12, pip_package
from tests.harness.scans import Scans

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Stack

HOLES = [DEBIAN_12, pip_package("jinja2", "2.10")]
FINE = [DEBIAN_12, {"etc/motd": "hello\n"}]
KNOWN = "CVE-2019-10906"


@pytest.fixture
def scans(tmp_path: Path, stack: Stack) -> Scans:
    return Scans(tmp_path, stack.trivy, (stack.database,))


def found(scans: Scans, name: str) -> bool:
    [platform] = read_findings(scans.root / scans.state.image(name).reports["findings"]).platforms
    return KNOWN in {finding.id for finding in platform.findings}


def scan(scans: Scans, name: str) -> bool:
    """Scan one image, on whatever the scans before left, and say whether its hole is found."""
    images = scans.images
    scans.images = [image for image in images if image.name == name]
    scans.scan()
    scans.images = images
    return found(scans, name)


def test_layers_that_claim_the_ids_of_others_hide_nothing_and_show_nothing_in_later_scans(scans: Scans) -> None:
    scans.add("honest", {"linux/amd64": HOLES})
    scans.add("false", {"linux/amd64": FINE}, claims=HOLES)
    for name in ("false", "honest", "honest", "false", "honest"):
        assert scan(scans, name) == (name == "honest"), name


def test_one_scan_of_both_is_not_deceived_either(scans: Scans) -> None:
    scans.add("false", {"linux/amd64": FINE}, claims=HOLES)
    for number in range(4):
        scans.add(f"honest-{number}", {"linux/amd64": HOLES})
    scans.scan()
    assert [found(scans, image.name) for image in scans.images] == [False, True, True, True, True]


def test_of_a_layout_that_is_not_whole_nothing_is_kept(scans: Scans) -> None:
    scans.add("broken", {"linux/amd64": HOLES})
    layout = Layout(scans.root / ".ci-toolkit/layouts/broken")
    manifest = next(document for _, document in layout.walk(layout.root()) if isinstance(document, Manifest))
    blob = layout.blob(manifest.layers[-1].digest)
    whole = blob.read_bytes()
    blob.write_bytes(gzip.compress(bytes(10_240)))
    with pytest.raises(IntegrityError):
        scan(scans, "broken")
    blob.write_bytes(whole)
    assert scan(scans, "broken")
