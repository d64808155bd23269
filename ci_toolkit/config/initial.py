"""The first config of a project, with comments: what `init` writes."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from ci_toolkit.config.detect import detect
from ci_toolkit.config.paths import escapes
from ci_toolkit.config.scalars import one_line
from ci_toolkit.errors import UsageError
from ci_toolkit.model.reference import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_toolkit.config.detect import Found

_HOSTS = {"github.com": "ghcr.io", "gitlab.com": "registry.gitlab.com"}
_REMOTE = re.compile(
    r"(?:[a-z+]+://(?:[^/@]*@)?(?P<host>[^/:@]+)(?::\d+)?/|(?:[^/@:]+@)?(?P<scp>[^/:@]+):)(?P<path>[^:@?#]+?)(?:\.git)?/*"
)
_BUILD_DIRECTORIES = frozenset({"docker", "container", "containers", "build", "deploy", "ops", "ci"})
_LONGEST_NAME = 60


class _Image(NamedTuple):
    name: str
    context: PurePosixPath
    dockerfile: PurePosixPath
    """Relative to the context."""
    repository: str
    why: str
    version_file: PurePosixPath | None


def write_initial(root: Path, remote_url: str | None) -> str:
    """The text of a commented config for the project at `root`. It reads files and writes none.

    `remote_url` is the git remote's, where there is one: it says which registry the images belong into.
    """
    found = detect(root)
    fallback = PurePosixPath("app.Dockerfile" if escapes(root, "Dockerfile") else "Dockerfile")
    dockerfiles = found.dockerfiles or (fallback,)
    images = list(_images(found, dockerfiles, _sanitised(root.resolve().name), _registry_of(remote_url)))
    lines = [
        "# What `ci-toolkit run` builds, scans, pushes and pins. Every option: `ci-toolkit schema`.",
        *(f"# Found here: {path}: let it call `ci-toolkit run`." for path in found.ci_files),
        "version: 1",
        "",
        "images:",
    ]
    if not found.dockerfiles:
        lines.append("  # No Dockerfile was found: say where it is.")
    for image in images:
        lines += _image_lines(image)
    lines += _scan_lines()
    lines += _pin_lines(found, images)
    return "\n".join(lines) + "\n"


def _images(
    found: Found, dockerfiles: Sequence[PurePosixPath], project: str, base: Repository | None
) -> Iterator[_Image]:
    main = base.path.rpartition("/")[2] if base else project
    names: set[str] = set()
    for path in dockerfiles:
        context = path.parent
        if len(path.parts) == 2 and path.parts[0] in _BUILD_DIRECTORIES:
            context = PurePosixPath()
        wanted = _sanitised(context.name) if context.parts else main
        name = wanted
        while name in names:
            name = f"{wanted}-{len(names) + 1}"
        names.add(name)
        as_base = len(dockerfiles) < 2 or name == main
        repository, why = _repository(name, found, base, as_base=as_base)
        beside = [file for file in found.version_files if file.parent == context]
        above = [file for file in found.version_files if file.parent == PurePosixPath()]
        version_file = next(iter(beside + above), None)
        yield _Image(name, context, path.relative_to(context), repository, why, version_file)


def _repository(name: str, found: Found, base: Repository | None, *, as_base: bool) -> tuple[str, str]:
    known = {repository for repositories in found.manifests.values() for repository in repositories}
    named = [r for r in known if r.path.rpartition("/")[2] == name and r.path != f"library/{name}"]
    if len(named) == 1:
        return str(named[0]), "as the manifests name it"
    if base is not None:
        return (str(base) if as_base else f"{base}/{name}"), "after the git remote"
    return f"oci:.ci-toolkit/registry/{name}", "a registry on disk, until you name a real one: HOST/NAME"


def _registry_of(remote_url: str | None) -> Repository | None:
    match = _REMOTE.fullmatch(remote_url or "")
    if match is None or (host := _HOSTS.get((match["host"] or match["scp"]).lower())) is None:
        return None
    try:
        return Repository.parse(f"{host}/{match['path'].strip('/').lower()}")
    except UsageError:
        return None


def _image_lines(image: _Image) -> Iterator[str]:
    yield f"  {_text(image.name)}:"
    if image.context != PurePosixPath():
        yield f"    context: {_text(image.context)}"
    if str(image.dockerfile) != "Dockerfile":
        yield f"    dockerfile: {_text(image.dockerfile)}"
    yield "    # platforms: [linux/amd64, linux/arm64]    # without it, this machine's own"
    yield "    # cache: gha    # or registry, local, inline"
    yield f"    repositories: [{_text(image.repository)}]    # {image.why}"
    if image.version_file is not None:
        yield "    # Without a git tag such as v1.2.3, {version} comes from this file:"
        yield f"    version-file: {_text(image.version_file)}"
    yield "    tags:"
    yield "      - sha-{sha:7}"
    yield '      - "{version}"    # skipped where there is no version'
    yield "      - { tag: latest, when: highest-version }"
    yield ""


def _scan_lines() -> Iterator[str]:
    yield "scan:"
    yield "  # Findings of this severity or worse keep an image out of the registry."
    yield "  gate: { severity: high, fixable-only: false }"
    yield "  # ignore:"
    yield "  #   - { id: CVE-2023-45853, reason: minizip is not built, owner: platform, expires: 2027-03-31 }"


def _pin_lines(found: Found, images: Sequence[_Image]) -> Iterator[str]:
    yield ""
    yield "# Kubernetes manifests that follow the pushed digest."
    named = {path: {str(repository) for repository in repositories} for path, repositories in found.manifests.items()}
    ours = {path: [i.name for i in images if i.repository in names] for path, names in named.items()}
    patterns = dict.fromkeys(_pattern(path) for path, names in ours.items() if names)
    if patterns:
        pinned = [image.name for image in images if any(image.name in names for names in ours.values())]
        yield "pin:"
        yield f"  - files: [{', '.join(map(_text, patterns))}]"
        yield f"    images: [{', '.join(map(_text, pinned))}]"
        return
    if found.manifests:
        yield "# Those found name none of these images: see that `repositories` and the manifests agree."
    examples = dict.fromkeys(map(_pattern, found.manifests)) or {"deploy/**/*.yaml": None}
    yield "# pin:"
    yield f"#   - files: [{', '.join(map(_text, examples))}]"


def _pattern(manifest: PurePosixPath) -> str:
    return f"{manifest.parent}/*{manifest.suffix}" if manifest.parent.parts else str(manifest)


def _sanitised(text: str) -> str:
    """A name that an image of the config and a repository may have."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_LONGEST_NAME].strip("-")
    return name or "app"


def _text(value: str | PurePosixPath) -> str:
    """The value as a YAML scalar on one line that is read as text, its `${` kept from being replaced."""
    return one_line(str(value).replace("${", "$${"))
