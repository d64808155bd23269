"""Comments that silence a scanner's checks, wherever in an image it would heed one.

Trivy heeds them in Dockerfiles, Terraform, CloudFormation and Helm charts, in the archives of charts and plans too,
and says nothing of what they silence. A file is looked at whole, whatever its bytes: control characters don't hide it.

Sources, of Trivy 0.76: `pkg/iac/ignore/parse.go` for comments, `pkg/fanal/analyzer/config` for names of files,
`pkg/iac/detection/peek.go` and `pkg/iac/scanners/terraformplan/snapshot/snapshot.go` for archives.
"""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING, Any

from ci_toolkit.errors import IntegrityError
from ci_toolkit.layout import Layout
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.findings import SILENCER, Finding, Severity
from ci_toolkit.scanners.archives import BottomlessError, unpacked
from ci_toolkit.scanners.base import Heeded
from ci_toolkit.scanners.charts import CHART, belongs
from ci_toolkit.scanners.layer_files import DAMAGE, decompressed, files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ci_toolkit.model.findings import Layer

_CONFIGURATION = re.compile(
    r"(?:^|/)(?:dockerfile|containerfile)[^/]*$"
    r"|\.(?:dockerfile|containerfile|tf|tfvars|tofu|json|ya?ml|tpl|tgz|tar\.gz|tfplan)$|(?:^|/)tfplan$",
    re.IGNORECASE,
)
_PREFIX = re.compile(rb"trivy:|tfsec:")
_RULE = re.compile(rb"(?:^|:)ignore:.")
_SHOWN = 200


def heeded(layout: Path, config: Digest, layers: Sequence[Layer]) -> Heeded:
    """Look through the layers of a layout, and its config.

    Raises IntegrityError for a layer that can't be read, or in which other programs could see other files.
    """
    place = Layout(layout)
    found = [silencer("", 0, text) for text in _in_config(place.blob(config).read_bytes())]
    charts = {}
    for layer in layers:
        try:
            comments, inside = _in_layer(place, layer)
        except DAMAGE as error:
            message = f"layer {layer.digest} can't be looked through for comments: {str(error) or 'it is cut off'}"
            raise IntegrityError(message, hint="build the image again; what wrote this layer?") from error
        found += comments
        if inside:
            charts[layer.digest] = inside
    return Heeded(comments=tuple(found), charts=charts)


def silencer(path: str, line: int, text: str, layer: str = "") -> Finding:
    """A finding for a comment; what else silences checks is told the same way."""
    return Finding(
        id=SILENCER,
        category="misconfiguration",
        severity=Severity.CRITICAL,
        title="A comment silences checks of this file",
        resolution="Take the comment out, and write a triage entry for what it silences",
        type="Comment",
        path=path,
        start_line=line,
        excerpt=text,
        layer=layer,
    )


def _in_layer(layout: Layout, layer: Layer) -> tuple[list[Finding], dict[str, bytes]]:
    """Its comments, and the files of its charts, for which it is read again."""
    blob = layout.blob(Digest(layer.digest))
    comments, charts = [], []
    with decompressed(blob) as archive:
        for path, content in files(archive, lambda path: _CONFIGURATION.search(path) is not None):
            comments += [silencer(path, line, text, layer.digest) for line, text in _in_file(content)]
            if posixpath.basename(path) == CHART:
                charts.append(posixpath.dirname(path))
    if not charts:
        return comments, {}
    with decompressed(blob) as archive:
        return comments, dict(files(archive, lambda path: belongs(path, charts)))


def _in_config(config: bytes) -> Iterator[str]:
    """What the history says, which Trivy checks as a Dockerfile; in any member, for Go knows those in any case."""
    for said in _strings(json.loads(config)):
        yield from (text for _, text in _comments(said.encode(errors="replace")))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _strings(member)


def _in_file(content: bytes) -> Iterator[tuple[int, str]]:
    """Line, from 1, and words of each comment; line 0 for those in an archive."""
    yield from _comments(content)
    try:
        for part in unpacked(content):
            yield from ((0, text) for _, text in _comments(part))
    except BottomlessError:
        yield 0, "an archive that unpacks without end"


def _comments(content: bytes) -> Iterator[tuple[int, str]]:
    """The words that make a rule, whatever stands around them: that may be a template's."""
    if not _PREFIX.search(content):
        return
    for number, line in enumerate(content.split(b"\n"), 1):
        for word in line.split(b" ") if _PREFIX.search(line) else ():
            start = _PREFIX.search(word)
            if start and _RULE.search(word[start.end() :]):
                yield number, word[start.start() :][:_SHOWN].decode("utf-8", "replace")
