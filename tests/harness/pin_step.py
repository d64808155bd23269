"""A directory with manifests, and a pin step for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ci_toolkit.config.options import PinOptions
from ci_toolkit.model.digest import Digest
from ci_toolkit.state import ImageState, Pushed, State
from ci_toolkit.steps.pin import PinStep
from tests.harness.builds import Heard

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions

APP, WEB, ARM = (Digest(f"sha256:{letter * 64}") for letter in "abc")
GHCR, MIRROR = "ghcr.io/acme/app", "registry.example.com/acme/app"
ENTRY = PinOptions(files=("deploy/**/*.yaml",), exclude=(), images=(), style="tag-and-digest", expect=None)


def pushed_image(digest: Digest, *repositories: str, **changes: Any) -> ImageState:
    known = ImageState(
        digest=digest,
        platforms={"linux/amd64": digest, "linux/arm64": ARM},
        tags=("1.0.0", "latest"),
        pushed=tuple(Pushed(repository=r, digest=digest, tags=("1.0.0", "latest")) for r in repositories),
    )
    return replace(known, **changes)


@dataclass
class Project:
    """A directory with manifests, the config's part that the step sees, and a state after a push."""

    root: Path
    images: dict[str, ImageOptions]
    state: State
    entries: tuple[PinOptions, ...] = (ENTRY,)
    heard: Heard = field(default_factory=Heard)
    shown: list[str] = field(default_factory=list)

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.root / "deploy" / f"{name}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def read(self, name: str) -> str:
        return (self.root / "deploy" / f"{name}.yaml").read_text(encoding="utf-8")

    def step(self, **changes: Any) -> PinStep:
        given = {"pins": self.entries, "images": self.images, "root": self.root, "progress": self.heard}
        return PinStep(**{**given, "show": self.shown.append, **changes})

    def run(self, **changes: Any) -> State:
        self.state = self.step(**changes).run(self.state)
        return self.state

    def with_image(self, name: str, **changes: Any) -> None:
        self.state = self.state.with_image(name, **changes)

    def entry(self, **changes: Any) -> None:
        self.entries = (replace(ENTRY, **changes),)
