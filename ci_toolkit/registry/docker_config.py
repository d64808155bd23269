"""The Docker config as a keychain: `auths`, `credHelpers`, `credsStore` of `config.json`.

Sources: docker/cli, cli/config/configfile/file.go; docker/docker-credential-helpers, README.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci_toolkit.errors import ToolError, UsageError
from ci_toolkit.registry.credentials import Credential

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.process import Runner

IN_THE_FILE = ""
"""As a helper's name it says that this host's login stands in the file, whatever `credsStore` says."""
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_HELPER_TIMEOUT = 30.0
_HELPER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_IDENTITY_USER = "<token>"
"""What helpers put in the user's place where the secret is an identity token."""
_MAX_CONFIG = 1024 * 1024


class DockerConfig:
    """Logins of `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`.

    A helper for the host comes first, then a login that stands in the file, then the general store: an explicit
    login isn't overridden by a store (docker-py's issue 3281). `runner` must hand output on unredacted, for a
    helper's output is the secret; helpers get the whole environment, for they are how the user logs in.
    """

    def __init__(self, env: Mapping[str, str], runner: Runner) -> None:
        self._env = env
        self._runner = runner
        self._document: Mapping[str, Any] | None = None

    def resolve(self, host: str) -> Credential | None:
        """See `Keychain.resolve`; raises UsageError for a broken file, ToolError for a broken helper."""
        config = self._config()
        keys = _keys(host)
        helpers = _section(config, "credHelpers", self._file)
        named = next((key for key in keys if key in helpers), None)
        if named and helpers[named] != IN_THE_FILE:
            return self._ask(helpers[named], named)
        if login := _stated(config, host, self._file):
            return login
        store = config.get("credsStore") if named is None else None
        return self._ask(store, keys[0]) if store else None

    @property
    def _file(self) -> Path:
        return docker_directory(self._env) / "config.json"

    def _config(self) -> Mapping[str, Any]:
        if self._document is None:
            self._document = read_config(self._file)
        return self._document

    def _ask(self, helper: Any, key: str) -> Credential | None:
        if not isinstance(helper, str) or not _HELPER_NAME.fullmatch(helper):
            raise _broken(self._file, f"{str(helper)[:60]!r} names no credential helper")
        program = f"docker-credential-{helper}"
        done = self._runner.run(
            [program, "get"], env=self._env, stdin=key.encode(), timeout=_HELPER_TIMEOUT, check=False
        )
        if done.returncode != 0:
            said = (done.stdout.strip() or done.stderr.strip()).splitlines()
            if "credentials not found" in done.stdout:
                return None
            message = f"{program} has no login for {key}: {said[0][:200] if said else f'exit {done.returncode}'}"
            raise ToolError(message, hint=f"log in with the helper's own tool, or correct {self._file}")
        try:
            answer = json.loads(done.stdout)
            username, secret = str(answer["Username"]), str(answer["Secret"])
        except (ValueError, KeyError, TypeError):
            message = f"{program} answered something that is no credential for {key}"
            raise ToolError(message, hint=f"look at `echo {key} | {program} get`") from None
        if username == _IDENTITY_USER:
            return Credential(identity_token=secret)
        return Credential(username=username, password=secret)


def docker_directory(env: Mapping[str, str]) -> Path:
    """Where the docker command keeps its config."""
    return Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME") or "/") / ".docker")


def key_of(host: str) -> str:
    """What a host is called in a Docker config."""
    return _keys(host)[0]


def _keys(host: str) -> tuple[str, ...]:
    return (_DOCKER_HUB_KEY, host) if host == "docker.io" else (host,)


def plain_key(key: str) -> str:
    """One spelling of a config's keys: `https://ghcr.io/v2/` and `ghcr.io` are one host to Docker."""
    if key in (_DOCKER_HUB_KEY, "docker.io", "index.docker.io", "registry-1.docker.io"):
        return _DOCKER_HUB_KEY
    return key.removeprefix("https://").removeprefix("http://").partition("/")[0]


def read_config(file: Path) -> Mapping[str, Any]:
    """The document of a `config.json`, empty where there is none; raises UsageError for a broken one."""
    try:
        with file.open("rb") as stream:
            data = stream.read(_MAX_CONFIG + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise _broken(file, error.strerror or str(error)) from None
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _broken(file, str(error)[:100]) from None
    if not isinstance(document, dict):
        raise _broken(file, "its root is no object")
    return document


def login_in_file(file: Path, host: str) -> Credential | None:
    """The login that stands in a `config.json` itself; raises UsageError for a broken one."""
    return _stated(read_config(file), host, file)


def _stated(config: Mapping[str, Any], host: str, file: Path) -> Credential | None:
    for name, entry in _section(config, "auths", file).items():
        if plain_key(name) == plain_key(host) and (login := _login(name, entry, file)):
            return login
    return None


def _login(name: str, entry: Any, file: Path) -> Credential | None:
    if not isinstance(entry, dict):
        raise _broken(file, f"auths.{name} is no object")
    username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if entry.get("auth"):
        username, password = _decode(file, name, entry["auth"])
    identity, registry = str(entry.get("identitytoken") or ""), str(entry.get("registrytoken") or "")
    if not (password or identity or registry):
        return None
    return Credential(username=username, password=password, identity_token=identity, registry_token=registry)


def _section(config: Mapping[str, Any], name: str, file: Path) -> Mapping[str, Any]:
    section = {} if config.get(name) is None else config[name]
    if not isinstance(section, dict):
        raise _broken(file, f"{name} is no object")
    return section


def _decode(file: Path, name: str, auth: Any) -> tuple[str, str]:
    try:
        text = base64.b64decode(str(auth), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise _broken(file, f"auths.{name}.auth is no base64") from None
    username, colon, password = text.partition(":")
    if not colon:
        raise _broken(file, f"auths.{name}.auth holds no USER:PASSWORD")
    return username, password.rstrip("\0")


def _broken(file: Path, why: str) -> UsageError:
    return UsageError(f"the Docker config {file} can't be used: {why}", hint="mend it, or `docker login` again")
