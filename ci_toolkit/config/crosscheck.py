"""What no schema can say: options that contradict one another, name what isn't there, or leave the directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ci_toolkit.config.formats import registry_host
from ci_toolkit.config.handoff import check_handoff
from ci_toolkit.config.paths import escapes, steps_out
from ci_toolkit.config.violations import listed, quoted
from ci_toolkit.errors import UsageError
from ci_toolkit.model.reference import LayoutRepository, parse_destination
from ci_toolkit.model.suggestion import nearest
from ci_toolkit.model.tags import TagRule, check_rule
from ci_toolkit.proxies import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.config.violations import Path as Place

    Report = Callable[[Place, str], None]

_BUILD = "build"
_LOGINS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "login": (("username", "password"), ()),
    "ecr": ((), ("role", "id-token-env")),
    "acr": (("tenant-id", "client-id"), ("id-token-env",)),
    "google": (("workload-identity-provider",), ("service-account", "id-token-env")),
    "docker-hub": (("username", "connection-id"), ("id-token-env",)),
}
"""By provider: the options it needs, and those it can do without."""


def crosscheck(
    given: Mapping[str, Any], filled: Mapping[str, Any], written: Mapping[str, Any], directory: Path, report: Report
) -> None:
    """Report what is wrong in a config, as it was given and with its defaults filled in.

    What the schema refused is missing from both, or None in a list; nothing here asks for it to be there. `written`
    has that, too.
    """
    images = filled.get("images", {})
    for name, image in images.items():
        if image is not None:
            _check_paths(("images", name), image, directory, report)
            _check_cache(("images", name, "cache"), given["images"][name].get("cache"), image, report)
            _check_tag_rules(("images", name, "tags"), image.get("tags", ()), report)
    for index, path in enumerate(filled.get("scan", {}).get("ignore-files", ())):
        if path is not None and escapes(directory, path):
            report(("scan", "ignore-files", index), "a symbolic link on the way leads out of the config's directory")
    _check_names(filled, tuple(images), report)
    _check_server(filled.get("scan", {}).get("server"), report)
    _check_baseline(filled.get("scan", {}).get("baseline"), filled, report)
    _check_commit(filled, written.get("commit", {}), report)
    check_handoff(filled, written, report)
    _check_hosts(filled.get("registries", {}), report)
    for host, options in filled.get("registries", {}).items():
        if (auth := (options or {}).get("auth")) is not None:
            _check_auth(("registries", host, "auth"), auth, written["registries"][host]["auth"], report)
    _check_environments(filled.get("environments", {}), images, report)


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


def _check_tag_rules(here: Place, rules: Sequence[Any], report: Report) -> None:
    for index, rule in enumerate(rules):
        options: dict[str, Any] = rule if isinstance(rule, dict) else {"tag": rule}
        if options.get("tag") is None:
            continue
        try:
            check_rule(TagRule(options["tag"], match=options.get("match"), source=options.get("from")))
        except UsageError as error:
            report((*here, index), f"{error.message} ({error.hint})")
        if "branch" in options and options.get("when") in ("tag", "pull-request"):
            report((*here, index, "branch"), f"no branch is built with when: {options['when']}: leave one of them out")


def _is_remote(text: str | None) -> bool:
    return text is not None and not isinstance(parse_destination(text), LayoutRepository)


def _check_names(config: Mapping[str, Any], known: tuple[str, ...], report: Report) -> None:
    used: list[tuple[Place, str | None]] = []
    for index, entry in enumerate(config.get("pin", ())):
        names = (entry or {}).get("images", ())
        used += [(("pin", index, "images", position), name) for position, name in enumerate(names)]
    for index, entry in enumerate(config.get("scan", {}).get("ignore", ())):
        used.append((("scan", "ignore", index, "image"), (entry or {}).get("image")))
    for environment, options in config.get("environments", {}).items():
        used += _names_in_environment(("environments", environment), options or {})
    environments = config.get("environments", {})
    for index, name in enumerate(config.get("lint", {}).get("environments", ())):
        if name is not None and name not in environments:
            message = f"no environment is called {quoted(name)}: {meant(name, tuple(environments))}"
            report(("lint", "environments", index), message)
    for path, name in used:
        if name is not None and name not in known:
            report(path, f"no image is called {quoted(name)}: {meant(name, known)}")


def _check_server(server: Mapping[str, Any] | None, report: Report) -> None:
    url = urlsplit((server or {}).get("url") or "")
    if server and url.scheme == "http" and not server.get("insecure") and not is_loopback(url.hostname or ""):
        report(
            ("scan", "server", "url"), "this would be plain HTTP, over which anyone can give the verdict: write https"
        )


def _check_baseline(baseline: Mapping[str, Any] | None, config: Mapping[str, Any], report: Report) -> None:
    here: Place = ("scan", "baseline")
    if baseline is None:
        return
    sources = [option for option in ("from", "tag", "findings") if option in baseline]
    if len(sources) != 1:
        report(here, f"give exactly one of from, tag and findings; given: {listed(sources, 'and') or 'none'}")
    environment, environments = baseline.get("environment"), config.get("environments", {})
    if environment is not None and "from" not in baseline:
        report((*here, "environment"), "it goes with `from: manifests` alone")
    elif environment is not None and environment not in environments:
        message = f"no environment is called {quoted(environment)}: {meant(environment, tuple(environments))}"
        report((*here, "environment"), message)
    elif "from" in baseline and not ((environments[environment] or {}) if environment else config).get("pin"):
        report((*here, "from"), "no manifest is pinned there, so none tells what is deployed: name files under `pin`")


def _names_in_environment(here: Place, options: Mapping[str, Any]) -> Iterator[tuple[Place, str | None]]:
    for position, name in enumerate(options.get("images", ())):
        yield (*here, "images", position), name
    for name in options.get("repositories", {}):
        yield (*here, "repositories", name), name
    for index, entry in enumerate(options.get("pin", ())):
        names = entry.get("images", ()) if isinstance(entry, dict) else ()
        for position, name in enumerate(names):
            yield (*here, "pin", index, "images", position), name


def meant(name: str, known: Sequence[str]) -> str:
    """What else could have been meant by the name of something that isn't there."""
    suggestion = nearest(name, known)
    return f"did you mean {suggestion}?" if suggestion else f"there is {listed(known, 'and') or 'none'}"


def _check_auth(here: Place, auth: object, written: Mapping[str, Any], report: Report) -> None:
    """Each provider has what it needs, and nothing that it would silently leave out."""
    options: dict[str, Any] = auth if isinstance(auth, dict) else {"provider": auth}
    provider = options.get("provider", "login")
    required, optional = _LOGINS.get(provider, ((), ()))
    name = "a login without a provider" if provider == "login" else provider
    if missing := [option for option in required if option not in written]:
        report(here, f"{name} needs {listed(required, 'and')}; not given: {listed(missing, 'and')}")
    for option in options:
        if option not in (*required, *optional, "provider"):
            report((*here, option), f"{name} makes no use of it: leave it out")


def _check_environments(
    environments: Mapping[str, Any], images: Mapping[str, Mapping[str, Any] | None], report: Report
) -> None:
    if _BUILD in environments:
        report(("environments", _BUILD), "`build` is what a run pushed, and can't be an environment's name")
    for name, options in environments.items():
        here: Place = ("environments", name)
        source = _source(options)
        if source not in (_BUILD, *environments):
            known = (_BUILD, *(other for other in environments if other != name))
            report((*here, "from"), f"no environment is called {quoted(source)}: {meant(source, known)}")
        elif name != _BUILD and _is_circle(name, environments):
            report((*here, "from"), "it leads back to this environment: one of them must come from `build`")
        for index, rule in enumerate((options or {}).get("tags", ())):
            if (rule.get("tag") if isinstance(rule, dict) else rule) == "latest":
                report(
                    (*here, "tags", index), f"`latest` doesn't say what {name} runs: take {name}, or {name}-{{sha:7}}"
                )
        _check_tag_rules((*here, "tags"), (options or {}).get("tags", ()), report)
        _check_reachable(here, options or {}, images, report)


def _check_reachable(
    here: Place, options: Mapping[str, Any], images: Mapping[str, Mapping[str, Any] | None], report: Report
) -> None:
    """What is promoted must have a registry to come from, and one to go to."""
    for name in options.get("images") or images:
        repositories = (images.get(name) or {}).get("repositories", ())
        if name in images and repositories and not any(_is_remote(text) for text in repositories):
            report(here, f"{name} is pushed to no registry, so it can't be promoted: name others under `images`")


def _is_circle(name: str, environments: Mapping[str, Any]) -> bool:
    seen, current = {name}, _source(environments[name])
    while current in environments and current not in seen:
        seen.add(current)
        current = _source(environments[current])
    return current == name


def _source(options: Mapping[str, Any] | None) -> str:
    return str((options or {}).get("from", _BUILD))


def _check_commit(config: Mapping[str, Any], written: Mapping[str, Any], report: Report) -> None:
    pins = [config.get("pin"), *((options or {}).get("pin") for options in config.get("environments", {}).values())]
    commit = config.get("commit", {})
    if commit.get("mode", "none") != "none":
        if not any(pins):
            report(("commit", "mode"), "no manifest is pinned, so there is nothing to commit: name files under `pin`")
    elif commit.get("repository"):
        report(("commit", "repository"), "nothing is committed there: add `mode: push` or `mode: pull-request`")
    if commit.get("repository") and "remote" in written:
        report(("commit", "remote"), "`repository` says where to commit: leave one of them out")


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
