"""Helm values: images as charts take them, whole or in parts, wherever they stand.

Sources: Bitnami's `common.images.image` (`global.imageRegistry` before `registry`, `digest` before `tag`), and the
values of ingress-nginx (`image` as the name), Elastic (`image` and `imageTag`), Grafana (`sha`), Cilium (`useDigest`),
cert-manager (one `imageRegistry` for all) and Loki (`global.image.registry`).
"""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ci_toolkit.manifests.apart import NOT_ONLY_A_NAME, NULL, Apart, joined, only_name, scalars, spans_apart, text_of
from ci_toolkit.manifests.base import FormatDescription
from ci_toolkit.manifests.scalars import no_reference
from ci_toolkit.manifests.spans import Lines, Source, in_order
from ci_toolkit.manifests.tree import read_documents
from ci_toolkit.manifests.verify import YamlFormat
from ci_toolkit.manifests.walk import Found, Step, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_toolkit.manifests.base import Holds, ImageSpan

_NO_PLACE = 'no key is there to hold the digest: add `digest: ""` if the chart knows that key, or else the tag'
_NO_TAG = 'its tag is left to the chart: write the tag, or add `digest: ""` if the chart knows that key'
_SHA = "its `sha` says the digest, in a way that only the chart knows: take that key away"
_UNUSED = "the chart leaves its digest out: set `useDigest: true`"
_DIGEST = "its digest has no `sha256:` before it: empty it, or write it in full"

_HOST = re.compile(r"(?:[^/]*[.:][^/]*|localhost)/")


_NAMES = ("values", "values-*", "*-values", "*.values")
_ENDS = frozenset({".yaml", ".yml"})
_OBJECT = tuple(re.compile(rf"^{key}[ \t]*:", re.MULTILINE) for key in ("apiVersion", "kind"))

DESCRIPTION = FormatDescription(
    name="Helm values",
    files=(
        "`values.yaml`, `values-*.yaml`, `*-values.yaml`, `*.values.yaml`, `values/*.yaml`; `.yml`, too; "
        "any other YAML or JSON with neither `apiVersion` nor `kind`"
    ),
    places=(
        "`repository` or `image` beside `tag` or `digest`, with `registry` or `global.imageRegistry`, at any depth",
        "`image` or `imageRepository` beside `imageTag` or `imageDigest`",
        "`image` with a whole reference",
    ),
    writes="the `digest` key where there is one, or else `tag: 1.2@sha256:…`",
)


class HelmValuesFormat(YamlFormat):
    """The values of a chart, its own or given to it with `-f`, those of its dependencies included."""

    name: ClassVar[str] = "helm-values"

    def takes(self, name: str, text: str) -> bool:
        """True for the usual names, unless it holds an object of Kubernetes: values may have a `kind` of their own."""
        path = PurePosixPath(name)
        named = path.parent.name == "values" or any(fnmatch(path.stem, pattern) for pattern in _NAMES)
        return named and path.suffix in _ENDS and not all(key.search(text) for key in _OBJECT)

    def find(self, text: str) -> Iterator[ImageSpan]:
        """All images of all documents; raises UnreadableError."""
        walk, lines = Walk(), Lines(text)
        for document in read_documents(text):
            if document.root is not None:
                yield from values_images(Source(text, lines, walk, document), Step(document.root))


class _Keys(NamedTuple):
    """What a chart calls the parts of a reference."""

    name: str
    registry: str
    tag: str
    digest: str


_REPOSITORY = _Keys("repository", "registry", "tag", "digest")
_SPELLINGS = (
    _REPOSITORY,
    _REPOSITORY._replace(name="image"),
    _Keys("imageRepository", "imageRegistry", "imageTag", "imageDigest"),
    _Keys("image", "imageRegistry", "imageTag", "imageDigest"),
)
_BELOW_IMAGE = (*_SPELLINGS, _REPOSITORY._replace(name="name"))


def values_images(source: Source, step: Step) -> list[ImageSpan]:
    """All images in the values below `step`, in the text's order; raises UnreadableError for too many aliases."""
    whole: list[Found] = []
    apart: list[Apart] = []
    for each in _images(source.walk, step):
        if isinstance(each, Found):
            whole.append(each)
        else:
            apart.append(each)
    return in_order([*source.references(whole), *spans_apart(source, apart)])


def image_in_parts(found: Mapping[str, Found]) -> Apart:
    """The image of the values of `registry`, `repository`, `tag` and `digest`, as far as they are there."""
    return _in_parts(found, _REPOSITORY, "", "")


def _images(walk: Walk, start: Step) -> Iterator[Found | Apart]:
    """Every image below `start`: a whole reference, or one in parts."""
    everywhere = _global_registry(walk, start)
    waiting = [(start, "")]
    while waiting:
        step, registry = waiting.pop()
        here = walk.follow(step)
        if here is None:
            continue
        values = dict(walk.values(here))
        said = scalars(walk, values.items())
        registry = text_of(said, "imageRegistry") or registry
        found = _image(said, here.path, everywhere, registry)
        if found is not None:
            yield found
        waiting += [(below, registry) for below in reversed([*values.values(), *walk.items(here)])]


def _global_registry(walk: Walk, start: Step) -> str:
    """The registry of every image, whatever is said beside it."""
    here = walk.follow(start)
    for key in ("global", "image"):
        values = {} if here is None else dict(walk.values(here, (key,)))
        here = walk.follow(values[key]) if key in values else None
        registry = walk.text(here, "imageRegistry" if key == "global" else "registry") if here is not None else ""
        if registry not in NULL:
            return registry
    return ""


def _image(found: Mapping[str, Found], path: str, everywhere: str, above: str) -> Found | Apart | None:
    """The image that a mapping says; `everywhere` and `above`: the registries that are said for more than this one."""
    image = text_of(found, "image")
    if image and "repository" not in found and only_name(image) != image:
        return found["image"]
    is_image = path.rpartition(".")[2].lower().endswith("image")
    for keys in _BELOW_IMAGE if is_image else _SPELLINGS:
        if text_of(found, keys.name) and (keys.tag in found or keys.digest in found):
            return _in_parts(found, keys, everywhere, above)
    if image and "repository" not in found:
        listed = path.endswith("]")
        return found["image"] if listed else Apart(image, found["image"], refused=_NO_PLACE)
    if text_of(found, "repository") and (is_image or "registry" in found or "pullPolicy" in found):
        return _in_parts(found, _REPOSITORY, everywhere, above)
    return None


def _in_parts(found: Mapping[str, Found], keys: _Keys, everywhere: str, above: str) -> Apart:
    name, tag, digest = text_of(found, keys.name), text_of(found, keys.tag), text_of(found, keys.digest)
    has_host = keys.registry not in found and _HOST.match(name)
    registry = "" if has_host else everywhere or text_of(found, keys.registry) or above
    refused = _refusal(found, name, digest)
    if refused:
        return Apart(_joined(registry, only_name(name)), found[keys.name], refused=refused)
    written: list[tuple[Found, Holds]] = []
    if keys.digest in found and (digest or "@" not in tag):
        written = [(found[key], holds) for key, holds in _apart(keys) if key in found]
    elif keys.tag in found:
        written = [(found[keys.tag], "tag-and-digest")]
    return Apart(
        value=_joined(registry, name, tag.partition("@")[0] if digest else tag, digest),
        name=found[keys.name],
        written=tuple(written),
        refused="" if written else _NO_PLACE,
        tagless="" if tag or digest or keys.digest in found else _NO_TAG,
    )


def _joined(registry: str, name: str, tag: str = "", digest: str = "") -> str:
    registry = registry.rstrip("/")
    return joined(f"{registry}{'/' if registry else ''}{name}", tag, digest)


def _apart(keys: _Keys) -> tuple[tuple[str, Holds], ...]:
    return (keys.tag, "tag"), (keys.digest, "digest")


def _refusal(found: Mapping[str, Found], name: str, digest: str) -> str:
    if only_name(name) != name:
        return NOT_ONLY_A_NAME
    if text_of(found, "sha"):
        return _SHA
    if "digest" in found and text_of(found, "useDigest").lower() == "false":
        return _UNUSED
    return _DIGEST if digest and ":" not in digest and no_reference(digest) == "" else ""
