"""What later commands find of `ci-toolkit login`, and what they leave aside."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.cli.kept_logins import find_kept, kept_place, read_kept, stated_hash
from ci_toolkit.private import make
from ci_toolkit.registry.credentials import Credential
from ci_toolkit.registry.docker_login import keep
from tests.harness.configs import SMALL, loaded

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.config.options import Config

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
ROLE = "{{auth: {{provider: ecr, role: 'arn:aws:iam::123456789012:role/{}'}}}}"


def config(directory: Path, role: str) -> Config:
    directory.mkdir(exist_ok=True)
    return loaded(directory, f"{SMALL}registries:\n  {HOST}: {ROLE.format(role)}\n")


@pytest.mark.parametrize(
    ("life", "role", "had", "ended"),
    [
        (7200.0, "push", True, False),
        (7200.0, "other", False, False),
        (100.0, "push", False, False),
        (-60.0, "push", False, True),
        (-60.0, "other", False, False),
        (None, "push", False, False),
    ],
)
def test_a_login_with_an_end_serves_until_then_under_the_words_it_was_made_with(
    tmp_path: Path, life: float | None, role: str, had: bool, ended: bool
) -> None:
    project, temporary = tmp_path / "project", tmp_path / "temporary"
    temporary.mkdir()
    env = {"TMPDIR": str(temporary), "HOME": str(tmp_path)}
    made = config(project, "push")
    workdir = project / ".ci-toolkit"
    assert not find_kept(env, made, workdir, writes=True).variables
    place = kept_place(env, workdir, project)
    assert place
    make(place)
    login = Credential("AWS", "ecr-canary", expires_at=None if life is None else time.time() + life)
    keep(place, tmp_path / ".docker", {HOST: login}, stated={HOST: stated_hash(made, HOST)})
    found = find_kept(env, config(project, role), workdir, writes=True)
    assert found.variables["DOCKER_CONFIG"] == str(place)
    assert (found.had, set(found.ended)) == ({HOST: login} if had else {}, {HOST} if ended else set())
    assert "ecr-canary" not in repr(found)


def test_where_there_is_no_place_there_is_no_login(tmp_path: Path) -> None:
    assert kept_place({}, tmp_path, tmp_path.parents[-1]) is None
    assert read_kept({}, tmp_path, tmp_path.parents[-1]) is None
