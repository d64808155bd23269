"""The example of docs/login.md, run as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from ci_toolkit.model.reference import Repository
from ci_toolkit.registry.credentials import Credential
from tests.harness.pushing import destinations, sample_image
from tests.harness.registry import PASSWORD, USER, running_registry
from tests.harness.workplace import COMMAND, Workplace

if TYPE_CHECKING:
    from tests.harness.registry import Registry

PAGE = Path(__file__).parent.parent.parent / "docs" / "login.md"


def block(kind: str) -> str:
    """The page's one code block of a kind."""
    (found,) = re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


def push_sample(registry: Registry, directory: Path) -> None:
    with destinations(login=Credential(USER, PASSWORD), hosts=(registry.host,)) as opened:
        opened.push(Repository.parse(f"{registry.host}/team/app"), *sample_image(directory), ["1.0"])


def test_the_example_works_as_it_is_written(tmp_path: Path) -> None:
    workplace = Workplace(tmp_path / "workplace")
    workplace.env = {"REGISTRY_PASSWORD": PASSWORD, "PATH": f"{COMMAND.parent}:{os.environ['PATH']}"}
    with running_registry(tmp_path / "registry", htpasswd=True) as registry:
        push_sample(registry, tmp_path / "image")
        config, script, table = (
            block(kind).replace("registry.example.com", registry.host) for kind in ("yaml", "sh", "text")
        )
        (workplace.project / ".ci-toolkit.yml").write_text(config)
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", script],
            cwd=workplace.project,
            env=workplace.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    shown = [line.split() for line in done.stdout.splitlines()]
    assert shown[:2] == [line.split() for line in table.splitlines()]
    assert any(line[:1] == ["MediaType:"] for line in shown)
    assert (workplace.own_directories(), workplace.holding(PASSWORD)) == ([], [])
