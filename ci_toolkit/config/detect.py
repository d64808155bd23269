"""What a project holds that a first config can speak of: Dockerfiles, manifests, a version, CI files."""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ci_toolkit.config.paths import escapes
from ci_toolkit.errors import UsageError
from ci_toolkit.model.reference import Reference, Repository
from ci_toolkit.model.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DOCKERFILES = ("Dockerfile", "Containerfile")
_NOT_OURS = frozenset(
    {"node_modules", "vendor", "third_party", "bower_components", "site-packages", "venv", "__pycache__", "testdata"}
)
_DEEPEST = 6
_MOST_FILES = 20_000
_LARGEST = 256 * 1024
_KIND = re.compile(
    r"^kind:[ \t]*['\"]?(?:Deployment|StatefulSet|DaemonSet|ReplicaSet|ReplicationController|Job|CronJob|Pod)\b",
    re.MULTILINE,
)
_IMAGE = re.compile(r"^[ \t]*(?:-[ \t]+)?image:[ \t]*['\"]?([^\s'\"#]+)", re.MULTILINE)
_VERSION_FILES = ("VERSION", "pyproject.toml", "package.json")
_CI_FILES = (".gitlab-ci.yml", "Jenkinsfile", ".drone.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml")
_MISREAD = frozenset("*?[]\\:")
"""What a file pattern or a path in a config would read otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What was found; paths are relative to the root, with `/`, in alphabetical order."""

    dockerfiles: tuple[PurePosixPath, ...]
    manifests: Mapping[PurePosixPath, tuple[Repository, ...]]
    """With the repositories of the images they name."""
    version_files: tuple[PurePosixPath, ...]
    """Files that hold a version now: at most one a directory."""
    ci_files: tuple[PurePosixPath, ...]


def detect(root: Path) -> Found:
    """Look through the project at `root`: bounded in depth and number, no link followed out of it."""
    paths = [path for path in _walk(root) if _can_be_written(str(path))]
    dockerfiles = [path for path in paths if path.name in _DOCKERFILES]
    return Found(
        # Where both stand in one directory, the Dockerfile is the last in the alphabet, and the one that counts.
        dockerfiles=tuple({path.parent: path for path in dockerfiles}.values()),
        manifests=dict(_manifests(root, paths)),
        version_files=tuple(_version_files(root, {path.parent for path in dockerfiles} | {PurePosixPath()})),
        ci_files=tuple(_ci_files(root)),
    )


def _walk(root: Path) -> Iterator[PurePosixPath]:
    files = 0
    for directory, directories, names in os.walk(root):
        here = PurePosixPath(Path(directory).relative_to(root).as_posix())
        deep = len(here.parts) >= _DEEPEST
        directories[:] = [] if deep else sorted(d for d in directories if d not in _NOT_OURS and not d.startswith("."))
        for name in sorted(names):
            files += 1
            if files > _MOST_FILES:
                return
            if not name.startswith(".") and not escapes(root, str(here / name)):
                yield here / name


def _can_be_written(path: str) -> bool:
    return path.isprintable() and path == path.strip() and path[0] not in "~-" and not _MISREAD & set(path)


def _manifests(root: Path, paths: list[PurePosixPath]) -> Iterator[tuple[PurePosixPath, tuple[Repository, ...]]]:
    for path in paths:
        text = _text(root / path) if path.suffix in (".yaml", ".yml") else ""
        # A template of Helm or Jinja is no YAML before it is rendered.
        if "{{" not in text and _KIND.search(text) and (images := _IMAGE.findall(text)):
            yield path, tuple(found for image in images if (found := _repository(image)))


def _repository(image: str) -> Repository | None:
    try:
        return Reference.parse(image).repository
    except UsageError:
        return None


def _version_files(root: Path, directories: set[PurePosixPath]) -> Iterator[PurePosixPath]:
    for directory in sorted(directories):
        for name in _VERSION_FILES:
            if not escapes(root, str(directory / name)) and _holds_version(root / directory / name):
                yield directory / name
                break


def _holds_version(file: Path) -> bool:
    text = _text(file)
    try:
        if file.suffix == ".toml":
            document: Any = tomllib.loads(text)
            found = document.get("project", {}).get("version") or document.get("tool", {}).get("poetry", {}).get(
                "version"
            )
        else:
            found = json.loads(text).get("version") if file.suffix == ".json" else text.strip()
    except (ValueError, AttributeError, RecursionError):
        return False
    return isinstance(found, str) and Version.parse(found) is not None


def _ci_files(root: Path) -> Iterator[PurePosixPath]:
    workflows = sorted(path.name for path in (root / ".github" / "workflows").glob("*.y*ml"))
    yield from (PurePosixPath(".github/workflows") / name for name in workflows)
    yield from (PurePosixPath(name) for name in _CI_FILES if (root / name).is_file())


def _text(file: Path) -> str:
    """A small text file's content; "" for anything else."""
    try:
        if not file.is_file() or file.stat().st_size > _LARGEST:
            return ""
        return file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return ""
