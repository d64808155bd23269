"""An isolated Docker config: the user's own with other logins in it, and what has to be known of these later on.

Sources: docker/cli, cli/config/configfile/file.go and docs/reference/commandline/cli.md; docker/buildx,
docs/reference ("BUILDX_CONFIG").
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci_toolkit.errors import ToolError
from ci_toolkit.files import write_atomically
from ci_toolkit.registry.docker_config import (
    IN_THE_FILE,
    docker_directory,
    key_of,
    login_in_file,
    plain_key,
    read_config,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ci_toolkit.registry.credentials import Credential

_NOTES = "logins.json"
_LINKED = ("cli-plugins", "contexts", "buildx", "trust", "ca.pem", "cert.pem", "key.pem")
"""What else the docker command looks for beside its config."""
_LOGINS = ("auths", "credHelpers", "credsStore", "HttpHeaders")
"""What of a Docker config may say who we are."""
_PRIVATE = 0o600


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What is known of a login that was written; no secret. `stated`: what the config said of it then, hashed."""

    user: str
    expires_at: float | None
    stated: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What `ci-toolkit login` left: whose config it is over, and its logins by host."""

    directory: Path
    over: Path
    notes: Mapping[str, Note]
    nobody: tuple[str, ...] = ()
    """Hosts that are asked without a login, whatever the user's own config says."""

    def logins(self) -> dict[str, Credential]:
        """All of them, by host; raises UsageError for a broken config."""
        found = {host: self.credential(host) for host in self.notes}
        return {host: login for host, login in found.items() if login}

    def credential(self, host: str) -> Credential | None:
        """The login of a host with its end; raises UsageError for a broken config."""
        note = self.notes.get(host)
        found = login_in_file(self.directory / "config.json", host) if note else None
        return replace(found, expires_at=note.expires_at) if note and found else None


def merged(own: Mapping[str, Any], logins: Mapping[str, Credential], nobody: Collection[str] = ()) -> dict[str, Any]:
    """The user's own document with these logins, by host, in the place of its own; at `nobody` there is no login.

    A `credsStore` would win over what stands in the file, so these hosts get a helper without a name.
    """
    hosts = {plain_key(key_of(host)) for host in (*logins, *nobody)}

    def others(section: str) -> dict[str, Any]:
        entries = own.get(section)
        return {k: v for k, v in entries.items() if plain_key(k) not in hosts} if isinstance(entries, dict) else {}

    helpers = others("credHelpers")
    if own.get("credsStore"):
        helpers |= {key_of(host): IN_THE_FILE for host in (*logins, *nobody)}
    auths = others("auths") | {key_of(host): _entry(login) for host, login in logins.items()}
    changed = {"auths": auths, "credHelpers": helpers}
    return {**own, **{name: section for name, section in changed.items() if section or name in own}}


def brings_change(over: Path, logins: Mapping[str, Credential], nobody: Collection[str]) -> bool:
    """True if the Docker config of `over` says anything else than these logins; raises UsageError for a broken one."""
    own = read_config(over / "config.json")
    return merged(own, logins, nobody) != own


def write(directory: Path, over: Path, logins: Mapping[str, Credential], nobody: Collection[str] = ()) -> None:
    """Write a Docker config with these logins into a directory of ours, over the one of `over`.

    Raises UsageError where that one is broken, ToolError where the disk fails.
    """
    document = merged(read_config(over / "config.json"), logins, nobody)
    write_atomically(directory / "config.json", _bytes(document), mode=_PRIVATE)
    _link(directory, over)


def write_without_logins(directory: Path, over: Path) -> None:
    """Write a Docker config without any login into a directory of ours: proxies, context and plugins stay in reach.

    Raises as `write` does.
    """
    own = {name: section for name, section in read_config(over / "config.json").items() if name not in _LOGINS}
    write_atomically(directory / "config.json", _bytes(own), mode=_PRIVATE)
    _link(directory, over)


def keep(
    directory: Path,
    over: Path,
    logins: Mapping[str, Credential],
    nobody: Collection[str] = (),
    *,
    stated: Mapping[str, str],
) -> None:
    """`write`, with notes for later commands. `stated`: by host, what `Note.stated` shall be."""
    notes = {
        host: Note(user=who(login), expires_at=login.expires_at, stated=stated.get(host, ""))
        for host, login in logins.items()
    }
    document = {
        "over": str(over),
        "nobody": sorted(nobody),
        "logins": {host: asdict(note) for host, note in notes.items()},
    }
    write(directory, over, logins, nobody)
    write_atomically(directory / _NOTES, _bytes(document), mode=_PRIVATE)


def kept_up(earlier: Kept, env: Mapping[str, str]) -> None:
    """Write the config again where the user's own has changed since, or is another one now."""
    over = own_directory(env, earlier.directory, earlier)
    if over != earlier.over or _changed(over / "config.json") > _changed(earlier.directory / "config.json"):
        stated = {host: note.stated for host, note in earlier.notes.items()}
        keep(earlier.directory, over, earlier.logins(), earlier.nobody, stated=stated)


def kept(directory: Path) -> Kept | None:
    """What lies in a directory of ours; None where no login was finished. Raises ToolError for a broken one."""
    try:
        document: Any = json.loads((directory / _NOTES).read_bytes())
        notes = {host: Note(**note) for host, note in document["logins"].items()}
        nobody = tuple(document["nobody"])
        return Kept(directory=directory, over=Path(document["over"]), notes=notes, nobody=nobody)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        message = f"the logins in {directory} can't be read: {error}"
        raise ToolError(message, hint="`ci-toolkit logout`, then log in again") from error


def variables(directory: Path, over: Path, env: Mapping[str, str]) -> dict[str, str]:
    """What makes the docker command use it; Buildx keeps its builders where the user's own are."""
    return {"DOCKER_CONFIG": str(directory), "BUILDX_CONFIG": env.get("BUILDX_CONFIG") or str(over / "buildx")}


def own_directory(env: Mapping[str, str], place: Path, earlier: Kept | None) -> Path:
    """The user's own Docker config, where DOCKER_CONFIG may name the isolated one at `place` already."""
    found = docker_directory(env).absolute()
    return earlier.over if earlier and found == place else found


def who(credential: Credential) -> str:
    """Whom a login is for, to be shown."""
    return credential.username or "the bearer of a token"


def _entry(login: Credential) -> dict[str, str]:
    pair = f"{login.username}:{login.password}".encode()
    entry = {"auth": base64.b64encode(pair).decode()} if login.username else {}
    entry |= {"identitytoken": login.identity_token} if login.identity_token else {}
    return entry | ({"registrytoken": login.registry_token} if login.registry_token else {})


def _link(directory: Path, over: Path) -> None:
    """Make reachable what else the docker command keeps beside its config."""
    try:
        for name in _LINKED:
            link, target = directory / name, over / name
            if link.is_symlink():
                link.unlink()
            if target.exists() and not link.exists():
                link.symlink_to(target)
    except OSError as error:
        message = f"can't link {over} into {directory}: {error.strerror}"
        raise ToolError(message) from error


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _bytes(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2) + "\n").encode()
