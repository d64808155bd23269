"""The copy of a chart in which no comment silences a check."""

from __future__ import annotations

import gzip
import io
import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import IntegrityError
from ci_toolkit.layout import Layout
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.findings import Finding, Layer, PlatformFindings, Severity
from ci_toolkit.scanners.base import Target
from ci_toolkit.scanners.charts import belongs, copy_of, silenced
from ci_toolkit.scanners.layer_files import decompressed, files
from tests.harness.silenced import packed

if TYPE_CHECKING:
    from pathlib import Path

NO_DIGEST = Digest("sha256:" + "0" * 64)
TEMPLATE = b"kind: {{ .Values.kind }}\n"


def copied(tmp_path: Path, tree: dict[str, bytes]) -> dict[str, bytes]:
    target = Target(
        image="app",
        platform="linux/arm64/v8",
        manifest=NO_DIGEST,
        config=NO_DIGEST,
        layout=tmp_path / "layout",
        report=tmp_path / "report.json",
    )
    copy = copy_of({"sha256:1": tree}, target)
    Layout(copy.layout).verify(Layout(copy.layout).root())
    [layer] = copy.layers
    with decompressed(Layout(copy.layout).blob(Digest(layer.digest))) as archive:
        return dict(files(archive, lambda _: True))


@pytest.mark.parametrize(
    "path",
    [
        "templates/a.yaml",
        "c/templates/a.yaml",
        "c/templates/deep/templates/a b.yaml",
        'c/templates/"é".yaml',
        "c/charts/d/templates/a.json",
    ],
)
def test_a_template_is_rendered_under_its_own_name_without_the_words(tmp_path: Path, path: str) -> None:
    charts = {posixpath.join(chart, "Chart.yaml"): b"name: x\n" for chart in ("", "c", "c/charts/d")}
    made = copied(tmp_path, {**charts, path: TEMPLATE})
    [moved] = made.keys() - {path, *charts}
    assert made[moved] == TEMPLATE
    assert posixpath.dirname(moved) == posixpath.dirname(path)
    assert posixpath.basename(moved).startswith("_"), "it becomes no manifest"
    assert moved.endswith(f"{posixpath.basename(path)}.tpl"), "nobody takes it for one as it stands"
    below = moved.rpartition("templates/")[2] if path.count("templates/") == 1 else moved.partition("templates/")[2]
    quoted = below.replace('"', '\\"')
    assert f'(include (print .Template.BasePath "/{quoted}") .)' in made[path].decode()


@pytest.mark.parametrize("path", ["c/Chart.yaml", "c/values.yaml", "c/templates/_helpers.tpl", "c/crds/a.yaml"])
def test_what_becomes_no_manifest_stays_as_it_is(tmp_path: Path, path: str) -> None:
    tree = {"c/Chart.yaml": b"name: c\n", path: b"name: c\n"}
    assert copied(tmp_path, tree) == tree


def test_a_packed_chart_is_packed_again(tmp_path: Path) -> None:
    inner = packed("e", {"templates/a.yaml": TEMPLATE, "logo.png": b"\x89"})
    tree = {"c/Chart.yaml": b"name: c\n", "c/charts/d.tgz": packed("d", {"charts/e.tgz": inner}), "c/other.tgz": b"no"}
    made = copied(tmp_path, tree)
    assert made["c/other.tgz"] == b"no", "nobody takes it for a chart"
    unpacked = in_archive(in_archive(made["c/charts/d.tgz"])["d/charts/e.tgz"])
    assert unpacked.keys() > {"e/Chart.yaml", "e/logo.png", "e/templates/a.yaml"}
    assert unpacked["e/logo.png"] == b"\x89"
    assert b"include" in unpacked["e/templates/a.yaml"]


def in_archive(archive: bytes) -> dict[str, bytes]:
    return dict(files(io.BytesIO(gzip.decompress(archive)), lambda _: True))


def test_a_packed_chart_that_nobody_can_read_is_no_pass(tmp_path: Path) -> None:
    deep = b"no archive"
    for _ in range(12):
        deep = packed("d", {"charts/d.tgz": deep})
    for archive in (b"no archive", packed("d", {})[:-20], deep):
        with pytest.raises(IntegrityError, match="a packed chart in a chart of app can't be read"):
            copied(tmp_path, {"c/Chart.yaml": b"name: c\n", "c/charts/d.tgz": archive})


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("c/Chart.yaml", True),
        ("c/templates/a.yml", True),
        ("c/templates/_a.tpl", True),
        ("c/.helmignore", True),
        ("c/charts/d.tgz", True),
        ("c/README.md", False),
        ("cc/a.yaml", False),
    ],
)
def test_files_of_a_chart(path: str, *, is_one: bool) -> None:
    assert belongs(path, ["c"]) is is_one


def test_only_what_the_copy_alone_shows_was_silenced() -> None:
    def finding(name: str, path: str = "c/templates/a.yaml", line: int = 3) -> Finding:
        return Finding(
            id=name, category="misconfiguration", severity=Severity.HIGH, path=path, start_line=line, layer="sha256:2"
        )

    image = PlatformFindings(platform="linux/amd64", digest=NO_DIGEST, findings=(finding("A"),))
    copy = PlatformFindings(
        platform="linux/amd64",
        digest=NO_DIGEST,
        findings=(
            finding("A"),
            finding("B"),
            finding("A", line=9),
            finding("C", "c/templates/b.yaml"),
            finding("D", ""),
        ),
        layers=(Layer(digest="sha256:2", diff_id="sha256:2"),),
    )
    missed = list(silenced(image, copy, ["sha256:1"], {"c/templates/a.yaml"}))
    assert missed == [replace(each, layer="sha256:1") for each in (finding("B"), finding("A", line=9))]
