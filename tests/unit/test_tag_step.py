"""The tag step: what it establishes, and what it warns of."""

from __future__ import annotations

from pathlib import Path

from ci_toolkit.model.tags import Flavor, TagRule
from ci_toolkit.state import Source, State
from ci_toolkit.steps.tag import TagStep
from tests.harness.builds import Heard, image_options
from tests.harness.runs import NOW, context_of


def test_the_state_tells_moving_tags_from_immutable_ones() -> None:
    heard = Heard()
    rules = (TagRule("sha-{sha:7}"), TagRule("{version}"), TagRule("{pr}"))
    image = image_options(
        Path("/src"), tags=rules, flavor=Flavor("auto"), immutable_tags=("{version}", "sah-*", "lates")
    )
    step = TagStep(images={"app": image}, context=context_of("tag v1.2.3"), now=NOW, progress=heard)
    found = step.run(State(tool_version="0", source=Source(images_hash="x"))).image("app")
    assert found.tags == ("sha-0123456", "1.2.3", "latest")
    assert (found.moving_tags, found.immutable_tags, found.version) == (("latest",), ("1.2.3",), "1.2.3")
    assert found.skipped_tags == {"{pr}": "no pull request is built"}
    assert [line for line in heard.lines if "warning" in line] == [
        "warning: app: immutable-tags: no tag of this image ever matches 'sah-*'",
        "warning: app: immutable-tags: no tag of this image ever matches 'lates'",
    ]
