"""References: what people write, what they mustn't, and that parsing is the inverse of printing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.errors import UsageError
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.reference import LayoutRepository, Reference, Repository, check_tag, parse_destination

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "registry", "path", "tag", "digest"),
    [
        ("nginx", "docker.io", "library/nginx", None, None),
        ("acme/app:1", "docker.io", "acme/app", "1", None),
        ("docker.io/nginx", "docker.io", "library/nginx", None, None),
        ("index.docker.io/acme/app", "docker.io", "acme/app", None, None),
        ("registry-1.docker.io/nginx:1.27", "docker.io", "library/nginx", "1.27", None),
        ("ghcr.io/acme/app:1.2.3", "ghcr.io", "acme/app", "1.2.3", None),
        ("GHCR.io/acme/app", "ghcr.io", "acme/app", None, None),
        ("localhost/app", "localhost", "app", None, None),
        ("localhost:5000/app:x", "localhost:5000", "app", "x", None),
        ("127.0.0.1:5000/a/b/c", "127.0.0.1:5000", "a/b/c", None, None),
        ("[::1]:5000/app:1", "[::1]:5000", "app", "1", None),
        (f"ghcr.io/acme/app@{DIGEST}", "ghcr.io", "acme/app", None, DIGEST),
        (f"ghcr.io/acme/app:1@{DIGEST}", "ghcr.io", "acme/app", "1", DIGEST),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/a__b/c-d.e", "123456789012.dkr.ecr.us-east-1.amazonaws.com",
         "a__b/c-d.e", None, None),
    ],
)  # fmt: skip
def test_what_people_write(text: str, registry: str, path: str, tag: str | None, digest: str | None) -> None:
    found = Reference.parse(text)
    assert (found.repository, found.tag) == (Repository(registry, path), tag)
    assert found.digest == (Digest(digest) if digest else None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-v",
        "--config=/etc/hostname",
        "ghcr.io/Acme/app",
        "Acme",
        "ghcr.io/acme/app:" + "a" * 129,
        "ghcr.io/acme/app:.hidden",
        "ghcr.io/acme/app:-x",
        "ghcr.io/acme/app:",
        "ghcr.io/" + "a" * 250,
        "ghcr.io/acme/app@sha256:abcd",
        "ghcr.io/acme/app@sha256:" + "AB" * 32,
        "ghcr.io/acme/app@sha512:" + "ab" * 64,
        "ghcr.io/acme/app@md5:" + "ab" * 16,
        "ghcr.io/acme/app@",
        f"ghcr.io/acme/app@{DIGEST}x",
        f"ghcr.io/acme/app@{DIGEST}@{DIGEST}",
        "ghcr.io@evil.test/x",
        "user:password@ghcr.io/acme/app",
        "http://ghcr.io/acme/app",
        "https://ghcr.io/acme/app",
        "oci://ghcr.io/acme/app",
        "file:///etc/passwd",
        "ghcr.io/acme/app\n",
        "ghcr.io/acme/app:1\n2",
        "ghcr.io/acme/app;id",
        "ghcr.io/acme/$(id)",
        "ghcr.io/acme/app latest",
        "ghcr.io/acme/app\0",
        "ghcr.io/acme/app:\x1b[31m",
        "ghсr.io/acme/app",  # noqa: RUF001 a Cyrillic letter, as an attacker would write it
        "ghcr．io/acme/app",  # noqa: RUF001 a full-width full stop
        "ghcr.io/acme/аpp",  # noqa: RUF001
        "ghcr.io//app",
        "ghcr.io/acme/",
        "/acme/app",
        "ghcr.io/acme/../app",
        "ghcr.io/acme/.app",
        "ghcr.io/acme/app-",
        "ghcr.io/acme/a___b",
        "ghcr.io:port/app",
        "ghcr.io:123456/app",
        "-evil.test/app",
        "evil-.test/app",
        "..../app",
        "[::1/app",
    ],
)
def test_what_they_must_not(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Reference.parse(text)
    assert caught.value.exit_code == 2
    assert "\n" not in caught.value.message
    assert "\x1b" not in caught.value.message


def test_a_password_in_a_reference_is_called_what_it_is() -> None:
    with pytest.raises(UsageError) as caught:
        Reference.parse("ghcr.io@evil.test/x")
    assert "credentials" in caught.value.hint


def test_a_scheme_has_its_own_hint() -> None:
    with pytest.raises(UsageError) as caught:
        Reference.parse("http://registry.example.com/app")
    assert "insecure: true" in caught.value.hint


@pytest.mark.parametrize("host", ["ghcr.io/acme-evil", "ghcr.io.evil.test/acme", "notghcr.io/acme"])
def test_neighbours_are_not_equal(host: str) -> None:
    assert Repository.parse(f"{host}/app") != Repository.parse("ghcr.io/acme/app")


_component = st.from_regex(r"[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}", fullmatch=True)
_host = st.from_regex(r"[a-z0-9]{1,6}\.[a-z0-9]{2,6}(:[0-9]{1,5})?", fullmatch=True)
_tag = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True)


@given(_host, st.lists(_component, min_size=1, max_size=4), st.none() | _tag, st.none() | st.binary(max_size=4))
def test_parsing_undoes_printing(host: str, parts: list[str], tag: str | None, content: bytes | None) -> None:
    digest = None if content is None else Digest.of(content)
    reference = Reference(Repository(host, "/".join(parts)), tag, digest)
    assert Reference.parse(str(reference)) == reference


@given(st.text(max_size=60))
def test_whatever_is_written_is_parsed_or_refused(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except UsageError:
        return
    assert Reference.parse(str(reference)) == reference


@pytest.mark.parametrize(
    ("registry", "loopback"),
    [("localhost", True), ("localhost:5000", True), ("127.0.0.1", True), ("127.9.9.9:5000", True), ("[::1]:1", True),
     ("app.localhost:1", True), ("localhost.evil.test", False), ("127.0.0.1.evil.test", False), ("10.0.0.1", False),
     ("ghcr.io", False)],
)  # fmt: skip
def test_loopback(registry: str, *, loopback: bool) -> None:
    assert Repository(registry, "app").is_loopback is loopback


def test_a_repository_has_no_tag() -> None:
    with pytest.raises(UsageError, match="where a repository is wanted"):
        Repository.parse("ghcr.io/acme/app:1")
    assert str(Repository.parse("nginx").tagged("1")) == "docker.io/library/nginx:1"


def test_destinations() -> None:
    assert parse_destination("oci:out/app") == LayoutRepository("out/app")
    assert parse_destination("ghcr.io/acme/app") == Repository("ghcr.io", "acme/app")
    for bad in ("oci:", "oci:-x", "oci:a\0b"):
        with pytest.raises(UsageError, match="'oci:' wants"):
            parse_destination(bad)


def test_the_longest_tag() -> None:
    assert check_tag("a" * 128) == "a" * 128
    with pytest.raises(UsageError):
        check_tag("a" * 129)
