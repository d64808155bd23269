"""Which words silence a scanner, in which files, and what archives hold."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import IntegrityError
from ci_toolkit.layout import Layout
from ci_toolkit.model.findings import Finding, Layer, Severity
from ci_toolkit.scanners import archives
from ci_toolkit.scanners.archives import unpacked
from ci_toolkit.scanners.silencers import heeded
from tests.harness.images import tar_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.harness.images import Tree

COMMENT = b"# trivy:ignore:DS-0029\n"


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., list[Finding]]:
    """What is found in a layer of these files, or of these bytes."""

    def found(layer: Tree | bytes, config: object = None) -> list[Finding]:
        layout = Layout(tmp_path)
        layout.create()
        blob = layout.add(layer if isinstance(layer, bytes) else tar_of(layer))
        about = layout.add(json.dumps(config or {}).encode())
        return list(heeded(tmp_path, about, [Layer(digest=str(blob), diff_id="sha256:1")]).comments)

    return found


@pytest.mark.parametrize(
    ("line", "excerpt"),
    [
        ("# trivy:ignore:*", "trivy:ignore:*"),
        ("RUN a #tfsec:ignore:AVD-DS-0029", "tfsec:ignore:AVD-DS-0029"),
        ("//trivy:exp:2999-01-01:ignore:x:ws:y tail", "trivy:exp:2999-01-01:ignore:x:ws:y"),
        ('{{ "trivy:ignore:a" }}', 'trivy:ignore:a"'),
        ("a tfsec:b trivy:ignore:c", "trivy:ignore:c"),
        ("# trivy:ignore:" + "a" * 500, "trivy:ignore:" + "a" * 187),
        ("image: aquasec/trivy:0.76.0", None),
        ("# trivy:ignore:", None),
        ("# trivy: ignore:a", None),
        ("# trivy:noignore:a", None),
        ("# checkov:ignore:a", None),
    ],
)
def test_words(look: Callable[..., list[Finding]], line: str, excerpt: str | None) -> None:
    found = look({"Dockerfile": f"FROM a\n\x01\n{line}\n"})
    assert [(f.path, f.start_line, f.excerpt) for f in found] == ([("Dockerfile", 3, excerpt)] if excerpt else [])


@pytest.mark.parametrize(
    ("path", "is_looked_at"),
    [
        ("Dockerfile", True),
        ("a/DOCKERFILE.web", True),
        ("a/web.dockerfile", True),
        ("Containerfile", True),
        ("a.tf", True),
        ("a.tf.json", True),
        ("a.tofu", True),
        ("a.tfvars", True),
        ("Chart.yaml", True),
        ("a.YML", True),
        ("_helpers.tpl", True),
        ("README.md", False),
        ("trivy", False),
        ("a.py", False),
    ],
)
def test_files_that_a_scanner_takes_for_configuration(
    look: Callable[..., list[Finding]], path: str, *, is_looked_at: bool
) -> None:
    assert [f.path for f in look({path: COMMENT})] == ([path] if is_looked_at else [])


def test_a_finding_says_where_and_what_to_do(look: Callable[..., list[Finding]]) -> None:
    [found] = look({"a/Dockerfile": COMMENT})
    assert (found.category, found.severity, found.layer[:7]) == ("misconfiguration", Severity.CRITICAL, "sha256:")
    assert "triage entry" in found.resolution


@pytest.mark.parametrize("name", ["history", "History"])
def test_the_history_counts_as_a_dockerfile(look: Callable[..., list[Finding]], name: str) -> None:
    made_by = "RUN a \ud800 # trivy:ignore:a"
    config = {name: [{"created_by": made_by}, {"empty_layer": True}], "config": {"Env": ["a=b"]}}
    assert [(f.path, f.layer, f.excerpt) for f in look({}, config)] == [("", "", "trivy:ignore:a")]


def test_a_layer_that_nobody_can_read_is_no_pass(look: Callable[..., list[Finding]]) -> None:
    for layer in (b"\xff" * 512, gzip.compress(tar_of({"a": b"b" * 5000}))[:-40]):
        with pytest.raises(IntegrityError, match=r"layer sha256:\w+ can't be looked through"):
            look(layer)


def zipped(content: bytes, method: int) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", method) as plan:
        plan.writestr("a", content)
    return archive.getvalue()


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        lambda content: gzip.compress(b"x" * 99) + gzip.compress(content),
        lambda content: gzip.compress(content)[:-8],
        lambda content: gzip.compress(content)[:-8] + b"\xff" * 8,
        lambda content: gzip.compress(tar_of({"a.tgz": gzip.compress(gzip.compress(content))})),
        lambda content: zipped(content, zipfile.ZIP_DEFLATED),
        lambda content: zipped(content, zipfile.ZIP_STORED),
        lambda content: b"#!/bin/sh\n" + zipped(content, zipfile.ZIP_DEFLATED),
        lambda content: zipped(content, zipfile.ZIP_DEFLATED).partition(b"PK\x01\x02")[0],
    ],
    ids=["gzip", "members", "cut off", "wrong sum", "nested", "zip", "stored", "zip later on", "no directory"],
)
def test_archives_are_unpacked_however_a_program_finds_its_way(
    look: Callable[..., list[Finding]], pack: Callable[[bytes], bytes]
) -> None:
    content = bytes(range(256)) * 2 + b"\n" + COMMENT + bytes(700)
    assert [(f.path, f.excerpt) for f in look({"a.tfplan": pack(content)})] == [("a.tfplan", "trivy:ignore:DS-0029")]


def test_an_archive_without_end_counts_as_a_comment(
    look: Callable[..., list[Finding]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_MOST_OF_ALL", 1_000_000)
    bomb = gzip.compress(bytes(3_000_000))
    assert [f.excerpt for f in look({"a.tgz": bomb})] == ["an archive that unpacks without end"]


def test_of_one_archive_no_more_is_unpacked_than_a_chart_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST", 1_000_000)
    [found] = unpacked(gzip.compress(bytes(30_000_000)))
    assert 1_000_000 <= len(found) < 3_000_000
