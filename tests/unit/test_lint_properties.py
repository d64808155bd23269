"""Whatever a manifest holds, lint ends with a report; what is pinned and allowed breaks no rule."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from ci_toolkit.config.load import lint_defaults
from ci_toolkit.model.namespace import Namespace
from ci_toolkit.steps.lint import Linter
from ci_toolkit.steps.lint_files import LintFiles
from tests.harness.linting import DIGEST, pod

if TYPE_CHECKING:
    from ci_toolkit.model.lint import LintReport

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}(?:[-.][a-z0-9]{1,3})?", fullmatch=True)
TAGS = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,6}", fullmatch=True)
OPTIONS = replace(lint_defaults(), registries=(Namespace.parse("ghcr.io/acme"),))


def linted(data: bytes) -> LintReport:
    with TemporaryDirectory() as directory:
        root = Path(directory)
        (root / "app.yaml").write_bytes(data)
        linter = Linter(OPTIONS)
        linter.check_named(LintFiles(root, root, exclude=(), environments={}, ignored=lambda *_: ()), root, ["."])
        return linter.report


@given(st.one_of(st.binary(max_size=200), st.lists(st.text(max_size=30), max_size=4).map(lambda t: pod(*t).encode())))
@settings(max_examples=200, deadline=None)
def test_any_file_gives_a_report(data: bytes) -> None:
    report = linted(data)
    assert report.files == 1
    assert all(finding.line >= 1 and finding.column >= 1 for finding in report.findings)
    assert len(report.passed) <= report.images


@given(st.lists(NAMES, min_size=1, max_size=3), TAGS)
@settings(deadline=None)
def test_what_is_pinned_and_allowed_breaks_nothing(names: list[str], tag: str) -> None:
    assert linted(pod(f"ghcr.io/acme/{'/'.join(names)}:{tag}{DIGEST}").encode()).findings == ()


@given(NAMES, TAGS)
@settings(deadline=None)
def test_what_only_begins_like_an_allowed_name_is_not_allowed(name: str, tag: str) -> None:
    report = linted(pod(f"ghcr.io/acme{name}/app:{tag}{DIGEST}").encode())
    assert [finding.rule for finding in report.findings] == ["registry"]
