"""What no schema can say: options that contradict one another, name what isn't there, or leave the directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_toolkit.config.formats import registry_host
from ci_toolkit.config.paths import escapes, steps_out
from ci_toolkit.config.violations import listed, nearest, quoted
from ci_toolkit.errors import UsageError
from ci_toolkit.model.reference import LayoutRepository, parse_destination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ci_toolkit.config.violations import Path as Place

    Report = Callable[[Place, str], None]


def crosscheck(given: Mapping[str, Any], filled: Mapping[str, Any], directory: Path, report: Report) -> None:
    """Report what is wrong in a config, as it was given and with its defaults filled in.

    What the schema refused is missing from both, or None in a list; nothing here asks for it to be there.
    """
    images = filled.get("images", {})
    for name, image in images.items():
        if image is not None:
            _check_paths(("images", name), image, directory, report)
            _check_cache(("images", name, "cache"), given["images"][name].get("cache"), image, report)
    _check_names(filled, tuple(images), report)
    _check_hosts(filled.get("registries", {}), report)


def _check_paths(here: Place, image: Mapping[str, Any], directory: Path, report: Report) -> None:
    context, dockerfile = image.get("context"), image.get("dockerfile")
    if context is not None and dockerfile is not None and steps_out(context, dockerfile):
        report((*here, "dockerfile"), "it leads out of the config's directory: leave out '..'")
    escaping = {path for path, parts in _paths(image) if escapes(directory, *parts)}
    for path in escaping - ({("dockerfile",)} if ("context",) in escaping else set()):
        report((*here, *path), "a symbolic link on the way leads out of the config's directory")


def _paths(image: Mapping[str, Any]) -> Iterator[tuple[Place, tuple[str, ...]]]:
    context = image.get("context")
    if context is not None:
        yield ("context",), (context,)
        if image.get("dockerfile") is not None and not steps_out(context, image["dockerfile"]):
            yield ("dockerfile",), (context, image["dockerfile"])
    if image.get("version-file") is not None:
        yield ("version-file",), (image["version-file"],)
    for name, text in image.get("build-contexts", {}).items():
        if "://" not in text and not text.startswith("target:"):
            yield ("build-contexts", name), (text,)
    for index, text in enumerate(image.get("repositories", ())):
        if text is not None and text.startswith("oci:"):
            yield ("repositories", index), (text.removeprefix("oci:"),)


def _check_cache(here: Place, given: object, image: Mapping[str, Any], report: Report) -> None:
    options: dict[str, Any] = given if isinstance(given, dict) else {"type": given}
    for option, kinds in (("ref", ("registry", "inline")), ("path", ("local",))):
        if option in options and options.get("type") not in (*kinds, None):
            report((*here, option), f"it goes with the type {listed(kinds)} alone")
    repositories = image.get("repositories", ())
    reference = options.get("ref", "{repository}" if options.get("type") == "registry" else "")
    needs_repository = options.get("type") in ("registry", "inline") and "{repository}" in reference
    if needs_repository and repositories and not any(_is_remote(text) for text in repositories):
        report(here, "none of the image's repositories is on a registry: give the cache image as `ref`")


def _is_remote(text: str | None) -> bool:
    return text is not None and not isinstance(parse_destination(text), LayoutRepository)


def _check_names(config: Mapping[str, Any], known: tuple[str, ...], report: Report) -> None:
    used: list[tuple[Place, str | None]] = []
    for index, entry in enumerate(config.get("pin", ())):
        names = (entry or {}).get("images", ())
        used += [(("pin", index, "images", position), name) for position, name in enumerate(names)]
    for index, entry in enumerate(config.get("scan", {}).get("ignore", ())):
        used.append((("scan", "ignore", index, "image"), (entry or {}).get("image")))
    for path, name in used:
        if name is not None and name not in known:
            suggestion = nearest(name, known)
            meant = f"did you mean {suggestion}?" if suggestion else f"there is {listed(known, 'and') or 'none'}"
            report(path, f"no image is called {quoted(name)}: {meant}")


def _check_hosts(registries: Mapping[str, Any], report: Report) -> None:
    seen: dict[str, str] = {}
    for text in registries:
        host = _host(text)
        if host is not None and host in seen:
            report(("registries", text), f"this is the same registry as {quoted(seen[host])}")
        elif host is not None:
            seen[host] = text


def _host(text: str) -> str | None:
    try:
        return registry_host(text)
    except UsageError:
        return None
