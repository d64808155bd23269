"""`ci-toolkit template`: what it shows and copies is what is included, and nothing is ever overwritten."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).parent.parent.parent
FILES = {file.name: file.read_text(encoding="utf-8") for file in (ROOT / "templates/gitlab").glob("*.yml")}


def copied(directory: Path) -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in directory.iterdir()}


def test_the_list_has_every_template_with_what_it_does(run_command: Run, tmp_path: Path) -> None:
    done = run_command("template", "list", cwd=tmp_path)
    assert done.returncode == 0
    said = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert {f"{name}.yml" for name in said} == FILES.keys()
    assert all(text.endswith(".") for text in said.values())


@pytest.mark.parametrize("name", ["build", "promote.yml", "template"])
def test_a_template_is_shown_as_it_is(run_command: Run, tmp_path: Path, name: str) -> None:
    done = run_command("template", "show", name, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, FILES[f"{name.removesuffix('.yml')}.yml"])


@pytest.mark.parametrize("name", ["deploy", "../parts/base", ""])
def test_a_template_that_is_none_is_refused(run_command: Run, tmp_path: Path, name: str) -> None:
    done = run_command("template", "show", name, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "build, scan, push, pin, promote, template" in done.stderr


def test_a_copy_is_every_file_and_never_over_another(run_command: Run, tmp_path: Path) -> None:
    assert run_command("template", "copy", "ci/image", cwd=tmp_path).returncode == 0
    assert copied(tmp_path / "ci/image") == FILES
    (tmp_path / "ci/image/push.yml").write_text("mine")
    again = run_command("template", "copy", "ci/image", cwd=tmp_path)
    assert again.returncode == 2
    assert "is there already" in again.stderr
    assert copied(tmp_path / "ci/image") == {**FILES, "push.yml": "mine"}


def test_nothing_is_copied_where_one_file_is_there(run_command: Run, tmp_path: Path) -> None:
    (tmp_path / "template.yml").symlink_to("elsewhere")
    done = run_command("template", "copy", ".", cwd=tmp_path)
    assert (done.returncode, [file.name for file in tmp_path.iterdir()]) == (2, ["template.yml"])


def test_a_directory_that_can_not_be_made_is_told(run_command: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run_command("template", "copy", "file/below", cwd=tmp_path)
    assert done.returncode == 3
    assert "can't write to file/below" in done.stderr


def test_the_wheel_has_them(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        shipped = [name for name in archive.namelist() if name.startswith("ci_toolkit/templates/gitlab/")]
    assert {Path(name).name for name in shipped if name.endswith(".yml")} == FILES.keys()
