"""What GitLab does with a job's reports, log and dotenv file: strict readers that refuse what it would refuse.

Sources: GitLab, security report schemas, container-scanning-report-format 15.0.7; code quality report format;
artifacts:reports:dotenv; custom collapsible sections; CycloneDX 1.6.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

SEVERITIES = ("Info", "Unknown", "Low", "Medium", "High", "Critical")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_URL = re.compile(r"(?:https?|ftp)://.+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_UUID5 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_IMAGE = re.compile(r"[^\s:]+(?::\d+[^\s:]*)?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_OF_A_VULNERABILITY = {
    "id", "name", "description", "severity", "solution", "identifiers", "links", "location", "details"
}  # fmt: skip


def _only(document: dict[str, Any], required: set[str], optional: frozenset[str] = frozenset()) -> dict[str, Any]:
    assert isinstance(document, dict)
    assert required <= document.keys() <= required | optional, sorted(document)
    return document


def _text(value: object, longest: int, shortest: int = 1) -> str:
    assert isinstance(value, str)
    assert shortest <= len(value) <= longest, len(value)
    assert not _CONTROLS.search(value), value
    return value


def _loaded(data: bytes) -> Any:
    assert not data.startswith(b"\xef\xbb\xbf"), "GitLab takes no byte order mark"
    return json.loads(data.decode("utf-8"))


def read_scanning(data: bytes) -> dict[str, Any]:
    """A container scanning report that GitLab takes; AssertionError for any other."""
    document = _only(_loaded(data), {"version", "scan", "vulnerabilities"}, frozenset({"schema", "remediations"}))
    assert document["version"] == "15.0.7"
    scan = _only(
        document["scan"],
        {"type", "status", "start_time", "end_time", "analyzer", "scanner"},
        frozenset({"messages"}),
    )
    for message in scan.get("messages", ()):
        assert _only(message, {"level", "value"})["level"] in ("info", "warn", "fatal")
        _text(message["value"], 2_000)
    assert (scan["type"], scan["status"]) == ("container_scanning", "success")
    for name in ("start_time", "end_time"):
        assert _TIME.fullmatch(scan[name]), scan[name]
        datetime.fromisoformat(scan[name])
    assert scan["start_time"] <= scan["end_time"]
    for tool in (scan["analyzer"], scan["scanner"]):
        _only(tool, {"id", "name", "version", "vendor"}, frozenset({"url"}))
        assert all(_text(tool[name], 255) for name in ("id", "name", "version"))
        _text(_only(tool["vendor"], {"name"})["name"], 255)
    for vulnerability in document["vulnerabilities"]:
        _vulnerability(vulnerability)
    ids = [each["id"] for each in document["vulnerabilities"]]
    assert len(ids) == len(set(ids)), "two vulnerabilities of one id"
    return document


def _vulnerability(each: dict[str, Any]) -> None:
    _only(each, _OF_A_VULNERABILITY)
    assert _UUID5.fullmatch(each["id"])
    _text(each["name"], 255)
    _text(each["description"], 1_048_576)
    _text(each["solution"], 7_000)
    assert each["severity"] in SEVERITIES
    assert 1 <= len(each["identifiers"]) <= 20
    for identifier in each["identifiers"]:
        _only(identifier, {"type", "name", "value"}, frozenset({"url"}))
        assert re.fullmatch(r"[a-z]+", identifier["type"])
        assert all(_text(identifier[name], 255) for name in ("name", "value"))
        assert _URL.fullmatch(identifier.get("url", "https://x"))
    pairs = [(identifier["type"], identifier["value"]) for identifier in each["identifiers"]]
    assert len(pairs) == len(set(pairs))
    for link in each["links"]:
        assert _URL.fullmatch(_only(link, {"url"}, frozenset({"name"}))["url"])
    location = _only(
        each["location"], {"image", "operating_system", "dependency"}, frozenset({"default_branch_image"})
    )
    assert _IMAGE.fullmatch(_text(location["image"], 255)), location["image"]
    assert _IMAGE.fullmatch(_text(location.get("default_branch_image", "a:b"), 255))
    _text(location["operating_system"], 255)
    dependency = _only(location["dependency"], {"package", "version"})
    _text(_only(dependency["package"], {"name"})["name"], 255)
    _text(dependency["version"], 255)
    for key, fact in each["details"].items():
        assert re.fullmatch(r"[a-z_]+", key)
        _only(fact, {"type", "name", "value"})
        assert fact["type"] == "text"
        _text(fact["name"], 255)
        assert isinstance(fact["value"], str)


def tracked_as(vulnerability: dict[str, Any]) -> tuple[str, str, str]:
    """What GitLab knows a vulnerability by from pipeline to pipeline: image without tag, package, first identifier."""
    location = vulnerability["location"]
    whole = location.get("default_branch_image") or location["image"]
    name, _, tag = whole.rpartition(":")
    image = whole if re.fullmatch(r"\d+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z.-]+)?", tag) else name
    return (image, location["dependency"]["package"]["name"], vulnerability["identifiers"][0]["value"])


def read_quality(data: bytes) -> list[dict[str, Any]]:
    """A code quality report that GitLab takes."""
    entries = _loaded(data)
    assert isinstance(entries, list)
    for entry in entries:
        _only(entry, {"description", "check_name", "fingerprint", "severity", "location"})
        _text(entry["description"], 10_000)
        _text(entry["check_name"], 255)
        assert re.fullmatch(r"[0-9a-f]{32}", entry["fingerprint"])
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        location = _only(entry["location"], {"path", "lines"})
        assert not location["path"].startswith(("/", "./", "../"))
        begin = _only(location["lines"], {"begin"})["begin"]
        assert type(begin) is int
        assert begin >= 1
    fingerprints = [entry["fingerprint"] for entry in entries]
    assert len(fingerprints) == len(set(fingerprints)), "GitLab shows one of two entries of one fingerprint"
    return entries


def read_dotenv(data: bytes) -> dict[str, str]:
    """The variables that GitLab makes of a dotenv report on its own terms: 5 KB, 20 variables, one line each."""
    assert len(data) <= 5 * 1024
    assert data == b"" or data.endswith(b"\n")
    variables: dict[str, str] = {}
    for line in data.decode("ascii").splitlines():
        name, equals, value = line.partition("=")
        assert equals, f"Invalid Format: {line!r}"
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,254}", name), name
        assert value == value.strip() != "", line
        assert not set("$\"'`\\#") & set(value), value
        assert name not in variables
        variables[name] = value
    assert len(variables) <= 20
    return variables


def read_sbom(data: bytes) -> dict[str, Any]:
    """A CycloneDX document of a version that GitLab knows, of a container."""
    document: dict[str, Any] = _loaded(data)
    assert document["bomFormat"] == "CycloneDX"
    assert document["specVersion"] in ("1.4", "1.5", "1.6")
    assert document["$schema"].endswith(f"bom-{document['specVersion']}.schema.json")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", document["serialNumber"])
    assert document["version"] >= 1
    references = [component["bom-ref"] for component in document["components"]]
    assert len(references) == len(set(references))
    for component in document["components"]:
        assert component["type"]
        assert component["name"]
    properties = {each["name"]: each["value"] for each in document["metadata"]["properties"]}
    assert properties["gitlab:meta:schema_version"] == "1"
    assert properties["gitlab:container_scanning:image:name"]
    assert properties["gitlab:container_scanning:image:tag"]
    return document


@dataclass
class Sections:
    """A job log as GitLab folds it."""

    titles: list[str] = field(default_factory=list)
    lines: list[tuple[int, str]] = field(default_factory=list)
    """Every line that is shown, with how many folds it lies in."""

    @property
    def unfolded(self) -> list[str]:
        """What is to be seen with every section folded."""
        return [line for depth, line in self.lines if depth == 0 and line]


_MARKER = re.compile(r"\x1b\[0Ksection_(start|end):(\d+):([A-Za-z0-9_.-]+)(\[[a-z_=,]+\])?\r\x1b\[0K")


def read_sections(log: str) -> Sections:
    """Read a log; AssertionError where sections don't balance, or two have one name."""
    found, stack, names = Sections(), list[tuple[str, int]](), set[str]()
    for line in log.split("\n"):
        marker = _MARKER.match(line)
        if marker is None:
            assert "section_start:" not in line or "\x1b" not in line
            found.lines.append((len(stack), line))
            continue
        kind, second, name = marker[1], int(marker[2]), marker[3]
        rest = line[marker.end() :]
        assert "\x1b" not in rest
        if kind == "start":
            assert name not in names, f"{name} is there twice"
            names.add(name)
            stack.append((name, second))
            found.titles.append(rest)
        else:
            assert stack
            opened, began = stack.pop()
            assert (opened, rest) == (name, "")
            assert began <= second
    assert not stack, f"never closed: {stack}"
    return found
