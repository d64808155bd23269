"""Argo CD: the images that Applications and ApplicationSets hand to Kustomize and to Helm.

Source: the API of Argo CD 3.2, `ApplicationSource` (`KustomizeImage`, `HelmParameter`) and the generators' templates.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from ci_toolkit.manifests.apart import scalars, spans_apart, text_of
from ci_toolkit.manifests.base import FormatDescription
from ci_toolkit.manifests.helm_values import image_in_parts, values_images
from ci_toolkit.manifests.scheme import behind_scheme
from ci_toolkit.manifests.walk import IMAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.manifests.apart import Apart
    from ci_toolkit.manifests.base import ImageSpan
    from ci_toolkit.manifests.spans import Source
    from ci_toolkit.manifests.walk import Found, Shape, Step, Walk

_SOURCES: Shape = {"source": IMAGE, "sources": [IMAGE]}
_APPLICATION: Shape = {"spec": _SOURCES}
_TEMPLATE: Shape = {"template": _APPLICATION}
_GENERATOR: Shape = {
    "clusterDecisionResource": _TEMPLATE,
    "clusters": _TEMPLATE,
    "git": _TEMPLATE,
    "list": _TEMPLATE,
    "plugin": _TEMPLATE,
    "pullRequest": _TEMPLATE,
    "scmProvider": _TEMPLATE,
}
_COMBINED: Shape = {**_TEMPLATE, "generators": [_GENERATOR]}
_GENERATOR |= {"matrix": _COMBINED, "merge": _COMBINED}
_APPLICATION_SET: Shape = {"spec": {**_TEMPLATE, "generators": [_GENERATOR]}}

_NAME = re.compile(r"(?:[^=]*=)?")
"""What stands before a reference that replaces `NAME`."""
_KUSTOMIZE: Shape = {"kustomize": {"images": [IMAGE]}}
_PARAMETERS: Shape = {"helm": {"parameters": IMAGE}}
_VALUES: Shape = {"helm": {"valuesObject": IMAGE}}
_PARAMETER = re.compile(r"(?P<image>(?:.*\.)?[\w-]*[iI]mage)(?:\.(?P<key>registry|repository|tag|digest))?")
_NO_PLACE = "it has no parameter that holds a digest: add {image}.digest if the chart knows that, or else {image}.tag"

DESCRIPTION = FormatDescription(
    name="Argo CD",
    files="any YAML of the kinds `Application` and `ApplicationSet` of `argoproj.io`",
    places=(
        "`kustomize.images` of every source, also in the templates of generators: what is behind `NAME=`",
        "`helm.parameters`: `image`, `image.registry`, `image.repository`, `image.tag`, `image.digest`",
        "all of these with anything before them: `backend.image.tag`, `webImage.tag`",
        "`helm.valuesObject`, as Helm values",
    ),
    writes="a whole reference; in parameters the digest and the tag, each where it is there; without a parameter for "
    "the digest, the tag becomes `TAG@DIGEST`. `helm.values`, a text, stays as it is: write `helm.valuesObject`",
)


def application_images(source: Source, start: Step) -> list[ImageSpan]:
    """The images of an Application; raises UnreadableError for too many aliases."""
    return _images(source, list(source.walk.reach(start, _APPLICATION)))


def application_set_images(source: Source, start: Step) -> list[ImageSpan]:
    """The images of an ApplicationSet; raises UnreadableError for too many aliases."""
    return _images(source, list(source.walk.reach(start, _APPLICATION_SET)))


def _images(source: Source, sources: Sequence[Step]) -> list[ImageSpan]:
    walk = source.walk
    replaced = [image for each in sources for image in walk.images(each, _KUSTOMIZE)]
    lists = [each for one in sources for each in walk.reach(one, _PARAMETERS)]
    whole, apart = _parameters(walk, lists)
    return [
        *(behind_scheme(source.text, span, _NAME) or span for span in source.references(replaced)),
        *source.references(whole),
        *spans_apart(source, apart),
        *(span for one in sources for each in walk.reach(one, _VALUES) for span in values_images(source, each)),
    ]


def _parameters(walk: Walk, lists: Sequence[Step]) -> tuple[list[Found], list[Apart]]:
    """The images of lists of Helm parameters: whole ones, and those in several parameters."""
    whole: list[Found] = []
    apart: list[Apart] = []
    for each in lists:
        images: dict[str, dict[str, Found]] = defaultdict(dict)
        for item in walk.items(each):
            _add(walk, item, images)
        whole += [keys[""] for keys in images.values() if "" in keys]
        apart += [_apart(image, keys) for image, keys in images.items() if text_of(keys, "repository")]
    return whole, apart


def _add(walk: Walk, item: Step, images: dict[str, dict[str, Found]]) -> None:
    """What one parameter says of an image; of those with one name the last, as Helm takes them."""
    parameter = walk.follow(item)
    found = scalars(walk, walk.values(parameter, ("name", "value"))) if parameter is not None else {}
    named = _PARAMETER.fullmatch(text_of(found, "name"))
    if named and "value" in found:
        images[named["image"]][named["key"] or ""] = found["value"]


def _apart(image: str, found: dict[str, Found]) -> Apart:
    has_place = "tag" in found or "digest" in found
    apart = image_in_parts(found)
    return apart if has_place else apart._replace(refused=_NO_PLACE.format(image=image))
