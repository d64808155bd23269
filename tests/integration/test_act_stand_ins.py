"""The stand-ins for GitHub's own actions are as strict as those: what they let pass, GitHub would."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.harness.container import ToolkitImage
from tests.harness.delivering_by_jobs import stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.harness.act import Act

    Step = Callable[..., str]


@pytest.fixture
def step(act: Act, tmp_path: Path) -> Iterator[Step]:
    """`step(action, **inputs)`: run it in `work`, with the artifacts beside that, and return what it printed."""
    (tmp_path / "work").mkdir()
    (tmp_path / "artifacts").mkdir()

    start = ["docker", "run", "--detach", f"--volume={tmp_path}:/tmp/test", "--workdir=/tmp/test/work"]
    start += ["--env=ACT_ARTIFACTS=/tmp/test/artifacts", act.runner, "tail", "-f", "/dev/null"]
    job = subprocess.run(start, capture_output=True, text=True, check=True).stdout.strip()

    def run(action: str, **inputs: str) -> str:
        stand_in(action, tmp_path / action)
        env = {f"INPUT_{name.upper().replace('_', '-')}": value for name, value in inputs.items()}
        command = ["docker", "exec", *(f"--env={n}={v}" for n, v in env.items())]
        command += [job, "node", f"/tmp/test/{action}/index.js"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) == ("::error::" in done.stdout), done.stderr
        return done.stdout

    yield run
    subprocess.run(["docker", "rm", "--force", job], capture_output=True, check=True)
    ToolkitImage(act.image).give_back(tmp_path)


def upload(step: Step, path: str, *, name: str = "one", **inputs: str) -> str:
    """Upload with the inputs that GitHub fills in."""
    defaults = {"include_hidden_files": "false", "if_no_files_found": "warn", "compression_level": "6"}
    return step("upload-artifact", name=name, path=path, **{**defaults, **inputs})


def put(root: Path, *names: str) -> None:
    """Write files that hold their names, for nobody else to read."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name, encoding="utf-8")
        (root / name).chmod(0o700)


def test_hidden_files_stay_unless_asked_for(step: Step, tmp_path: Path) -> None:
    put(tmp_path / "work", ".kept/state.json", ".kept/.lock", "shown/.hidden", "shown/a")
    assert "No files were found" in upload(step, ".kept")
    assert "::error::No files were found" in upload(step, ".kept", if_no_files_found="error")
    assert "1 files" in upload(step, "shown", name="shown")
    assert "1 files" in upload(step, ".kept/state.json", name="named")
    assert "2 files" in upload(step, ".kept", name="all", include_hidden_files="true")


def test_what_several_places_have_in_common_is_left_out_and_modes_are_lost(step: Step, tmp_path: Path) -> None:
    put(tmp_path / "work", ".kept/state.json", ".kept/reports/a/b.json", ".kept/images/c")
    upload(step, ".kept/state.json\n.kept/reports\n.kept/missing\n", include_hidden_files="true")
    assert step("download-artifact", name="one", path="there") == ""
    found = {str(p.relative_to(tmp_path / "work/there")): p for p in (tmp_path / "work/there").rglob("*.json")}
    assert set(found) == {"state.json", "reports/a/b.json"}
    assert {path.stat().st_mode & 0o777 for path in found.values()} == {0o644}


def test_what_is_excluded_stays(step: Step, tmp_path: Path) -> None:
    put(tmp_path / "work", ".kept/state.json", ".kept/ignore.yml", ".kept/reports/ignore.yml")
    assert "2 files" in upload(step, ".kept\n!.kept/ignore.yml\n", include_hidden_files="true")
    step("download-artifact", name="one", path="there")
    found = {str(p.relative_to(tmp_path / "work/there")) for p in (tmp_path / "work/there").rglob("*.*")}
    assert found == {"state.json", "reports/ignore.yml"}


def test_what_github_refuses_is_refused(step: Step, tmp_path: Path) -> None:
    put(tmp_path / "work", "a", "b:c")
    assert "::error::Artifact not found" in step("download-artifact", name="one", path="there")
    assert "1 files" in upload(step, "a")
    assert "::error::an artifact with the name one exists" in upload(step, "a")
    assert "::error::the path of b:c has a character" in upload(step, "b:c", name="two")
    assert "::error::a/b is no artifact's name" in upload(step, "a", name="a/b")
    assert "::error::the stand-in doesn't know the inputs overwrite" in upload(step, "a", name="two", overwrite="true")
    assert [path.name for path in (tmp_path / "artifacts").iterdir()] == ["one"]
