"""What was built is looked for under the tags that the build gave it, its flavor included."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import Descriptor
from ci_toolkit.model.reference import Repository
from ci_toolkit.model.tags import Flavor, TagRule
from ci_toolkit.state import Source, State
from ci_toolkit.steps.promotion import BUILD, Finder, place
from tests.harness.builds import image_options
from tests.harness.runs import NOW, context_of

if TYPE_CHECKING:
    from ci_toolkit.steps.promotion import Registries

HERE = Repository.parse("registry.example.com/app")
FOUND = Digest("sha256:" + "1" * 64)


class OneTag:
    """Registries in which one tag is."""

    def __init__(self, tag: str) -> None:
        self._tag = tag

    def repository(self, _: Repository) -> OneTag:
        return self

    def resolve(self, tag: str) -> Descriptor | None:
        return Descriptor(media_type="x", digest=FOUND, size=1) if tag == self._tag else None


def test_the_build_is_found_under_its_flavors_tag() -> None:
    image = image_options(
        Path("/src"), repositories=(HERE,), tags=(TagRule("{branch}"),), flavor=Flavor(suffix="-alpine")
    )
    finder = Finder(registries=cast("Registries", OneTag("main-alpine")), context=context_of("push main"), now=NOW)
    nothing_known = State(tool_version="0", source=Source(images_hash="x"))
    assert finder.digest(image, place(BUILD, image, {}), nothing_known) == FOUND
