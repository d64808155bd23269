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

from ci_toolkit.manifests.base import FormatDescription, ImageSpan
from ci_toolkit.manifests.scalars import no_reference
from ci_toolkit.manifests.spans import Lines, Source, in_order
from ci_toolkit.manifests.tree import Scalar, read_documents
from ci_toolkit.manifests.verify import same_but
from ci_toolkit.manifests.walk import Found, Step, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ci_toolkit.manifests.base import Edit, Holds, Part, Place

_NO_PLACE = 'no key is there to hold the digest: add `digest: ""` if the chart knows that key, or else the tag'
_NO_TAG = 'its tag is left to the chart: write the tag, or add `digest: ""` if the chart knows that key'
_SHA = "its `sha` says the digest, in a way that only the chart knows: take that key away"
_UNUSED = "the chart leaves its digest out: set `useDigest: true`"
_NAME = "its name holds a tag or a digest as well: write only the name there"
_DIGEST = "its digest has no `sha256:` before it: empty it, or write it in full"
_NOT_PLAIN = "its tag or digest isn't written plainly"

_NULL = frozenset({"", "~", "null"})
_HOST = re.compile(r"(?:[^/]*[.:][^/]*|localhost)/")
_MORE_THAN_A_NAME = re.compile(r"@.*|:[^/]*\Z", re.DOTALL)


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


class HelmValuesFormat:
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

    def verify(self, before: str, after: str, edits: Sequence[Edit]) -> None:
        """Raise IntegrityError unless the YAML events are the same but for the edits."""
        same_but(before, after, edits)


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


class _Image(NamedTuple):
    """An image in parts: the whole reference, where its name stands, what is written to pin it."""

    value: str
    name: Found
    written: tuple[tuple[Found, Holds], ...]
    refused: str = ""
    tagless: str = ""


def values_images(source: Source, step: Step) -> list[ImageSpan]:
    """All images in the values below `step`, in the text's order; raises UnreadableError for too many aliases."""
    whole: list[Found] = []
    apart: list[_Image] = []
    for each in _images(source.walk, step):
        if isinstance(each, Found):
            whole.append(each)
        else:
            apart.append(each)
    users: dict[tuple[str, Scalar], list[Found]] = {}
    for image in apart:
        for found, _ in image.written:
            users.setdefault((image.value, found.scalar), []).append(found)
    shared = {key: source.shared(found) for key, found in users.items()}
    return in_order([*source.references(whole), *(_span(source, image, shared) for image in apart)])


def _span(source: Source, image: _Image, shared: Mapping[tuple[str, Scalar], tuple[Place, ...]]) -> ImageSpan:
    route = image.name.route
    parts: list[Part] = []
    skipped = no_reference(image.value)
    for found, holds in image.written:
        part = source.part(found, holds)
        if part is None:
            skipped = skipped or _NOT_PLAIN
        else:
            parts.append(part)
    return ImageSpan(
        value=image.value,
        parts=tuple(sorted(parts, key=lambda part: part.start)),
        place=source.place(route[-1].start if route else image.name.scalar.start, image.name.path),
        skipped=skipped,
        refused=image.refused,
        tagless=image.tagless,
        shared=tuple(place for found, _ in image.written for place in shared[image.value, found.scalar]),
    )


def _images(walk: Walk, start: Step) -> Iterator[Found | _Image]:
    """Every image below `start`: a whole reference, or one in parts."""
    everywhere = _global_registry(walk, start)
    waiting = [(start, "")]
    while waiting:
        step, registry = waiting.pop()
        here = walk.follow(step)
        if here is None:
            continue
        values = dict(walk.values(here))
        scalars = _scalars(walk, values)
        registry = _text(scalars, "imageRegistry") or registry
        found = _image(scalars, here.path, everywhere, registry)
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
        if registry not in _NULL:
            return registry
    return ""


def _scalars(walk: Walk, values: Mapping[str, Step]) -> dict[str, Found]:
    followed = {key: walk.follow(value) for key, value in values.items()}
    return {
        key: Found(step.node, step.route, step.path)
        for key, step in followed.items()
        if step is not None and isinstance(step.node, Scalar)
    }


def _text(scalars: Mapping[str, Found], key: str) -> str:
    if key not in scalars:
        return ""
    scalar = scalars[key].scalar
    text = scalar.value.strip()
    return "" if not scalar.style and text.lower() in _NULL else text


def _image(scalars: Mapping[str, Found], path: str, everywhere: str, above: str) -> Found | _Image | None:
    """The image that a mapping says; `everywhere` and `above`: the registries that are said for more than this one."""
    image = _text(scalars, "image")
    if image and "repository" not in scalars and _MORE_THAN_A_NAME.search(image):
        return scalars["image"]
    is_image = path.rpartition(".")[2].lower().endswith("image")
    for keys in _BELOW_IMAGE if is_image else _SPELLINGS:
        if _text(scalars, keys.name) and (keys.tag in scalars or keys.digest in scalars):
            return _in_parts(scalars, keys, everywhere, above)
    if image and "repository" not in scalars:
        listed = path.endswith("]")
        return scalars["image"] if listed else _Image(image, scalars["image"], (), refused=_NO_PLACE)
    if _text(scalars, "repository") and (is_image or "registry" in scalars or "pullPolicy" in scalars):
        return _in_parts(scalars, _REPOSITORY, everywhere, above)
    return None


def _in_parts(scalars: Mapping[str, Found], keys: _Keys, everywhere: str, above: str) -> _Image:
    name, tag, digest = _text(scalars, keys.name), _text(scalars, keys.tag), _text(scalars, keys.digest)
    has_host = keys.registry not in scalars and _HOST.match(name)
    registry = "" if has_host else everywhere or _text(scalars, keys.registry) or above
    refused = _refusal(scalars, name, digest)
    if refused:
        return _Image(_joined(registry, _MORE_THAN_A_NAME.sub("", name)), scalars[keys.name], (), refused=refused)
    written: list[tuple[Found, Holds]] = []
    if keys.digest in scalars and (digest or "@" not in tag):
        written = [(scalars[key], holds) for key, holds in _apart(keys) if key in scalars]
    elif keys.tag in scalars:
        written = [(scalars[keys.tag], "tag-and-digest")]
    return _Image(
        value=_joined(registry, name, tag.partition("@")[0] if digest else tag, digest),
        name=scalars[keys.name],
        written=tuple(written),
        refused="" if written else _NO_PLACE,
        tagless="" if tag or digest or keys.digest in scalars else _NO_TAG,
    )


def _joined(registry: str, name: str, tag: str = "", digest: str = "") -> str:
    registry = registry.rstrip("/")
    return f"{registry}{'/' if registry else ''}{name}{':' if tag else ''}{tag}{'@' if digest else ''}{digest}"


def _apart(keys: _Keys) -> tuple[tuple[str, Holds], ...]:
    return (keys.tag, "tag"), (keys.digest, "digest")


def _refusal(scalars: Mapping[str, Found], name: str, digest: str) -> str:
    if _MORE_THAN_A_NAME.search(name):
        return _NAME
    if _text(scalars, "sha"):
        return _SHA
    if "digest" in scalars and _text(scalars, "useDigest").lower() == "false":
        return _UNUSED
    return _DIGEST if digest and ":" not in digest and no_reference(digest) == "" else ""
