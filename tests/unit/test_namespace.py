"""Parts of registries: whole names, never the beginning of one."""

from __future__ import annotations

import pytest

from ci_toolkit.errors import UsageError
from ci_toolkit.model.namespace import Namespace
from ci_toolkit.model.reference import Reference


@pytest.mark.parametrize(
    ("namespace", "image"),
    [
        ("ghcr.io/acme", "ghcr.io/acme/app:1"),
        ("ghcr.io/acme", "ghcr.io/acme/team/app"),
        ("ghcr.io/acme/", "ghcr.io/acme/app"),
        ("ghcr.io/acme/app", "ghcr.io/acme/app@sha256:" + "0" * 64),
        ("ghcr.io", "ghcr.io/anyone/app"),
        ("GHCR.io", "ghcr.io/anyone/app"),
        ("localhost:5000", "localhost:5000/app"),
        ("docker.io/library", "nginx:1.27"),
        ("index.docker.io/library", "docker.io/nginx"),
        ("docker.io", "bitnami/redis"),
        ("docker.io/bitnami", "bitnami/redis"),
    ],
)
def test_holds(namespace: str, image: str) -> None:
    assert Namespace.parse(namespace).holds(Reference.parse(image).repository)


@pytest.mark.parametrize(
    ("namespace", "image"),
    [
        ("ghcr.io/acme", "ghcr.io/acme-evil/app"),
        ("ghcr.io/acme", "ghcr.io/acmeapp"),
        ("ghcr.io/acme", "ghcr.io/other/acme/app"),
        ("ghcr.io/acme", "ghcr.io.evil.example/acme/app"),
        ("ghcr.io/acme", "acme/app"),
        ("ghcr.io/acme/app", "ghcr.io/acme/app-evil"),
        ("ghcr.io/acme/app", "ghcr.io/acme"),
        ("localhost:5000", "localhost:5001/app"),
        ("localhost:5000", "localhost/app"),
        ("docker.io/library", "bitnami/redis"),
        ("docker.io/library", "library.example/redis"),
    ],
)
def test_does_not_hold(namespace: str, image: str) -> None:
    assert not Namespace.parse(namespace).holds(Reference.parse(image).repository)


@pytest.mark.parametrize("text", ["", "/", "acme", "acme/app", "https://ghcr.io", "ghcr.io/Acme", "ghcr.io/a:1", "-x"])
def test_is_no_part_of_a_registry(text: str) -> None:
    with pytest.raises(UsageError):
        Namespace.parse(text)


@pytest.mark.parametrize(("text", "shown"), [("ghcr.io", "ghcr.io"), ("docker.io/library/", "docker.io/library")])
def test_is_shown_as_it_is_compared(text: str, shown: str) -> None:
    assert str(Namespace.parse(text)) == shown
