"""GitLab's container scanning report, schema 15.0.7: what its security pages are filled from.

Source: GitLab, security report schemas, container-scanning-report-format 15.0.7; "Container scanning"; "Security
scanner integration".
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ci_toolkit.report.distinct import not_ignored
from ci_toolkit.report.identity import stable_id
from ci_toolkit.report.ignored import ignored_everywhere, ignored_words
from ci_toolkit.report.plain import plain, web_address
from ci_toolkit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ci_toolkit.model.distinct import Distinct
    from ci_toolkit.model.findings import Finding, ImageFindings, Severity
    from ci_toolkit.model.policy import Ignore
    from ci_toolkit.report.gitlab_image import GitLabImage

SCHEMA_VERSION = "15.0.7"
_LONGEST_NAME = 255
_MOST_IDENTIFIERS = 20
_MOST_MESSAGES = 1_000
_KNOWN_IDS = {
    "cve": (re.compile(r"CVE-\d{4}-\d{4,19}"), "https://nvd.nist.gov/vuln/detail/"),
    "ghsa": (re.compile(r"GHSA(?:-[0-9a-z]{4}){3}"), "https://github.com/advisories/"),
}
_KIND = re.compile(r"([A-Za-z]{2,20})-")


def scanning_report(
    findings: ImageFindings, image: GitLabImage, *, ignored: Mapping[str, Mapping[tuple[str, str, str], Ignore]]
) -> bytes:
    """The report of an image, UTF-8: every vulnerability of every platform once, worst first.

    The format has no word for other kinds, which are left out. What is ignored (as `ignored_everywhere` has it) is no
    vulnerability of it but a message of the scan. `scanned_at`, which is ISO 8601 (ValueError otherwise), is taken
    for start and end.
    """
    moment = datetime.fromisoformat(findings.scanned_at).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    head: dict[str, Any] = {
        "version": SCHEMA_VERSION,
        "scan": {
            "type": "container_scanning",
            "status": "success",
            "start_time": moment,
            "end_time": moment,
            "analyzer": _tool("ci-toolkit", "ci-toolkit", __version__, "ci-toolkit"),
            "scanner": _tool(
                plain(findings.scanner),
                plain(findings.scanner).capitalize(),
                findings.scanner_version,
                "Aqua Security",
            ),
        },
    }
    if messages := list(_messages(findings, ignored)):
        head["scan"]["messages"] = messages
    found = (each for each in not_ignored(findings, ignored) if each.finding.category == "vulnerability")
    return _written(head, (_vulnerability(each, findings, image) for each in found))


def joined_reports(reports: Sequence[bytes]) -> bytes:
    """One report of those of several images, of one scanner each: a job may hand GitLab a single one.

    Source: GitLab, `REPORT_TYPES` of its job artifacts: security reports are raw, and its runner sends one raw file.
    """
    if len(reports) == 1:
        return reports[0]
    documents = [json.loads(report) for report in reports]
    scans = [document["scan"] for document in documents]
    moments = {"start_time": min(s["start_time"] for s in scans), "end_time": max(s["end_time"] for s in scans)}
    messages = [message for scan in scans for message in scan.get("messages", ())]
    scan = {**scans[0], **moments, **({"messages": messages} if messages else {})}
    head = {"version": SCHEMA_VERSION, "scan": scan}
    return _written(head, (each for document in documents for each in document["vulnerabilities"]))


def _messages(
    findings: ImageFindings, ignored: Mapping[str, Mapping[tuple[str, str, str], Ignore]]
) -> Iterator[dict[str, str]]:
    told = [each for each in ignored_everywhere(findings, ignored) if each[0].finding.category == "vulnerability"]
    values: dict[str, None] = {}  # a package in two places is told once
    for found, entry in told:
        what = f"{found.finding.id} in {found.finding.package} {', '.join(found.installed)}"
        values[f"{plain(what, 500)} of image {plain(findings.image)} is {ignored_words(entry)}"] = None
    for value in list(values)[:_MOST_MESSAGES]:
        yield {"level": "info", "value": value}
    if (more := len(values) - _MOST_MESSAGES) > 0:
        yield {"level": "info", "value": f"{more} more of image {plain(findings.image)} are ignored"}


def _written(head: Mapping[str, Any], vulnerabilities: Iterable[Mapping[str, Any]]) -> bytes:
    # One a line: indented JSON is written by slow Python, and an image may have 25,000.
    encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
    lines = [encode(each) for each in vulnerabilities]
    opened = encode(head).removesuffix("}")
    text = opened + ', "vulnerabilities": [\n' + ",\n".join(lines) + "\n]}\n"
    return text.encode("utf-8", "replace")


def severity_name(severity: Severity) -> str:
    """GitLab's word for it."""
    return str(severity).capitalize()


def _tool(identifier: str, name: str, version: str, vendor: str) -> dict[str, Any]:
    return {"id": identifier, "name": name, "version": plain(version, 100) or "unknown", "vendor": {"name": vendor}}


def _vulnerability(each: Distinct, findings: ImageFindings, image: GitLabImage) -> dict[str, Any]:
    finding = each.finding
    location = {
        "image": image.reference,
        "operating_system": plain(each.platforms[0].os, _LONGEST_NAME) or "unknown",
        "dependency": {
            "package": {"name": plain(finding.package, _LONGEST_NAME) or "unknown"},
            "version": plain(finding.installed, _LONGEST_NAME) or "unknown",
        },
    }
    if image.default_reference:
        location["default_branch_image"] = image.default_reference
    return {
        "id": stable_id(findings.image, finding),
        "name": plain(f"{finding.id}: {finding.title or finding.package}", _LONGEST_NAME),
        "description": _description(each, findings),
        "severity": severity_name(finding.severity),
        "solution": _solution(finding, each.base),
        "identifiers": list(_identifiers(finding)),
        "links": [{"url": address} for address in _addresses(finding)],
        "location": location,
        "details": _details(each),
    }


def _description(each: Distinct, findings: ImageFindings) -> str:
    finding = each.finding
    where = f" at /{finding.path}" if finding.path else ""
    said = f", says {finding.severity_source}" if finding.severity_source else ""
    platforms = ", ".join(platform.platform for platform in each.platforms)
    text = (
        f"{finding.package} {', '.join(each.installed)}{where} in image {findings.image} ({platforms}) "
        f"has {finding.id}, severity {finding.severity}{said}"
    )
    return plain(text, 2000) + (f". {plain(finding.title, 1000)}" if finding.title else "")


def _solution(finding: Finding, base: bool | None) -> str:  # noqa: FBT001 as `Distinct.base` has it
    if finding.fixable:
        way = "" if base is False else ", or the base image that brings it"
        return plain(f"Upgrade {finding.package} to {finding.fixed}{way}", 2000)
    return plain(f"There is no fixed version of {finding.package} ({finding.status or 'status unknown'})", 2000)


def _identifiers(finding: Finding) -> Iterator[dict[str, str]]:
    known = (plain(identifier, _LONGEST_NAME) or "unknown" for identifier in (finding.id, *finding.aliases))
    for number, name in enumerate(list(dict.fromkeys(known))[:_MOST_IDENTIFIERS]):
        kind, address = _kind_and_address(name)
        address = address or ("" if number else web_address(finding.url))
        yield {"type": kind, "name": name, "value": name} | ({"url": address} if address else {})


def _kind_and_address(identifier: str) -> tuple[str, str]:
    for kind, (pattern, base) in _KNOWN_IDS.items():
        if pattern.fullmatch(identifier):
            return kind, base + identifier
    kind_of = _KIND.match(identifier)
    return (kind_of[1].lower() if kind_of else "trivy"), ""


def _addresses(finding: Finding) -> list[str]:
    known = (web_address(finding.url), *(_kind_and_address(identifier)[1] for identifier in finding.aliases))
    return list(dict.fromkeys(address for address in known if address))


def _details(each: Distinct) -> dict[str, Any]:
    """Facts that GitLab shows beside the finding, by a key and a name of ours."""
    facts = {
        "platforms": ("Platforms", ", ".join(platform.platform for platform in each.platforms)),
        "versions": ("Installed", ", ".join(each.installed)),
        "path": ("Path", each.finding.path and f"/{each.finding.path}"),
        "purl": ("Package URL", each.finding.purl),
    }
    return {
        key: {"type": "text", "name": name, "value": plain(value, 1000)}
        for key, (name, value) in facts.items()
        if value
    }
