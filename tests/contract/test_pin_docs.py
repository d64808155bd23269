"""What docs/pin.md shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from ci_toolkit.cli.action_inputs import arguments
from ci_toolkit.config.options import PinOptions
from ci_toolkit.manifests.pinning import Target, pinned_value
from ci_toolkit.model.reference import Repository
from tests.harness.configs import ENV, loaded
from tests.harness.pinning import APP, DIGEST, Checkout, pod
from tests.harness.pushing import destinations, sample_image

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.harness.registry import Registry

PAGE = (Path(__file__).parent.parent.parent / "docs/pin.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```console\n\$ ci-toolkit (pin[^\n]*)\n(.*?)```", PAGE, re.DOTALL)
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
MANIFEST = """\
# The shop's front.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  template:
    spec:
      containers:
        - image: ghcr.io/acme/app:1.4
          name: app
        - image: PROXY:3.1
          name: proxy
"""


@pytest.fixture
def checkout(tmp_path: Path, run_command: Callable[..., subprocess.CompletedProcess[str]]) -> Checkout:
    made = Checkout(
        tmp_path / "project", run_command, {"XDG_CACHE_HOME": str(tmp_path / "cache"), "DOCKER_CONFIG": ""}
    )
    made.write(deploy__app=MANIFEST, deploy__settings="kind: ConfigMap\ndata: {a: b}\n")
    return made


@pytest.fixture
def pushed(registry: Registry, tmp_path: Path) -> tuple[str, str]:
    """A third party's image: host and digest."""
    layout, root = sample_image(tmp_path / "layout", salt="docs")
    with destinations() as there:
        there.push(Repository.parse(f"{registry.host}/vendor/proxy"), layout, root, ["3.1"])
    return registry.host, str(root.digest)


def test_every_example_prints_what_the_page_says(checkout: Checkout, pushed: tuple[str, str]) -> None:
    host, digest = pushed
    checkout.write(deploy__app=MANIFEST.replace("PROXY", f"{host}/vendor/proxy"))
    assert len(EXAMPLES) == 3
    for command, printed in EXAMPLES:
        result = checkout.pin(*command.split()[1:])
        assert result.returncode == 0, result.stderr
        if printed:
            assert result.stdout == printed.replace("REGISTRY", host).replace("DIGEST", digest)


def test_the_workflow_s_command_says_no_until_everything_is_pinned(
    checkout: Checkout, pushed: tuple[str, str]
) -> None:
    host, digest = pushed
    step = yaml.safe_load(BLOCKS[1])["jobs"]["pins"]["steps"][-1]
    name, *command = arguments({"INPUT_ARGS": step["with"]["args"], "INPUT_DRY-RUN": "false"})
    proxy = f"{host}/vendor/proxy:3.1"
    checkout.write(deploy__app=pod(f"{APP}:1.4@{DIGEST}", proxy))
    result = checkout.pin(*command)
    assert (name, result.returncode) == ("pin", 1), result.stderr
    checkout.write(deploy__app=pod(f"{APP}:1.4@{DIGEST}", f"{proxy}@{digest}"))
    assert checkout.pin(*command).returncode == 0


def test_the_config_pins_by_its_state(tmp_path: Path) -> None:
    config, _ = BLOCKS
    (entry,) = loaded(tmp_path, config, ENV).pin
    assert isinstance(entry, PinOptions)
    assert (entry.files, entry.style) == (("deploy/**/*.yaml",), "tag-and-digest")


def test_the_table_of_styles(checkout: Checkout) -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| `(ghcr[^`]+)` \|$", PAGE, re.MULTILINE)
    assert len(rows) == 3
    for style, becomes in rows:
        checkout.write(deploy__app=MANIFEST)
        assert checkout.pin(f"--image={APP}@{DIGEST}", "--style", style, "deploy").returncode == 0
        assert f"- image: {becomes.replace('sha256:…', DIGEST)}\n" in checkout.read("deploy/app.yaml")


def test_the_repositories_that_are_one() -> None:
    nginx = Repository.parse("nginx")
    target = Target(repositories=frozenset({nginx}), digest=DIGEST, tag=None, style="digest")
    for spelling in ("nginx", "library/nginx", "docker.io/nginx"):
        assert f"`{spelling}`" in PAGE
        assert Repository.parse(spelling) == nginx
        assert pinned_value(spelling, target) == f"{spelling}@{DIGEST}"
