"""Where files are found and written: inside the project, never through a link out of it, all of them or none."""

from __future__ import annotations

import os
import resource
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import ToolError, UsageError
from ci_toolkit.workspace import Replacement, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT = 2**20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a few files, and a secret beside it."""
    root = tmp_path / "project"
    for name in (
        "deploy/a.yaml",
        "deploy/b.yml",
        "deploy/x/y/c.yaml",
        "deploy/x/d.json",
        "deploy/README.md",
        "e.yaml",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.yaml").write_text("secret")
    return root


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """A full disk, as far as one process can have one: no file can be written beyond this size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def replacements(workspace: Workspace, new: dict[str, bytes]) -> list[Replacement]:
    return [Replacement(path, workspace.read(path, limit=LIMIT), data) for path, data in new.items()]


def tree(root: Path) -> dict[str, tuple[bytes, int, int]]:
    """Every file's bytes, mode and time, by path: leftovers would show."""
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("deploy/a.yaml", ["deploy/a.yaml"]),
        ("./deploy//a.yaml", ["deploy/a.yaml"]),
        ("deploy/*.yaml", ["deploy/a.yaml"]),
        ("deploy/*.y*ml", ["deploy/a.yaml", "deploy/b.yml"]),
        ("deploy/?.yaml", ["deploy/a.yaml"]),
        ("deploy/[b-z].yml", ["deploy/b.yml"]),
        ("deploy/**/*.yaml", ["deploy/a.yaml", "deploy/x/y/c.yaml"]),
        ("**/*.yaml", ["deploy/a.yaml", "deploy/x/y/c.yaml", "e.yaml"]),
        ("**/x/**/*.json", ["deploy/x/d.json"]),
        ("deploy/*", ["deploy/a.yaml", "deploy/b.yml"]),
        ("deploy/**", ["deploy/a.yaml", "deploy/b.yml", "deploy/x/d.json", "deploy/x/y/c.yaml"]),
        ("**/**/**/c.yaml", ["deploy/x/y/c.yaml"]),
        ("deploy/*.md", ["deploy/README.md"]),
        ("deploy", []),
        ("nowhere/*.yaml", []),
        ("deploy/a.yaml/*", []),
        ("*.nothing", []),
    ],
)
def test_patterns(root: Path, pattern: str, found: list[str]) -> None:
    assert Workspace(root).files(pattern) == found


def test_wildcards_pass_over_hidden_names(root: Path) -> None:
    for name in (".git/config.yaml", ".github/workflows/ci.yaml", ".hidden.yaml", ".cache/f.yaml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    workspace = Workspace(root)
    assert workspace.files("**/*.yaml") == ["deploy/a.yaml", "deploy/x/y/c.yaml", "e.yaml"]
    assert workspace.files("**/.h*.yaml") == [".hidden.yaml"]
    assert workspace.files(".cache/*.yaml") == [".cache/f.yaml"]


@pytest.mark.parametrize(
    "pattern", ["../outside/*.yaml", "/etc/passwd", "deploy/../../outside/secret.yaml", "", "a\0b"]
)
def test_patterns_that_lead_outside_are_refused(root: Path, pattern: str) -> None:
    with pytest.raises(UsageError):
        Workspace(root).files(pattern)


@pytest.mark.parametrize(
    ("link", "to", "pattern"),
    [
        ("deploy/out.yaml", "../../outside/secret.yaml", "deploy/*.yaml"),
        ("deploy/out.yaml", "../../outside/secret.yaml", "deploy/out.yaml"),
        ("deploy/out.yaml", "../../outside/secret.yaml", "**/*.yaml"),
        ("deploy/out.yaml", "/dev/zero", "deploy/*.yaml"),
        ("deploy/out.yaml", "../../outside/not-yet.yaml", "deploy/out.yaml"),
        ("deploy/out", "../../outside", "deploy/out/secret.yaml"),
        ("deploy/out", "../../outside", "deploy/*/*.yaml"),
        ("deploy/out", "/", "deploy/out/etc/passwd"),
    ],
)
def test_links_out_of_the_project_are_refused(root: Path, link: str, to: str, pattern: str) -> None:
    (root / link).symlink_to(to)
    with pytest.raises(UsageError, match="symbolic link"):
        Workspace(root).files(pattern)


def test_links_out_of_the_project_that_nobody_looks_for_are_no_matter(root: Path) -> None:
    (root / "deploy/out").symlink_to("../../outside")
    (root / "deploy/LICENSE").symlink_to("../../outside/secret.yaml")
    (root / "deploy/broken.yaml").symlink_to("nowhere.yaml")
    (root / "deploy/round.yaml").symlink_to("round.yaml")
    assert Workspace(root).files("**/*.yaml") == ["deploy/a.yaml", "deploy/x/y/c.yaml", "e.yaml"]
    assert Workspace(root).files("deploy/**") == [
        "deploy/a.yaml",
        "deploy/b.yml",
        "deploy/x/d.json",
        "deploy/x/y/c.yaml",
    ]


def test_links_inside_are_the_files_they_point_at(root: Path) -> None:
    (root / "overlays").mkdir()
    (root / "overlays/a.yaml").symlink_to("../deploy/a.yaml")
    (root / "overlays/x").symlink_to("../deploy/x")
    (root / "git").symlink_to(".git")
    assert Workspace(root).files("overlays/*.yaml") == ["deploy/a.yaml"]
    assert Workspace(root).files("overlays/x/y/*.yaml") == ["deploy/x/y/c.yaml"]
    assert Workspace(root).files("overlays/**/*.yaml") == ["deploy/a.yaml"], "** follows no link"
    (root / ".git").mkdir()
    (root / ".git/config.yaml").write_text("")
    with pytest.raises(UsageError, match="ever written"):
        Workspace(root).files("git/*.yaml")


def test_a_project_may_itself_be_reached_by_a_link(root: Path) -> None:
    link = root.with_name("link")
    link.symlink_to(root)
    workspace = Workspace(link)
    workspace.replace(replacements(workspace, dict.fromkeys(workspace.files("e.yaml"), b"new")))
    assert (root / "e.yaml").read_bytes() == b"new"


def test_only_regular_files_of_a_sane_size_are_read(root: Path) -> None:
    os.mkfifo(root / "pipe.yaml")
    workspace = Workspace(root)
    assert workspace.files("*.yaml") == ["e.yaml"]
    for path in ("pipe.yaml", "deploy"):
        with pytest.raises(UsageError, match="no regular file"):
            workspace.read(path, limit=LIMIT)
    with pytest.raises(UsageError, match="more than"):
        workspace.read("e.yaml", limit=3)


def test_a_file_that_cannot_be_read_is_a_fault_of_the_machine(root: Path) -> None:
    with pytest.raises(ToolError, match=r"can't read deploy/gone\.yaml"):
        Workspace(root).read("deploy/gone.yaml", limit=LIMIT)


def test_files_are_replaced_and_keep_their_modes(root: Path) -> None:
    (root / "e.yaml").chmod(0o640)
    (root / "deploy/a.yaml").chmod(0o755)
    workspace = Workspace(root)
    before = tree(root)
    workspace.replace(replacements(workspace, {"e.yaml": b"new e", "deploy/a.yaml": b"new a"}))
    after = tree(root)
    assert after["e.yaml"][0] == b"new e"
    assert after["deploy/a.yaml"][0] == b"new a"
    assert {path: mode for path, (_, mode, _) in after.items()} == {
        path: mode for path, (_, mode, _) in before.items()
    }
    assert stat.S_IMODE((root / "e.yaml").stat().st_mode) == 0o640


def test_a_full_disk_leaves_every_file_as_it_was(root: Path) -> None:
    workspace = Workspace(root)
    wanted = replacements(workspace, {"deploy/a.yaml": b"small", "e.yaml": b"x" * 5000})
    before = tree(root)
    with largest_file(4096), pytest.raises(ToolError) as caught:
        workspace.replace(wanted)
    assert "e.yaml" in caught.value.message
    assert tree(root) == before


def test_what_was_renamed_comes_back_with_its_time_when_a_later_one_fails(root: Path) -> None:
    workspace = Workspace(root)
    os.utime(root / "deploy/a.yaml", ns=(10**18, 10**18))
    wanted = replacements(workspace, {"deploy/a.yaml": b"new a", "deploy/x/d.json": b"new d", "e.yaml": b"new e"})
    (root / "e.yaml").write_text("someone else's")
    before = tree(root)
    with pytest.raises(ToolError, match=r"e\.yaml was changed by someone else"):
        workspace.replace(wanted)
    assert tree(root) == before


def test_a_file_that_vanished_fails_the_rest(root: Path) -> None:
    workspace = Workspace(root)
    wanted = replacements(workspace, {"deploy/a.yaml": b"new a", "e.yaml": b"new e"})
    (root / "e.yaml").unlink()
    before = tree(root)
    with pytest.raises(ToolError, match=r"can't write e\.yaml"):
        workspace.replace(wanted)
    assert tree(root) == before


def test_a_parent_swapped_for_a_link_is_noticed(root: Path) -> None:
    workspace = Workspace(root)
    wanted = replacements(workspace, {"e.yaml": b"new e", "deploy/x/d.json": b"new d"})
    outside = root.parent / "outside"
    (outside / "d.json").write_bytes((root / "deploy/x/d.json").read_bytes())
    (root / "deploy/x").rename(root / "deploy/x-before")
    (root / "deploy/x").symlink_to(outside)
    before = tree(root), tree(outside)
    with pytest.raises(UsageError, match="symbolic link"):
        workspace.replace(wanted)
    assert (tree(root), tree(outside)) == before


def test_a_file_swapped_for_a_link_is_replaced_by_nothing(root: Path) -> None:
    workspace = Workspace(root)
    wanted = replacements(workspace, {"e.yaml": b"new e"})
    outside = root.parent / "outside/secret.yaml"
    (root / "e.yaml").unlink()
    (root / "e.yaml").symlink_to(outside)
    with pytest.raises(ToolError, match="changed by someone else"):
        workspace.replace(wanted)
    assert outside.read_text() == "secret"
    with pytest.raises(UsageError, match="symbolic link"):
        workspace.read("e.yaml", limit=LIMIT)


def test_a_hard_link_outside_keeps_its_bytes(root: Path) -> None:
    outside = root.parent / "outside/secret.yaml"
    (root / "hard.yaml").hardlink_to(outside)
    workspace = Workspace(root)
    workspace.replace(replacements(workspace, {"hard.yaml": b"new"}))
    assert outside.read_text() == "secret"
    assert (root / "hard.yaml").read_bytes() == b"new"


def test_an_interruption_brings_everything_back(root: Path) -> None:
    workspace = Workspace(root)
    wanted = replacements(workspace, {"deploy/a.yaml": b"new a", "e.yaml": b"new e"})
    before = tree(root)

    def interrupted() -> Iterator[Replacement]:
        yield wanted[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        workspace.replace(interrupted())  # type: ignore[arg-type]
    assert tree(root) == before
