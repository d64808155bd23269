"""GitLab's CI files: the images and services of jobs, of `default` and of the file, and the variables that say them.

Source: GitLab, "CI/CD YAML syntax reference" (`image`, `services`, `variables`, `!reference`, `spec:inputs`);
gitlab-org/gitlab, `lib/gitlab/ci/config/entry/root.rb` (the keys that are no jobs).
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.manifests.base import FormatDescription, ImageSpan
from ci_toolkit.manifests.spans import Lines, Source, in_order
from ci_toolkit.manifests.tree import Mapping, Scalar, read_documents
from ci_toolkit.manifests.verify import YamlFormat
from ci_toolkit.manifests.walk import EACH, IMAGE, Found, Step, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.manifests.walk import Shape

_SUFFIXES = (".yml", ".yaml")
_NAMES = (".gitlab-ci.yml", ".gitlab-ci.yaml")
_DIRECTORIES = frozenset({".gitlab", "ci"})
_KUBERNETES = re.compile(r"^(?:kind|apiVersion):", re.MULTILINE)
_IMAGE: Shape = (IMAGE, {"name": IMAGE})
_JOB: Shape = {"image": _IMAGE, "services": [_IMAGE]}
_NO_JOBS = ("include", "before_script", "after_script", "variables", "stages", "cache", "workflow", "spec")
_FILE: Shape = _JOB | {key: {} for key in _NO_JOBS} | {EACH: _JOB}
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_ANY_VARIABLE = re.compile(r"\$\{?(\w+)")

DESCRIPTION = FormatDescription(
    name="GitLab CI",
    files=(
        "`.gitlab-ci.yml`, `*.gitlab-ci.yml`, YAML below `.gitlab/` and `ci/` that is no Kubernetes manifest, "
        "templates with a `spec: inputs` header"
    ),
    places=(
        "`image`, `image.name`, `services[]`, `services[].name` of jobs (hidden ones, too), `default` and the file",
        "the variable, of the job or of the file, that is a whole reference: `image: $IMAGE`",
    ),
    writes="",
)


class GitLabCiFormat(YamlFormat):
    """A pipeline's file or one that it includes."""

    name: ClassVar[str] = "gitlab-ci"

    def takes(self, name: str, text: str) -> bool:
        """By its name, by its directory, or by the header of a template; raises UnreadableError."""
        path = PurePosixPath(name)
        if path.name.endswith(_NAMES):
            return True
        if path.suffix not in _SUFFIXES or _KUBERNETES.search(text):
            return False
        return not _DIRECTORIES.isdisjoint(path.parts[:-1]) or ("inputs:" in text and _has_inputs(text))

    def find(self, text: str) -> Iterator[ImageSpan]:
        """Every job's images; raises UnreadableError."""
        walk, lines = Walk(), Lines(text)
        for document in read_documents(text):
            if isinstance(document.root, Mapping):
                yield from _Pipeline(Source(text, lines, walk, document), Step(document.root)).spans()


def _has_inputs(text: str) -> bool:
    """True for a text whose first document is the header of a template."""
    header = next(read_documents(text), None)
    if header is None or not isinstance(header.root, Mapping):
        return False
    return any(True for _ in Walk().reach(Step(header.root), {"spec": {"inputs": IMAGE}}))


class _Pipeline:
    """The images of one document, which knows its variables."""

    def __init__(self, source: Source, start: Step) -> None:
        self._source = source
        self._walk = source.walk
        self._start = start
        self._images: dict[Found, str] = {}
        """Each once, with the variable that says it."""
        self._referring: list[ImageSpan] = []
        self._whole: list[Scalar] = []
        """Values that are a variable and nothing else."""

    def spans(self) -> list[ImageSpan]:
        """In the text's order."""
        for key, value in self._walk.values(self._start, None):
            shape = _FILE[key if key in _FILE else EACH]
            for node in self._walk.reach(value, shape):
                self._take(node, value if shape is _JOB else None)
        variables = {found.path: variable for found, variable in self._images.items() if variable}
        elsewhere = self._elsewhere() if variables else {}
        found = self._source.references(list(self._images))
        refused = [
            replace(span, refused=_REFUSED.format(variable, elsewhere[variable]))
            if (variable := variables.get(span.place.path, "")) in elsewhere
            else span
            for span in found
        ]
        return in_order([*refused, *self._referring])

    def _take(self, step: Step, job: Step | None) -> None:
        node = step.node
        if not isinstance(node, Scalar):
            self._referring += self._reference(step)
            return
        image = Found(node, step.route, step.path)
        variable = _VARIABLE.fullmatch(node.value.strip())
        name = (variable[1] or variable[2]) if variable else ""
        said = self._said(name, job) if name else None
        if said is not None:
            self._whole.append(node)
        self._images[said or image] = name if said else ""

    def _reference(self, step: Step) -> Iterator[ImageSpan]:
        text = self._source.text[step.node.start : step.node.end]
        if text.startswith("!reference"):
            place = self._source.place(step.node.start, step.path)
            yield ImageSpan(value=text, parts=(), place=place, skipped="it stands where !reference says")

    def _said(self, name: str, job: Step | None) -> Found | None:
        """What a variable of the job says, else one of the file."""
        shape = {"variables": {name: (IMAGE, {"value": IMAGE})}}
        for start in (job, self._start):
            found = list(self._walk.images(start, shape)) if start else []
            if found:
                return found[0]
        return None

    def _elsewhere(self) -> dict[str, int]:
        """The variables that are used for something else than a whole image, and a line where they are."""
        whole = {index for scalar in self._whole for index in range(scalar.start, scalar.end)}
        found: dict[str, int] = {}
        start = 0
        for number, line in enumerate(self._source.text.split("\n"), start=1):
            for use in () if line.lstrip().startswith("#") else _ANY_VARIABLE.finditer(line):
                if start + use.start() not in whole:
                    found.setdefault(use[1], number)
            start += len(line) + 1
        return found


_REFUSED = "${} stands for something else in line {}: give that a variable of its own"
