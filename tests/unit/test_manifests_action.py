"""GitHub's action files: the image of a container action is pinned, and no other byte changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.config.options import PinOptions
from ci_toolkit.errors import ConfigError, VerdictError
from ci_toolkit.manifests.formats import format_of
from ci_toolkit.manifests.pinning import Target, pin
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.reference import Repository, parse_destination
from ci_toolkit.state import ImageState, Pushed, Source, State
from ci_toolkit.steps.pin import PinStep
from tests.harness.builds import Heard, image_options

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = "ghcr.io/acme/app"
DIGEST = Digest("sha256:" + "d" * 64)
NEW = f"{IMAGE}:1@{DIGEST}"
TARGET = Target(repositories=frozenset({Repository.parse(IMAGE)}), digest=str(DIGEST), tag="1", style="tag-and-digest")
ACTION = """\
name: app  # kept
inputs:
  image: { description: ghcr.io/acme/app:0, default: docker://ghcr.io/acme/app:0 }
runs:
  using: docker
  image: VALUE
  pre-entrypoint: ghcr.io/acme/app:0
  entrypoint: docker://ghcr.io/acme/app:0
  env: { image: docker://ghcr.io/acme/app:0 }
  args: [docker://ghcr.io/acme/app:0, image]
"""


def pinned(text: str, name: str = "action.yml") -> str:
    """What becomes of the file; what comes out is never changed again."""
    result = pin(text.encode(), name, [TARGET])
    assert pin(result.new, name, [TARGET]).new == result.new
    return result.new.decode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"docker://{IMAGE}:0", f"docker://{NEW}"),
        (f"docker://{IMAGE}", f"docker://{NEW}"),
        (f"docker://{IMAGE}:0@sha256:{'0' * 64}", f"docker://{NEW}"),
        (f"docker://{IMAGE}:0   # the released one", f"docker://{NEW}   # the released one"),
        (f"'docker://{IMAGE}:0'", f"'docker://{NEW}'"),
        (f'"docker://{IMAGE}:0" # x', f'"docker://{NEW}" # x'),
        (f"Docker://{IMAGE}:0", f"Docker://{NEW}"),
        (f"&image docker://{IMAGE}:0", f"&image docker://{NEW}"),
        (f">-\n    docker://{IMAGE}:0", f">-\n    docker://{NEW}"),
    ],
)
def test_the_image_behind_docker_is_pinned(value: str, expected: str) -> None:
    for name in ("action.yml", "action.yaml", ".github/actions/deploy/action.yml"):
        for end in ("\n", "\r\n"):
            before, after = (ACTION.replace("VALUE", each).replace("\n", end) for each in (value, expected))
            assert pinned(before, name) == after
    assert pinned("\ufeff" + ACTION.replace("VALUE", value)) == "\ufeff" + ACTION.replace("VALUE", expected)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("Dockerfile", "it is built from that Dockerfile"),
        ("ghcr.io/acme/app/Dockerfile", "it is built from that Dockerfile"),
        ("docker://ghcr.io/acme/app-web:0", "another image"),
        (r'"docker:\/\/ghcr.io\/acme\/app:0"', "it is written with escapes: write it plainly"),
        ("docker://${{ inputs.image }}", "it is a template"),
        ("docker://$IMAGE", "it holds a variable"),
    ],
)
def test_what_is_no_image_of_ours_is_left_alone_with_a_reason(value: str, reason: str) -> None:
    text = ACTION.replace("VALUE", value)
    result = pin(text.encode(), "action.yml", [TARGET])
    assert result.new == result.old
    column = 10 + value.startswith('"')
    assert [(seen.line, seen.column, seen.reason) for seen in result.seen] == [(6, column, reason)]


@pytest.mark.parametrize(
    "text",
    [
        ACTION.replace("using: docker", "using: node24").replace("VALUE", f"docker://{IMAGE}:0"),
        f"runs: {{ using: composite, image: 'docker://{IMAGE}:0', steps: [{{ with: {{ image: '{IMAGE}:0' }} }}] }}\n",
        f"name: x\nimage: docker://{IMAGE}:0\n",
        f"- runs: {{ using: docker, image: docker://{IMAGE}:0 }}\n",
        "",
    ],
)
def test_other_actions_run_no_image(text: str) -> None:
    assert pinned(text) == text


def test_the_name_and_the_content_tell_the_format() -> None:
    action = ACTION.replace("VALUE", f"docker://{IMAGE}:0")
    pod = f"kind: Pod\nspec:\n  containers:\n    - image: {IMAGE}:0\n"
    assert format_of("a/action.yml", action).name == "github-action"
    assert format_of("a/my-action.yml", action).name == format_of("action.yml", pod).name == "kubernetes"
    assert pinned(action, "my-action.yml") == action
    assert pinned(pod) == pod.replace(f"{IMAGE}:0", NEW)


def test_an_image_shared_with_a_place_that_is_none_is_refused() -> None:
    text = f"x: &image docker://{IMAGE}:0\nruns: {{ using: docker, image: *image }}\n"
    with pytest.raises(ConfigError) as caught:
        pinned(text)
    assert "action.yml:1:4: x, which is no image" in caught.value.violations[0]
    assert pinned(text.replace("x:", "x-image:").replace("*image }", "*image  }")).count(str(DIGEST)) == 1


def test_an_action_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        pinned(f"runs: {{ image: docker://{IMAGE}:0\n")
    assert caught.value.violations[0].startswith("action.yml:2:1: not YAML")


def test_the_step_pins_it_once_and_check_says_no(tmp_path: Path) -> None:
    file = tmp_path / "action.yml"
    file.write_text(ACTION.replace("VALUE", f"docker://{IMAGE}:0"))
    pushed = Pushed(repository=IMAGE, digest=DIGEST, tags=("1",))
    state = State(
        tool_version="0",
        source=Source(images_hash=""),
        images={"app": ImageState(digest=DIGEST, tags=("1",), pushed=(pushed,))},
    )

    def run(*, check: bool) -> State:
        step = PinStep(
            pins=[PinOptions(files=("action.yml",), exclude=(), images=(), style="tag-and-digest", expect=1)],
            images={"app": image_options(tmp_path, name="app", repositories=(parse_destination(IMAGE),))},
            root=tmp_path,
            progress=Heard(),
            check=check,
        )
        return step.run(state)

    with pytest.raises(VerdictError, match=r"action\.yml:6"):
        run(check=True)
    assert str(DIGEST) not in file.read_text()
    (place,) = run(check=False).pins
    assert (place.file, place.line, place.old, place.new) == ("action.yml", 6, f"{IMAGE}:0", NEW)
    assert file.read_text() == ACTION.replace("VALUE", f"docker://{NEW}")
    written = file.stat()
    run(check=False)
    run(check=True)
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
