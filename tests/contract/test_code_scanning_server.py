"""The stand-in for GitHub refuses what GitHub would: what passes it is worth something."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ci_toolkit.report.sarif import Origin, sarif_report
from tests.harness.code_scanning import GitHub
from tests.harness.findings import URLLIB3, image, platform

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent.parent
PATH = "/repos/acme/app/code-scanning/sarifs"
Document = dict[str, Any]
REPORT: Document = json.loads(
    sarif_report(
        image(platform(URLLIB3), platform(name="linux/arm64")),
        Origin(dockerfile="Dockerfile", line=1),
        category="container/{image}",
        ignored={},
    ).data
)


def packed(document: object) -> str:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return base64.b64encode(gzip.compress(data, 1)).decode()


def body(**changes: Any) -> Document:
    base = {"commit_sha": "a" * 40, "ref": "refs/heads/main", "sarif": packed(REPORT)}
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def ask(
    github: GitHub,
    method: str = "POST",
    path: str = PATH,
    document: object = None,
    headers: dict[str, str | None] | None = None,
) -> tuple[int, Document]:
    sent = {
        "authorization": f"Bearer {github.token}",
        "accept": "application/vnd.github+json",
        "x-github-api-version": "2022-11-28",
        "user-agent": "test",
        **{name.replace("_", "-"): value for name, value in (headers or {}).items()},
    }
    connection = http.client.HTTPConnection(github.server.host, timeout=20)
    try:
        data = document if isinstance(document, bytes) else json.dumps(document or body()).encode()
        connection.request(method, path, data, {n: v for n, v in sent.items() if v is not None})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_a_right_upload_is_taken_and_processed(github: GitHub) -> None:
    status, answer = ask(github)
    assert (status, answer["url"]) == (202, f"{github.url}{PATH}/{answer['id']}")
    looks = [ask(github, "GET", f"{PATH}/{answer['id']}")[1]["processing_status"] for _ in range(2)]
    assert looks == ["pending", "complete"]
    assert ask(github, "GET", f"{PATH}/other")[0] == 404


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (401, {"authorization": None}),
        (401, {"authorization": "Bearer other"}),
        (401, {"authorization": "Basic eDp5"}),
        (415, {"accept": None}),
        (415, {"accept": "application/json"}),
        (400, {"x_github_api_version": None}),
        (400, {"x_github_api_version": "2020-01-01"}),
        (403, {"user_agent": None}),
    ],
)
def test_a_request_without_its_headers_is_refused(github: GitHub, status: int, headers: dict[str, str | None]) -> None:
    assert ask(github, headers=headers)[0] == status


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", PATH), ("GET", PATH), ("POST", f"{PATH}/1"), ("POST", "/repos/acme/other/code-scanning/sarifs")],
)
def test_another_method_or_path_isnt_there(github: GitHub, method: str, path: str) -> None:
    assert ask(github, method, path)[0] == 404


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        (422, {"commit_sha": None}),
        (422, {"commit_sha": "a" * 39}),
        (422, {"commit_sha": "main"}),
        (422, {"ref": "main"}),
        (422, {"ref": "refs/pull/5"}),
        (422, {"ref": "refs/pull/x/head"}),
        (422, {"surprise": "1"}),
        (422, {"tool_name": 7}),
        (422, {"started_at": "2026-11-24T10:00:00+00:00"}),
        (400, {"sarif": "no base64!"}),
        (400, {"sarif": base64.b64encode(b"not gzipped").decode()}),
        (400, {"sarif": packed(b"{")}),
        (413, {"sarif": base64.b64encode(bytes(10_000_001)).decode()}),
    ],
)
def test_a_wrong_body_is_refused(github: GitHub, status: int, changes: Document) -> None:
    assert ask(github, document=body(**changes))[0] == status
    assert github.accepted == []


def test_what_is_no_json_is_refused(github: GitHub) -> None:
    assert ask(github, document=b"{")[0] == 400
    assert ask(github, document=b"[1]")[0] == 422


def no_results(run: Document) -> list[Document]:
    return [{name: value for name, value in run.items() if name != "results"}]


def with_parts(run: Document, **parts: Any) -> list[Document]:
    return [{**run, **parts}]


WRONG: dict[str, tuple[int, Callable[[Document], list[Document]]]] = {
    "no results": (400, no_results),
    "same category twice": (400, lambda run: [run, run]),
    "21 runs": (400, lambda run: [{**run, "automationDetails": {"id": f"{n}/"}} for n in range(21)]),
    "25,001 results": (400, lambda run: with_parts(run, results=run["results"] * 25_001)),
    "1,001 locations": (
        400,
        lambda run: with_parts(
            run, results=[{**run["results"][0], "locations": run["results"][0]["locations"] * 1_001}]
        ),
    ),
    "against the schema": (422, lambda run: with_parts(run, columnKind="bytes")),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_report_that_github_would_reject_is_rejected(github: GitHub, case: str) -> None:
    status, change = WRONG[case]
    wrong = {**REPORT, "runs": change(REPORT["runs"][0])}
    found, answer = ask(github, document=body(sarif=packed(wrong)))
    assert found == status, answer
    assert github.accepted == []


@pytest.mark.parametrize("change", [{"locations": []}, {"ruleId": "other"}])
def test_what_cant_be_shown_fails_in_processing(github: GitHub, change: Document) -> None:
    run = REPORT["runs"][0]
    wrong = {**REPORT, "runs": [{**run, "results": [{**run["results"][0], **change}]}]}
    github.pending = 0
    identifier = ask(github, document=body(sarif=packed(wrong)))[1]["id"]
    processing = ask(github, "GET", f"{PATH}/{identifier}")[1]
    assert processing["processing_status"] == "failed"
    assert processing["errors"]


def test_as_a_program_it_writes_down_what_it_took(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    record = tmp_path / "uploads.jsonl"
    command = [sys.executable, "-m", "tests.harness.code_scanning", str(port), str(record)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            assert url == f"http://127.0.0.1:{port}"
            there = GitHub(token="whichever")
            there.server.host = f"127.0.0.1:{port}"
            assert ask(there, path="/repos/who/ever/code-scanning/sarifs")[0] == 202
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    [line] = record.read_text().splitlines()
    upload = json.loads(line)
    assert (upload["repository"], upload["ref"], upload["results"]) == ("who/ever", "refs/heads/main", [1, 0])
    assert upload["categories"] == ["container/backend/linux-amd64/", "container/backend/linux-arm64/"]
    assert upload["sarif"] == REPORT
