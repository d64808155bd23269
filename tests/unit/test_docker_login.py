"""The isolated Docker config: what is merged, what is written, what later commands read of it."""

from __future__ import annotations

import base64
import json
import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.errors import ToolError, UsageError
from ci_toolkit.registry.credentials import Credential
from ci_toolkit.registry.docker_config import login_in_file
from ci_toolkit.registry.docker_login import (
    brings_change,
    keep,
    kept,
    kept_up,
    merged,
    own_directory,
    variables,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HUB = "https://index.docker.io/v1/"
LOGIN = Credential("ci", "s3cret-word")
ENTRY = {"auth": base64.b64encode(b"ci:s3cret-word").decode()}
OTHER = {"auth": base64.b64encode(b"me:mine-alone").decode()}


def own_config(directory: Path, document: Any) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "config.json").write_text(document if isinstance(document, str) else json.dumps(document))
    return directory


def document(directory: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((directory / "config.json").read_bytes())
    return read


@pytest.mark.parametrize(
    ("own", "nobody", "expected"),
    [
        ({}, (), {"auths": {"ghcr.io": ENTRY}}),
        ({"auths": {"ghcr.io": OTHER, "x.test": OTHER}}, (), {"auths": {"ghcr.io": ENTRY, "x.test": OTHER}}),
        ({"auths": {"https://ghcr.io/v2/": OTHER}}, (), {"auths": {"ghcr.io": ENTRY}}),
        (
            {"credHelpers": {"ghcr.io": "gh", "x.test": "xt"}},
            (),
            {"auths": {"ghcr.io": ENTRY}, "credHelpers": {"x.test": "xt"}},
        ),
        (
            {"credsStore": "desktop", "auths": {}},
            (),
            {"credsStore": "desktop", "auths": {"ghcr.io": ENTRY}, "credHelpers": {"ghcr.io": ""}},
        ),
        (
            {"credsStore": "desktop", "auths": {"docker.io": OTHER}},
            ("docker.io",),
            {"credsStore": "desktop", "auths": {"ghcr.io": ENTRY}, "credHelpers": {"ghcr.io": "", HUB: ""}},
        ),
        (
            {"proxies": {"default": {}}, "HttpHeaders": {"X": "y"}, "currentContext": "far"},
            (),
            {
                "proxies": {"default": {}},
                "HttpHeaders": {"X": "y"},
                "currentContext": "far",
                "auths": {"ghcr.io": ENTRY},
            },
        ),
    ],
)
def test_the_users_own_config_stays_around_the_logins(
    own: dict[str, Any], nobody: Sequence[str], expected: dict[str, Any]
) -> None:
    assert merged(own, {"ghcr.io": LOGIN}, nobody) == expected


@pytest.mark.parametrize(
    ("login", "entry"),
    [
        (LOGIN, ENTRY),
        (
            Credential("u", identity_token="refresh-me"),
            {"auth": base64.b64encode(b"u:").decode(), "identitytoken": "refresh-me"},
        ),
        (Credential(identity_token="refresh-me"), {"identitytoken": "refresh-me"}),
        (Credential(registry_token="bear-me"), {"registrytoken": "bear-me"}),
    ],
)
def test_each_kind_of_login_is_read_as_it_was_written(
    tmp_path: Path, login: Credential, entry: dict[str, str]
) -> None:
    write(tmp_path, tmp_path / "own", {"docker.io": login})
    assert document(tmp_path) == {"auths": {HUB: entry}}
    assert login_in_file(tmp_path / "config.json", "docker.io") == login


hosts = st.sampled_from(["ghcr.io", "docker.io", "localhost:5000", "r.example.test"])
words = st.text(st.characters(codec="utf-8", exclude_characters=":\0"), min_size=1, max_size=20)


@given(
    own=st.dictionaries(hosts, words, max_size=4),
    given_=st.dictionaries(hosts, st.tuples(words, words), max_size=4),
    nobody=st.sets(hosts, max_size=2),
    store=st.booleans(),
)
def test_every_host_has_the_login_it_was_given_and_all_others_keep_theirs(
    own: dict[str, str], given_: dict[str, tuple[str, str]], nobody: set[str], store: bool
) -> None:
    theirs = {h: {"auth": base64.b64encode(f"me:{w}".encode()).decode()} for h, w in own.items()}
    before: dict[str, Any] = {"auths": theirs, **({"credsStore": "desktop"} if store else {})}
    logins = {host: Credential(*pair) for host, pair in given_.items()}
    after = merged(before, logins, nobody - set(logins))
    assert merged(after, logins, nobody - set(logins)) == after
    keys = {host: HUB if host == "docker.io" else host for host in (*own, *logins, *nobody)}
    for host, key in keys.items():
        entry = after["auths"].get(key)
        if host in logins:
            assert base64.b64decode(entry["auth"]).decode() == ":".join(given_[host])
        elif host in nobody:
            assert entry is None
        else:
            assert after["auths"][host] == theirs[host]
        decided = host in logins or host in nobody
        assert (after.get("credHelpers", {}).get(key) == "") == (store and decided)


def test_what_is_written_is_for_us_alone_and_leads_to_the_rest_of_dockers_things(tmp_path: Path) -> None:
    own = own_config(tmp_path / "own", {"currentContext": "far"})
    for name in ("cli-plugins", "contexts"):
        (own / name).mkdir()
    (own / "ca.pem").write_text("CA")
    place = tmp_path / "place"
    place.mkdir(mode=0o700)
    for _ in range(2):
        write(place, own, {"ghcr.io": LOGIN})
        assert stat.S_IMODE((place / "config.json").stat().st_mode) == 0o600
        assert {p.name: p.resolve() for p in place.iterdir() if p.is_symlink()} == {
            name: own / name for name in ("cli-plugins", "contexts", "ca.pem")
        }


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": "x'])
def test_a_broken_config_of_the_user_is_named(tmp_path: Path, text: str) -> None:
    own = own_config(tmp_path / "own", text)
    with pytest.raises(UsageError, match="can't be used"):
        write(tmp_path, own, {"ghcr.io": LOGIN})


@pytest.mark.parametrize(
    ("own", "nobody", "changes"),
    [
        ({}, (), True),
        ({"auths": {"ghcr.io": ENTRY}}, (), False),
        ({"auths": {"ghcr.io": OTHER}}, (), True),
        ({"auths": {"ghcr.io": ENTRY}, "credsStore": "desktop"}, (), True),
        ({"auths": {"ghcr.io": ENTRY}}, ("x.test",), False),
        ({"auths": {"ghcr.io": ENTRY, "x.test": OTHER}}, ("x.test",), True),
    ],
)
def test_what_the_docker_config_says_already_needs_no_other(
    tmp_path: Path, own: dict[str, Any], nobody: Sequence[str], changes: bool
) -> None:
    directory = own_config(tmp_path / "own", own)
    assert brings_change(directory, {"ghcr.io": LOGIN}, nobody) is changes


def test_later_commands_read_who_until_when_and_no_note_holds_a_secret(tmp_path: Path) -> None:
    own, login = tmp_path / "own", replace(LOGIN, expires_at=1_800_000_000.0)
    keep(tmp_path, own, {"ghcr.io": login, "docker.io": LOGIN}, ["x.test"], stated={"ghcr.io": "abc"})
    found = kept(tmp_path)
    assert found
    assert (found.over, found.nobody) == (own, ("x.test",))
    assert (found.notes["ghcr.io"].user, found.notes["ghcr.io"].stated) == ("ci", "abc")
    assert found.logins() == {"ghcr.io": login, "docker.io": LOGIN}
    assert "s3cret-word" not in (tmp_path / "logins.json").read_text()
    assert stat.S_IMODE((tmp_path / "logins.json").stat().st_mode) == 0o600


def test_no_notes_is_no_login_and_broken_ones_are_named(tmp_path: Path) -> None:
    assert kept(tmp_path) is None
    for text in ("{", "[]", '{"logins": {"a": {}}}', '{"over": 1, "logins": {}, "nobody": []}'):
        (tmp_path / "logins.json").write_text(text)
        with pytest.raises(ToolError, match="can't be read") as caught:
            kept(tmp_path)
        assert "logout" in caught.value.hint


def test_what_the_user_changes_later_is_taken_over(tmp_path: Path) -> None:
    own = own_config(tmp_path / "own", {})
    place = tmp_path / "place"
    place.mkdir(mode=0o700)
    keep(place, own, {"ghcr.io": LOGIN}, (), stated={})
    env = {"DOCKER_CONFIG": str(own)}
    own_config(own, {"auths": {"x.test": OTHER}})
    os.utime(own / "config.json", (2_000_000_000, 2_000_000_000))
    earlier = kept(place)
    assert earlier
    kept_up(earlier, env)
    assert document(place)["auths"] == {"x.test": OTHER, "ghcr.io": ENTRY}
    another = own_config(tmp_path / "another", {"currentContext": "far"})
    kept_up(earlier, {"DOCKER_CONFIG": str(another)})
    assert document(place) == {"currentContext": "far", "auths": {"ghcr.io": ENTRY}}


def test_a_shell_that_uses_the_logins_already_still_has_its_own_config_below(tmp_path: Path) -> None:
    own, place = tmp_path / "own", tmp_path / "place"
    place.mkdir(mode=0o700)
    keep(place, own, {"ghcr.io": LOGIN}, (), stated={})
    earlier = kept(place)
    assert own_directory({"DOCKER_CONFIG": str(place)}, place, earlier) == own
    assert own_directory({"HOME": str(tmp_path)}, place, earlier) == tmp_path / ".docker"
    assert variables(place, own, {}) == {"DOCKER_CONFIG": str(place), "BUILDX_CONFIG": str(own / "buildx")}
    assert variables(place, own, {"BUILDX_CONFIG": "/b"})["BUILDX_CONFIG"] == "/b"
