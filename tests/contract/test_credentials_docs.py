"""docs/credentials.md says what is true: its configs load, its variables and audiences are those of the code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci_toolkit.registry.keychains import acr, aws, docker_hub, google
from tests.harness.configs import SMALL, loaded

TEXT = (Path(__file__).parent.parent.parent / "docs" / "credentials.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
CONFIGS = [block for block in BLOCKS if block.startswith("registries:")]
ENV = {"REGISTRY_PASSWORD": "stated-canary", "AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "client"}


@pytest.mark.parametrize("block", CONFIGS, ids=lambda block: block.splitlines()[1].strip())
def test_every_config_loads(block: str, tmp_path: Path) -> None:
    config = loaded(tmp_path, SMALL + block, ENV)
    assert all(options.auth for options in config.registries.values())


def test_every_provider_has_an_example(tmp_path: Path) -> None:
    providers = set()
    for block in CONFIGS:
        providers |= {o.auth.provider for o in loaded(tmp_path, SMALL + block, ENV).registries.values() if o.auth}
    assert providers == {"login", "ecr", "acr", "google", "docker-hub"}


def test_a_robots_name_is_no_variable(tmp_path: Path) -> None:
    (user,) = re.findall(r'`username: "(robot[^"]*)"`', TEXT)
    block = f'registries: {{ h.test: {{ auth: {{ username: "{user}", password: "${{REGISTRY_PASSWORD}}" }} }} }}\n'
    options = loaded(tmp_path, SMALL + block, ENV).registries["h.test"].auth
    assert options is not None
    assert options.username == "robot$project+name"


def test_what_ci_needs_is_what_the_code_looks_at() -> None:
    github, gitlab, steps = (_mapping(block) for block in BLOCKS if block not in CONFIGS)
    assert github["permissions"]["id-token"] == github["permissions"]["packages"] == "write"
    assert set(github["env"]) == {"GITHUB_TOKEN"}
    tokens = {name: token["aud"] for name, token in gitlab["id_tokens"].items()}
    assert tokens == {aws.USUAL: aws.AUDIENCE, acr.USUAL: acr.AUDIENCE}
    assert [step["run"] for step in steps["steps"]] == ["ci-toolkit build", "ci-toolkit scan", "ci-toolkit push"]


@pytest.mark.parametrize(
    ("variable", "audience"),
    [(aws.USUAL, aws.AUDIENCE), (acr.USUAL, acr.AUDIENCE), (google.USUAL, google.audience("projects/…"))],
)
def test_the_table_names_the_variables_and_audiences(variable: str, audience: str) -> None:
    assert f"`{variable}`, aud `{audience}`" in TEXT


def test_the_schema_names_every_variable() -> None:
    schema = (Path(__file__).parent.parent.parent / "schemas" / "ci-toolkit.schema.json").read_text(encoding="utf-8")
    assert all(link.USUAL in schema for link in (aws, acr, google, docker_hub))


def test_the_policy_is_json() -> None:
    (policy,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    actions = [action for statement in json.loads(policy)["Statement"] for action in _listed(statement["Action"])]
    assert len(actions) == len(set(actions)) == 10
    assert all(action.startswith("ecr:") for action in actions)


def _mapping(block: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(block)
    return document


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
