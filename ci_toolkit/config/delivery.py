"""What a config wants of the CI system that runs it: read before any of its variables are set."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.config import source, variables
from ci_toolkit.config.nodes import Mapping, Scalar, Sequence, node_at
from ci_toolkit.config.parse import parse
from ci_toolkit.config.violations import Violations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_toolkit.config.nodes import Node

GHCR = "ghcr.io"
_KEYLESS = frozenset({"ecr", "acr", "google", "docker-hub"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
GIVEN_BY_GITHUB = re.compile(r"(?:GITHUB|RUNNER|ACTIONS)_.*|CI|HOME|PATH")
GIVEN_BY_GITLAB = re.compile(r"(?:CI|GITLAB)_.*|CI|HOME|PATH")
"""Variables that every job has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What a pipeline for a config is made of."""

    hosts: frozenset[str]
    """Registries that are pushed to."""
    keyless: bool
    """Some registry is logged in to by the job's OIDC token."""
    commits: bool
    """Pinned manifests are committed into the config's own repository."""
    requests: bool
    """They are committed onto a branch of their own, with a request to merge it."""
    environments: tuple[str, ...]
    """Where images are promoted to, each after the one it takes them from."""
    secrets: tuple[str, ...]
    """Variables that hold secrets: passwords, build secrets, and what commits are pushed and signed with."""
    variables: tuple[str, ...]
    """All other variables that the config refers to."""
    identity_pools: tuple[str, ...] = ()
    """Google's workload identity providers: each is the audience of an OIDC token."""


def read_delivery(path: Path, given: re.Pattern[str]) -> Delivery:
    """What the config in this file wants; raises ConfigError where it can't be read to its end as YAML."""
    violations = Violations()
    root = parse(source.read(path, str(path)), violations)
    if root is None:
        violations.raise_if_any(str(path))
        raise AssertionError(path)
    return delivery_of(root, given)


def delivery_of(root: Node, given: re.Pattern[str]) -> Delivery:
    """What a config wants, by its tree. What isn't as the schema has it counts for nothing.

    `given`: variables that every job has.
    """
    secrets = dict.fromkeys(name for name in _secrets(root) if not given.fullmatch(name))
    names = dict.fromkeys(name for text in _texts(root) for name in variables.names(text))
    logins = [auth for _, registry in _entries(root, "registries") for auth in _providers(registry)]
    own = _text(root, "commit", "repository") is None
    return Delivery(
        hosts=frozenset(_hosts(root)),
        keyless=bool(_KEYLESS & set(logins)),
        identity_pools=tuple(dict.fromkeys(_identity_pools(root))),
        commits=own and _text(root, "commit", "mode") not in (None, "none"),
        requests=own and _text(root, "commit", "mode") == "pull-request",
        environments=tuple(_in_order(root)),
        secrets=tuple(secrets),
        variables=tuple(name for name in names if name not in secrets and not given.fullmatch(name)),
    )


def _secrets(root: Node) -> Iterator[str]:
    for _, registry in _entries(root, "registries"):
        if password := _text(registry, "auth", "password"):
            yield from variables.names(password)
    for place in (("token",), ("ssh-key",), ("signing", "key")):
        yield from variables.names(_text(root, "commit", *place) or "")
    for _, image in _entries(root, "images"):
        for _, secret in _entries(image, "secrets"):
            if name := _text(secret, "env"):
                yield name


def _providers(registry: Node) -> Iterator[str]:
    """The provider of a registry's login; of ECR only with a role, since AWS credentials may be at hand without."""
    provider = _text(registry, "auth") or _text(registry, "auth", "provider")
    if provider and (provider != "ecr" or _text(registry, "auth", "role")):
        yield provider


def _identity_pools(root: Node) -> Iterator[str]:
    for _, registry in _entries(root, "registries"):
        pool = _text(registry, "auth", "workload-identity-provider")
        if pool and not variables.names(pool):
            yield pool


def _hosts(root: Node) -> Iterator[str]:
    lists = [node_at(image, ("repositories",)) for _, image in _entries(root, "images")]
    for _, environment in _entries(root, "environments"):
        lists += [repositories for _, repositories in _entries(environment, "repositories")]
    for repository in (text for node in lists if node for text in _texts(node)):
        if not repository.startswith("oci:"):
            yield repository.partition("/")[0]


def _in_order(root: Node) -> Iterator[str]:
    sources = {
        name: _text(environment, "from") or "build"
        for name, environment in _entries(root, "environments")
        if _NAME.fullmatch(name)
    }
    done = {"build"}
    while ready := [name for name, before in sources.items() if name not in done and before in done]:
        yield from ready
        done.update(ready)


def _entries(node: Node, *path: str) -> Iterator[tuple[str, Node]]:
    found = node_at(node, path)
    if isinstance(found, Mapping):
        yield from ((name, entry.value) for name, entry in found.entries.items())


def _text(node: Node, *path: str) -> str | None:
    found = node_at(node, path)
    return found.text if isinstance(found, Scalar) else None


def _texts(node: Node) -> Iterator[str]:
    if isinstance(node, Scalar):
        yield node.text
    for below in node.items if isinstance(node, Sequence) else ():
        yield from _texts(below)
    for entry in node.entries.values() if isinstance(node, Mapping) else ():
        yield from _texts(entry.value)
