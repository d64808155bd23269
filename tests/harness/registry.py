"""Real Distribution registries for tests: plain, with htpasswd, with tokens and their issuer, with TLS."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.harness.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "ci", "reg-canary-7Qx"
_BCRYPT = "$2b$04$py7YZRWmPq3OZPEgCch3jODZSnZaG9wttpwc548TndrVBmz05jsZ."
"""PASSWORD, at the lowest cost."""
SERVICE = "test-registry"


@dataclass(frozen=True)
class Registry:
    """A registry that runs: where it listens, and where its files are."""

    host: str
    storage: Path
    certificate: Path | None = None


def program(name: str) -> str:
    """A part of the stack on PATH, or a failure that says how to get it."""
    found = shutil.which(name)
    if not found:
        pytest.fail(
            f"{name} is not on PATH: run `make test`, or `scripts/stack up --tests` and then "
            '`eval "$(scripts/stack env)"`',
            pytrace=False,
        )
    return found


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_certificate(directory: Path) -> tuple[Path, Path]:
    """A self-signed certificate of 127.0.0.1, and its key."""
    directory.mkdir(parents=True, exist_ok=True)
    certificate, key = directory / "cert.pem", directory / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    extras = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *extras], check=True, capture_output=True)
    return certificate, key


@contextmanager
def running_registry(
    directory: Path,
    *,
    htpasswd: bool = False,
    issuer: Issuer | None = None,
    tls: bool = False,
    deletes: bool = True,
) -> Iterator[Registry]:
    """Start `docker-registry` on a free port, wait until it answers, and end it."""
    executable = program("docker-registry")
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    http: dict[str, Any] = {"addr": f"127.0.0.1:{port}", "secret": "nothing", "relativeurls": False}
    config: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(directory / "data")}, "delete": {"enabled": deletes}},
        "http": http,
    }
    certificate = None
    if tls:
        certificate, key = make_certificate(directory / "tls")
        http["tls"] = {"certificate": str(certificate), "key": str(key)}
    if htpasswd:
        (directory / "htpasswd").write_text(f"{USER}:{_BCRYPT}\n")
        config["auth"] = {"htpasswd": {"realm": "test", "path": str(directory / "htpasswd")}}
    if issuer:
        config["auth"] = {
            "token": {
                "realm": issuer.realm,
                "service": SERVICE,
                "issuer": "test-issuer",
                "rootcertbundle": str(issuer.certificate),
            }
        }
    (directory / "config.yml").write_text(json.dumps(config))
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen([executable, "serve", str(directory / "config.yml")], stdout=log, stderr=log)
    try:
        _wait_for(port, process, directory / "log")
        yield Registry(f"127.0.0.1:{port}", directory / "data", certificate)
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the registry didn't start: {log.read_text()[-2000:]}")


@dataclass
class Issuer:
    """A token service as Distribution wants it. `lifetimes` are given out in turn, the last for good."""

    directory: Path
    lifetimes: list[int | None] = field(default_factory=lambda: [300])
    """Seconds that `expires_in` says; None: it says nothing. The token itself lives 5 minutes."""
    anonymous: bool = False
    """Whoever has no login may pull."""
    grants: tuple[str, ...] = ()
    """The actions that anybody is granted at most; empty: all."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    """Each request: scopes, user, status."""
    realm: str = ""
    certificate: Path = Path()

    @contextmanager
    def running(self) -> Iterator[Issuer]:
        """Serve until the block ends."""
        self.certificate, self._key = make_certificate(self.directory)
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                status, document = issuer.answer(self.path, self.headers.get("Authorization", ""))
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                """Keep quiet."""

        with serving(Handler) as host:
            self.realm = f"http://{host}/token"
            yield self

    def answer(self, path: str, authorization: str) -> tuple[int, dict[str, Any]]:
        """Status and document for a request."""
        query = parse_qs(urlsplit(path).query)
        scopes = query.get("scope", [])
        user = _user(authorization)
        allowed = user == f"{USER}:{PASSWORD}" or (self.anonymous and not user)
        status = 200 if allowed and query.get("service") == [SERVICE] else 401
        self.asked.append({"scopes": scopes, "user": user.partition(":")[0], "status": status})
        if status != 200:
            return status, {"errors": [{"code": "UNAUTHORIZED", "message": "no such login"}]}
        life = self.lifetimes.pop(0) if len(self.lifetimes) > 1 else self.lifetimes[0]
        document: dict[str, Any] = {"token": self._token(scopes, pull_only=not user)}
        return 200, document if life is None else {**document, "expires_in": life}

    def _token(self, scopes: list[str], *, pull_only: bool) -> str:
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            granted = [a for a in actions.split(",") if a == "pull" or not pull_only]
            granted = [a for a in granted if not self.grants or a in self.grants]
            access.append({"type": kind, "name": name, "actions": granted})
        der = "".join(line for line in self.certificate.read_text().splitlines() if "-----" not in line)
        now = int(time.time())
        claims = {
            "iss": "test-issuer",
            "sub": USER,
            "aud": SERVICE,
            "iat": now,
            "nbf": now - 10,
            "exp": now + 300,
            "jti": uuid.uuid4().hex,
            "access": access,
        }
        signed = f"{_encoded({'typ': 'JWT', 'alg': 'RS256', 'x5c': [der]})}.{_encoded(claims)}"
        sign = ["openssl", "dgst", "-sha256", "-sign", str(self._key)]
        signature = subprocess.run(sign, input=signed.encode(), capture_output=True, check=True).stdout
        return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def _user(authorization: str) -> str:
    return base64.b64decode(authorization.removeprefix("Basic ")).decode() if authorization else ""


def _encoded(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")
