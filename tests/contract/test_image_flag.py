"""`--image`: a name, several, or a JSON list, as a GitLab array input is written into a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

CONFIG = """\
version: 1
images:
  api: { repositories: ["oci:out/api"], tags: [fixed] }
  web: { repositories: ["oci:out/web"], tags: [fixed] }
  job: { repositories: ["oci:out/job"], tags: [fixed] }
"""


@pytest.mark.parametrize(
    ("flags", "images"),
    [
        ([], {"api", "web", "job"}),
        (["[]"], {"api", "web", "job"}),
        (["web"], {"web"}),
        (['["api", "web"]'], {"api", "web"}),
        (['["api"]', "job"], {"api", "job"}),
    ],
)
def test_which_images_are_meant(
    tmp_path: Path, run_command: Callable[..., subprocess.CompletedProcess[str]], flags: list[str], images: set[str]
) -> None:
    (tmp_path / ".ci-toolkit.yml").write_text(CONFIG)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    given = [f"--image={flag}" for flag in flags]
    done = run_command("plan", "--steps=build", *given, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {name for name in ("api", "web", "job") if f"build {name}" in done.stdout} == images


@pytest.mark.parametrize("value", ["[", '["api"', "[1]", '["api", ["web"]]', '["nobody"]', "[api]"])
def test_what_is_no_list_of_images_is_refused(
    tmp_path: Path, run_command: Callable[..., subprocess.CompletedProcess[str]], value: str
) -> None:
    (tmp_path / ".ci-toolkit.yml").write_text(CONFIG)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    done = run_command("plan", f"--image={value}", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
