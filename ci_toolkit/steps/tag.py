"""Work the tags of every image out: no tool, no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.model.plan import Action
from ci_toolkit.model.tags_immutable import never_matching
from ci_toolkit.steps.image_version import image_tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.model.context import CiContext
    from ci_toolkit.model.tags import Tags
    from ci_toolkit.progress import Progress
    from ci_toolkit.state import State


class TagStep:
    """Turns the rules of `images` and the context into tags; `now` is the run's time, with a time zone."""

    name: ClassVar[str] = "tag"

    def __init__(
        self, *, images: Mapping[str, ImageOptions], context: CiContext, now: datetime, progress: Progress
    ) -> None:
        self._images = images
        self._context = context
        self._now = now
        self._progress = progress

    def plan(self, state: State) -> Sequence[Action]:  # noqa: ARG002 the tags hang on rules and context alone
        """Every reference of every image, and the rules that give none."""
        actions: list[Action] = []
        for name, image in self._images.items():
            tags = self._tags(image)
            references = [f"{repository}:{tag}" for repository in image.repositories for tag in tags.tags]
            summaries = [f"tag {name} as {reference}" for reference in references or tags.tags]
            summaries += [f"skip the rule {rule!r}: {reason}" for rule, reason in tags.skipped.items()]
            actions += [Action(step=self.name, kind="decide", image=name, summary=text) for text in summaries]
        return actions

    def run(self, state: State) -> State:
        """Record the tags; raises UsageError where no rule gives one."""
        for name, image in self._images.items():
            tags = self._tags(image)
            self._warn_of_typos(image)
            for rule, reason in tags.skipped.items():
                self._progress.debug(f"{name}: no tag by {rule!r}: {reason}")
            self._progress.info(f"{name}: {', '.join(tags.tags)}")
            state = state.with_image(
                name,
                tags=tags.tags,
                skipped_tags=dict(tags.skipped),
                moving_tags=tags.moving,
                immutable_tags=tags.immutable,
                version=tags.version,
            )
        return state

    def _tags(self, image: ImageOptions) -> Tags:
        return image_tags(image, self._context, self._now)

    def _warn_of_typos(self, image: ImageOptions) -> None:
        flavor = image.flavor
        templates = [f"{flavor.prefix}{rule.tag}{flavor.suffix}" for rule in image.tags]
        templates += ["latest", f"{flavor.prefix}latest{flavor.suffix}"] if flavor.latest else []
        for entry in never_matching(image.immutable_tags, templates):
            self._progress.warn(f"{image.name}: immutable-tags: no tag of this image ever matches {entry!r}")
