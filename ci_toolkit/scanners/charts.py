"""Helm charts of an image once more, in a form in which no comment silences a check.

Trivy renders a chart and heeds the comments of what comes out, which its templates may put together so that they stand
in no file. So a copy of each chart is looked into as well, where every template is rendered as before and then rid of
the words that such comments begin with. What the copy alone shows was silenced.

Sources: Helm 4.2, `pkg/engine/engine.go`: what begins with `_` becomes no manifest, and a template is known by
`.Template.BasePath` and its path from there; Trivy 0.76, `pkg/iac/scanners/helm/scanner.go`: where a chart is.
"""

from __future__ import annotations

import gzip
import io
import json
import posixpath
import secrets
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

from ci_toolkit.errors import IntegrityError
from ci_toolkit.layout import Layout
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.findings import Finding, Layer
from ci_toolkit.model.oci import OCI_LAYER_TAR, Descriptor
from ci_toolkit.scanners.archives import MOST
from ci_toolkit.scanners.layer_files import DAMAGE, DoubtfulLayerError, files
from ci_toolkit.scanners.trivy_files import charts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from ci_toolkit.model.findings import PlatformFindings
    from ci_toolkit.scanners.base import Target

CHART = "Chart.yaml"
_TEMPLATES, _CHARTS = "templates/", "charts/"
_RULE = r'"(trivy|tfsec):([^ \\n]*:)?ignore:"'
"""How a comment begins that silences checks, as a string of a template; an image's reference may begin alike."""
_PACKED = ".tgz"
_READ = (".tpl", ".json", ".yml", ".yaml", ".helmignore", _PACKED)
"""How the names of files end that Trivy reads of a chart."""
_DEEPEST = 8
"""Charts in charts."""


def belongs(path: str, charts: Collection[str]) -> bool:
    """True for a file that Trivy reads of one of these charts, which are given by their directories."""
    return path.lower().endswith(_READ) and any(path.startswith(f"{chart}/" if chart else "") for chart in charts)


def copy_of(charts: Mapping[str, Mapping[str, bytes]], target: Target) -> Target:
    """What to look into for the charts of a target, given by the digests of their layers: path → content.

    Raises IntegrityError for a packed chart in one of them that can't be read beyond doubt.
    """
    place = charts_of(target)
    layout = Layout(place.layout)
    layout.create()
    try:
        packed = [_tar(dict(_unsilenced(tree, 0))) for tree in charts.values()]
    except DAMAGE as error:
        message = f"a packed chart in a chart of {target.image} can't be read: {str(error) or 'it is cut off'}"
        raise IntegrityError(message, hint="package it again; what wrote it?") from error
    layers = [Descriptor(OCI_LAYER_TAR, layout.add(tar), len(tar)) for tar in packed]
    system, architecture, *_ = target.platform.split("/")
    ids = [str(layer.digest) for layer in layers]
    config = {"os": system, "architecture": architecture, "rootfs": {"type": "layers", "diff_ids": ids}}
    data = json.dumps(config).encode()
    layout.write_image(data, layers)
    return replace(place, config=Digest.of(data), layers=tuple(Layer(digest=name, diff_id=name) for name in ids))


def silenced(
    image: PlatformFindings, copy: PlatformFindings, layers: Collection[str], templates: Collection[str]
) -> Iterator[Finding]:
    """What only the copy shows of these templates, told of the image's `layers`, given in the order of the copy's.

    Other templates are manifests as they stand; Trivy looks at those as such, and heeds no comment in them. What is
    quoted of them is left out: where the secrets of an image are, its copy doesn't tell.
    """
    known = {(found.id, found.path, found.start_line) for found in image.findings}
    origin = dict(zip((layer.digest for layer in copy.layers), layers, strict=True))
    for found in copy.findings:
        if found.path in templates and (found.id, found.path, found.start_line) not in known:
            yield replace(found, excerpt="", layer=origin.get(found.layer, ""))


def layer_of(template: str, charts: Mapping[str, Mapping[str, bytes]]) -> str:
    """The layer that the chart of a template is in, of `charts` by the digests of theirs; empty for none of them."""
    for layer, tree in charts.items():
        if belongs(template, [posixpath.dirname(path) for path in tree if posixpath.basename(path) == CHART]):
            return layer
    return ""


def _unsilenced(tree: Mapping[str, bytes], depth: int) -> Iterator[tuple[str, bytes]]:
    """A layer's charts. Nobody can know before what the moved templates are called, or what the words turn into.

    They are called so that they aren't taken for manifests themselves.
    """
    token = secrets.token_hex(8)
    charts = {posixpath.dirname(path) for path in tree if posixpath.basename(path) == CHART}
    for path, content in tree.items():
        template = _template(path, charts)
        if path.endswith(_PACKED) and any(path.startswith(posixpath.join(chart, _CHARTS)) for chart in charts):
            yield path, gzip.compress(_tar(dict(_unsilenced(_unpacked(content, depth), depth + 1))), mtime=0)
            continue
        if template is None:
            yield path, content
            continue
        directory, name = posixpath.split(template)
        moved = posixpath.join(directory, f"_{token}{name}.tpl")
        yield f"{path.removesuffix(template)}{moved}", content
        quoted = json.dumps(f"/{moved}", ensure_ascii=False)
        as_before = f"include (print .Template.BasePath {quoted}) ."
        yield path, f'{{{{ regexReplaceAll {_RULE} ({as_before}) "${{1}}{token}" }}}}'.encode()


def _unpacked(chart: bytes, depth: int) -> dict[str, bytes]:
    limited = io.BytesIO(gzip.GzipFile(fileobj=io.BytesIO(chart)).read(MOST + 1))
    if limited.getbuffer().nbytes > MOST or depth == _DEEPEST:
        message = "it holds more than any chart that is meant to be read"
        raise DoubtfulLayerError(message)
    return dict(files(limited, lambda _: True))


def _template(path: str, charts: Collection[str]) -> str | None:
    """Its path below the `templates` of the innermost chart that it is in; None for what becomes no manifest."""
    inside = [chart for chart in charts if path.startswith(posixpath.join(chart, _TEMPLATES))]
    if not inside or posixpath.basename(path).startswith("_"):
        return None
    return path.removeprefix(posixpath.join(max(inside, key=len), _TEMPLATES))


def _tar(tree: Mapping[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, content in tree.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()
