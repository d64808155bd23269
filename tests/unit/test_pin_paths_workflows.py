"""Which patterns lead to files of git and to workflows: none to the former, those that spell it out to the latter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import UsageError
from ci_toolkit.workspace import Replacement, Workspace

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOW = ".github/workflows/ci.yaml"
HIDDEN = (".git/config.yaml", ".git/hooks/x.yaml", WORKFLOW, ".GitHub/Workflows/c.yaml", f"x/{WORKFLOW}")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with files of git and of GitHub."""
    for name in ("e.yaml", *HIDDEN):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


@pytest.mark.parametrize("pattern", [".git/*.yaml", ".g*/hooks/x.yaml", ".g*/**/*.yaml"])
def test_files_of_git_are_never_written(root: Path, pattern: str) -> None:
    with pytest.raises(UsageError, match=r"below \.git is ever written"):
        Workspace(root).files(pattern)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (WORKFLOW, [WORKFLOW]),
        (".github/workflows/*.yaml", [WORKFLOW]),
        ("./.github/workflows/*", [WORKFLOW]),
        (".github/workflows/**/*.yaml", [WORKFLOW]),
        ("x/.github/workflows/*.yaml", [f"x/{WORKFLOW}"]),
        ("*.yaml", ["e.yaml"]),
        ("x/**/*.yaml", []),
    ],
)
def test_workflows_are_found_where_a_pattern_spells_out_where_they_lie(
    root: Path, pattern: str, found: list[str]
) -> None:
    workspace = Workspace(root)
    assert workspace.files(pattern) == found
    workspace.replace([Replacement(name, workspace.read(name, limit=9), b"new") for name in found])
    assert all((root / name).read_bytes() == b"new" for name in found)


@pytest.mark.parametrize(
    "pattern",
    [".github/**/*.yaml", ".github/w*/*", ".g*/workflows/*", ".GitHub/Workflows/*", "*/.github/workflows/*",
     "link.yaml", "links/*.yaml", "x/link/ci.yaml", "x/.github/workflows/link.yaml"],
)  # fmt: skip
def test_no_wildcard_and_no_link_leads_to_workflows(root: Path, pattern: str) -> None:
    (root / "link.yaml").symlink_to(WORKFLOW)
    (root / "links").symlink_to(".github/workflows")
    (root / "x/link").symlink_to("../.github/workflows")
    (root / "x/.github/workflows/link.yaml").symlink_to(f"../../../{WORKFLOW}")
    with pytest.raises(UsageError, match="a pattern spells out"):
        Workspace(root).files(pattern)
