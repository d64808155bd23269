"""GitHub's code scanning, strict: written from the REST API's description, it refuses what GitHub would.

Source: GitHub, "REST API endpoints for code scanning" and "SARIF support for code scanning" (the limits).

To stand in for GitHub in a whole workflow: `python -m tests.harness.code_scanning PORT [RECORD]` serves on this
machine until it is ended, takes any repository and any token, and writes each accepted upload as a line of JSON.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import signal
import sys
import uuid
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci_toolkit.errors import IntegrityError
from ci_toolkit.report.sarif_schema import validate
from tests.harness.proxy import Answer, Exchange, FaultServer, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.harness.proxy import Behaviour

LARGEST = 10_000_000
MOST_RUNS, MOST_RESULTS, MOST_RULES, MOST_LOCATIONS, MOST_TAGS = 20, 25_000, 25_000, 1_000, 20
NOT_PERMITTED = "Resource not accessible by integration"
NOT_ENABLED = "Code Security must be enabled for this repository to use code scanning."
_REQUIRED = {"commit_sha", "ref", "sarif"}
_KNOWN = _REQUIRED | {"checkout_uri", "started_at", "tool_name", "validate"}
_REF = r"refs/(heads|tags)/.+|refs/pull/[0-9]+/(merge|head)"
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"


class Refused(Exception):  # noqa: N818 an answer, not a fault
    """What GitHub answers instead."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(status, message)
        document = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = Answer(status, {**_JSON, **more}, json.dumps(document).encode())


_JSON = {"content-type": "application/json; charset=utf-8"}


@dataclass(frozen=True)
class Accepted:
    """An upload that was taken, unpacked."""

    id: str
    repository: str
    body: Mapping[str, Any]
    sarif: Mapping[str, Any]
    packed: bytes

    @property
    def categories(self) -> list[str]:
        """The runs' categories, as they stand in the file."""
        return [run["automationDetails"]["id"] for run in self.sarif["runs"]]

    @property
    def results(self) -> list[int]:
        """How many results each run has."""
        return [len(run["results"]) for run in self.sarif["runs"]]

    def as_json(self) -> dict[str, Any]:
        """What is written down of it."""
        kept = {name: value for name, value in self.body.items() if name != "sarif"}
        known = {"id": self.id, "repository": self.repository, "categories": self.categories, "results": self.results}
        return {**known, **kept, "sarif": self.sarif}


@dataclass
class GitHub:
    """The two endpoints. `repository` and `token`: the only ones there are; empty: any."""

    repository: str = "acme/app"
    token: str = field(default_factory=lambda: f"ghs_canary{uuid.uuid4().hex}")
    prefix: str = ""
    """`/api/v3` on an Enterprise Server."""
    permitted: bool = True
    """The token may write security events."""
    enabled: bool = True
    """Code scanning is enabled for the repository."""
    pending: int = 1
    """So many questions are answered with `pending` before an upload is processed."""
    errors: tuple[str, ...] = ()
    """What is wrong with every upload once it is looked at."""
    record: Path | None = None
    accepted: list[Accepted] = field(default_factory=list)
    server: FaultServer = field(default_factory=FaultServer)
    _asked: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def running(self, port: int = 0) -> Iterator[GitHub]:
        """Serve until the block ends."""
        with self.server.running(port=port):
            self.server.rule("", "", self._answer, times=10**6)
            yield self

    @property
    def url(self) -> str:
        """`GITHUB_API_URL`."""
        return f"http://{self.server.host}{self.prefix}"

    def fault(self, method: str, behaviour: Behaviour, *, times: int = 1, skip: int = 0) -> None:
        """Behave like this before anything else."""
        self.server.rules.insert(0, Rule(method, "", behaviour, times, skip))

    def _answer(self, exchange: Exchange) -> None:
        try:
            status, document = self._served(exchange)
        except Refused as refused:
            exchange.answer(refused.answer)
        else:
            exchange.answer(Answer(status, dict(_JSON), json.dumps(document).encode()))

    def _served(self, exchange: Exchange) -> tuple[int, Any]:
        name = re.escape(self.repository) if self.repository else "[^/]+/[^/]+"
        path = rf"{self.prefix}/repos/(?P<repository>{name})/code-scanning/sarifs(?:/(?P<id>[^/?]+))?"
        found = re.fullmatch(path, exchange.path)
        if not found or exchange.method != ("GET" if found["id"] else "POST"):
            raise Refused(404, "Not Found")
        self._check_caller(exchange.headers)
        if found["id"]:
            return 200, self._processing(found["id"])
        if not self.permitted:
            raise Refused(403, NOT_PERMITTED, x_accepted_github_permissions="security_events=write")
        if not self.enabled:
            raise Refused(403, NOT_ENABLED)
        accepted = _taken(exchange, found["repository"])
        self.accepted.append(accepted)
        if self.record:
            with self.record.open("a", encoding="utf-8") as file:
                file.write(json.dumps(accepted.as_json()) + "\n")
        return 202, {
            "id": accepted.id,
            "url": f"{self.url}/repos/{found['repository']}/code-scanning/sarifs/{accepted.id}",
        }

    def _check_caller(self, headers: Mapping[str, str]) -> None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token or token != (self.token or token):
            raise Refused(401, "Bad credentials")
        if not headers.get("user-agent"):
            raise Refused(403, "Request forbidden by administrative rules: there is no User-Agent header")
        if headers.get("accept") != "application/vnd.github+json":
            raise Refused(415, "Unsupported 'Accept' header")
        if headers.get("x-github-api-version") != "2022-11-28":
            raise Refused(400, "X-GitHub-Api-Version is not supported")

    def _processing(self, identifier: str) -> dict[str, Any]:
        upload = next((a for a in self.accepted if a.id == identifier), None)
        if upload is None:
            raise Refused(404, "no upload has this id")
        self._asked[identifier] = self._asked.get(identifier, 0) + 1
        if self._asked[identifier] <= self.pending:
            return {"processing_status": "pending"}
        errors = [*self.errors, *_wrong_results(upload.sarif)]
        if errors:
            return {"processing_status": "failed", "errors": errors}
        analyses = f"{self.url}/repos/{upload.repository}/code-scanning/analyses?sarif_id={identifier}"
        return {"processing_status": "complete", "analyses_url": analyses, "errors": None}


def _taken(exchange: Exchange, repository: str) -> Accepted:
    body = _body(exchange)
    try:
        packed = base64.b64decode(body["sarif"], validate=True)
    except ValueError:
        raise Refused(400, "sarif is not valid Base64") from None
    if len(packed) > LARGEST:
        raise Refused(413, "SARIF file is too large")
    try:
        sarif = json.loads(gzip.decompress(packed))
    except (OSError, EOFError, zlib.error):
        raise Refused(400, "sarif is not gzipped") from None
    except ValueError:
        raise Refused(400, "sarif is not valid JSON") from None
    _check_limits(sarif)
    try:
        validate(sarif)
    except IntegrityError as error:
        raise Refused(422, f"Invalid SARIF: {error.message}") from None
    return Accepted(str(uuid.uuid4()), repository, body, sarif, packed)


def _body(exchange: Exchange) -> dict[str, Any]:
    try:
        body = json.loads(exchange.body)
    except ValueError:
        raise Refused(400, "Problems parsing JSON") from None
    if not isinstance(body, dict) or not set(body) >= _REQUIRED:
        raise Refused(422, f"Invalid request: {', '.join(sorted(_REQUIRED))} are required")
    if unknown := sorted(set(body) - _KNOWN):
        raise Refused(422, f"Invalid request: {unknown} is not a permitted key")
    if any(not isinstance(value, bool if name == "validate" else str) for name, value in body.items()):
        raise Refused(422, "Invalid request: wrong type")
    for name, pattern in (("commit_sha", "[0-9a-f]{40}"), ("ref", _REF), ("started_at", _TIME)):
        if name in body and not re.fullmatch(pattern, body[name]):
            raise Refused(422, f"Invalid request: {body[name]!r} is no {name}")
    return body


def _check_limits(sarif: Any) -> None:
    runs = sarif.get("runs") if isinstance(sarif, dict) else None
    if not isinstance(runs, list) or not all(isinstance(run, dict) and "results" in run for run in runs):
        raise Refused(400, "Invalid SARIF: each run needs its results")
    if len(runs) > MOST_RUNS:
        raise Refused(400, f"rejecting SARIF, as there are more runs than allowed ({len(runs)} > {MOST_RUNS})")
    known = [(run["tool"]["driver"]["name"], run.get("automationDetails", {}).get("id", "")) for run in runs]
    categories = [(tool, identifier.rpartition("/")[0]) for tool, identifier in known]
    if len(set(categories)) < len(categories):
        raise Refused(400, "rejecting SARIF, as there are several runs of the same tool and category")
    for run in runs:
        rules = run["tool"]["driver"].get("rules", [])
        counts = {
            "results": (len(run["results"]), MOST_RESULTS),
            "rules": (len(rules), MOST_RULES),
            "locations": (max((len(r.get("locations", [])) for r in run["results"]), default=0), MOST_LOCATIONS),
            "tags": (max((len(r.get("properties", {}).get("tags", [])) for r in rules), default=0), MOST_TAGS),
        }
        for name, (count, most) in counts.items():
            if count > most:
                raise Refused(400, f"rejecting SARIF, as there are more {name} than allowed ({count} > {most})")


def _wrong_results(sarif: Mapping[str, Any]) -> list[str]:
    """What the schema allows and GitHub can't show."""
    wrong = []
    for run in sarif["runs"]:
        rules = {rule["id"] for rule in run["tool"]["driver"].get("rules", [])}
        for result in run["results"]:
            places = [location.get("physicalLocation", {}) for location in result.get("locations", [])]
            if not places or not all(p.get("artifactLocation", {}).get("uri") and p.get("region") for p in places):
                wrong.append("locationFromSarifResult: expected at least one location")
            if result.get("ruleId") not in rules:
                wrong.append(f"no rule {result.get('ruleId')!r}")
    return wrong[:5]


def main(arguments: list[str]) -> None:
    """Serve until SIGINT or SIGTERM."""
    record = Path(arguments[1]) if len(arguments) > 1 else None
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with GitHub(repository="", token="", record=record).running(int(arguments[0])) as github:
        sys.stdout.write(f"{github.url}\n")
        sys.stdout.flush()
        try:
            signal.pause()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main(sys.argv[1:])


def message(status: int, words: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """GitHub's answer in these words, as `answers` takes it."""
    return (
        status,
        {name.replace("_", "-"): value for name, value in headers.items()},
        json.dumps({"message": words}).encode(),
    )
