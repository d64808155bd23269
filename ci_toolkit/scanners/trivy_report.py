"""Trivy's JSON report → normalised findings, believed only where it is about what was asked."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ci_toolkit.errors import ToolError
from ci_toolkit.model.findings import (
    CATEGORIES,
    NAMELESS_OS,
    Finding,
    Layer,
    PlatformFindings,
    Severity,
    by_weight,
)
from ci_toolkit.model.provenance import Entry, traced
from ci_toolkit.scanners.base_guess import names_base
from ci_toolkit.scanners.secret_rules import is_common_place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ci_toolkit.model.findings import Category
    from ci_toolkit.scanners.base import Target

_SCHEMA = 2
_HELM = "helm"
_OBJECTS = frozenset({"Results", "Vulnerabilities", "Secrets", "Misconfigurations", "Licenses", "Layers", "history"})
_HINT = "the report is not believed, and without one there is no verdict: scan again, or try another version of Trivy"


def parse(
    data: bytes,
    target: Target,
    categories: Collection[Category] = CATEGORIES,
    silencers: Iterable[Finding] = (),
) -> tuple[PlatformFindings, str]:
    """The findings of these kinds, `silencers` among them, and Trivy's version.

    Raises ToolError for a report that is cut off, malformed, of another schema than 2, about another image, or about
    a part of the image only.
    Of a vulnerability only id, package, installed version and severity are sure to be there; of the rest, the id.
    """
    try:
        document = json.loads(data)
        _check(document, target)
        findings = by_weight(found for found in _findings(document, silencers) if found.category in categories)
        metadata = _section(document, "Metadata")
        system = _section(metadata, "OS")
        platform = PlatformFindings(
            platform=target.platform,
            digest=target.manifest,
            os=f"{_text(system, 'Family')} {_text(system, 'Name')}".strip(),
            covered="vulnerability" not in categories or _is_covered(_text(system, "Family"), document),
            end_of_life=system.get("EOSL") is True,
            packages=sum(len(_list(result, "Packages")) for result in _list(document, "Results")),
            findings=tuple(findings),
            layers=traced(_layers(metadata), _history(metadata), target.recipe),
        )
        return platform, _text(_section(document, "Trivy"), "Version") or "unknown"
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        message = f"Trivy's report on {target.image} {target.platform} is broken: {type(error).__name__}: {error}"
        raise ToolError(message[:400], hint=_HINT) from None


def _is_covered(family: str, document: Mapping[str, Any]) -> bool:
    """False where Trivy knows a distribution, but no advisories for it: then no result is its packages'.

    Source: Trivy 0.76, `pkg/detector/ospkg/detect.go`; Fedora is one, and CentOS Stream.
    """
    unnamed = family in ("", NAMELESS_OS)
    return unnamed or any(_text(result, "Class") == "os-pkgs" for result in _list(document, "Results"))


def _check(document: Any, target: Target) -> None:
    where = f"Trivy's report on {target.image} {target.platform}"
    if not isinstance(document, dict) or document.get("SchemaVersion") != _SCHEMA:
        version = document.get("SchemaVersion") if isinstance(document, dict) else None
        message = f"{where} has schema version {version!r}; this ci-toolkit reads {_SCHEMA}"
        raise ToolError(message[:400], hint=_HINT)
    about = _section(document, "Metadata").get("ImageID")
    if about != str(target.config):
        message = f"{where} is about image {str(about)[:100]}, but {target.config} was scanned"
        raise ToolError(message, hint=_HINT)
    if names_base(_history(_section(document, "Metadata"))):
        message = f"{where} is about a part of it only: what Trivy takes for the base image was left out"
        raise ToolError(message, hint=_HINT)


def places_of_secrets(document: Mapping[str, Any]) -> frozenset[str]:
    """The files of a report that hold secrets; the layout's path stands for the image's config."""
    results = _list(document, "Results")
    return frozenset(_text(result, "Target").removeprefix("/") for result in results if _list(result, "Secrets"))


def may_quote(result: Mapping[str, Any], secret: Collection[str]) -> bool:
    """True where what is said of misconfigurations may quote a secret, for Trivy blots nothing out there.

    `secret`: of `places_of_secrets`. A chart's manifest is made of more files than the one that it is told of.
    """
    return _text(result, "Target").removeprefix("/") in secret or bool(secret and _text(result, "Type") == _HELM)


def rendered(data: bytes) -> frozenset[str]:
    """The templates of Helm charts that manifests came out of, in a report that `parse` believed."""
    charts = [result for result in _list(json.loads(data), "Results") if _text(result, "Type") == _HELM]
    return frozenset(_text(result, "Target").removeprefix("/") for result in charts)


def _findings(document: Mapping[str, Any], silencers: Iterable[Finding]) -> Iterator[Finding]:
    secret = places_of_secrets(document)
    for found in silencers:
        yield replace(found, excerpt="") if found.path in secret else found
    for result in _list(document, "Results"):
        for item in _list(result, "Vulnerabilities"):
            yield _vulnerability(item, result)
        for item in _list(result, "Secrets"):
            yield _secret(item, result)
        for item in _list(result, "Misconfigurations"):
            if _text(item, "Status") == "FAIL":
                found = _misconfiguration(item, result)
                yield replace(found, excerpt="") if may_quote(result, secret) else found
        for item in _list(result, "Licenses"):
            yield _license(item, result)


def _layers(metadata: Mapping[str, Any]) -> list[Layer]:
    return [
        Layer(digest=_text(item, "Digest") or _required(item, "DiffID"), diff_id=_text(item, "DiffID"))
        for item in _list(metadata, "Layers")
    ]


def _history(metadata: Mapping[str, Any]) -> list[Entry]:
    return [
        Entry(_text(item, "created_by"), _text(item, "comment"), item.get("empty_layer") is True)
        for item in _list(_section(metadata, "ImageConfig"), "history")
    ]


def _vulnerability(item: Mapping[str, Any], result: Mapping[str, Any]) -> Finding:
    kind = _text(result, "Class")
    # A distribution's packages have no file of their own, and that result's target names our layout.
    path = "" if kind == "os-pkgs" else _text(item, "PkgPath") or _text(result, "Target")
    source = _text(item, "SeveritySource")
    return Finding(
        id=_required(item, "VulnerabilityID"),
        package=_required(item, "PkgName"),
        installed=_text(item, "InstalledVersion"),
        severity=_severity(item),
        aliases=tuple(str(alias) for alias in _list(item, "VendorIDs")),
        purl=_text(_section(item, "PkgIdentifier"), "PURL"),
        fixed=_text(item, "FixedVersion"),
        status=_text(item, "Status"),
        severity_source=source,
        title=_text(item, "Title"),
        url=_text(item, "PrimaryURL"),
        published=_text(item, "PublishedDate"),
        kind=kind,
        type=_text(result, "Type"),
        path=path.removeprefix("/"),
        layer=_layer(item),
        score=_score(_section(item, "CVSS"), source),
    )


def _secret(item: Mapping[str, Any], result: Mapping[str, Any]) -> Finding:
    path, severity = _file(item, result), _severity(item)
    return Finding(
        id=_required(item, "RuleID"),
        category="secret",
        severity=min(severity, Severity.LOW) if is_common_place(path) else severity,
        title=_text(item, "Title"),
        type=_text(item, "Category"),
        path=path,
        start_line=_line(item),
        excerpt=_text(item, "Match"),
        layer=_layer(item),
    )


def _misconfiguration(item: Mapping[str, Any], result: Mapping[str, Any]) -> Finding:
    return Finding(
        id=_required(item, "ID"),
        category="misconfiguration",
        severity=_severity(item),
        aliases=tuple(alias for alias in (_text(item, "AVDID"),) if alias),
        title=_text(item, "Title"),
        excerpt=_text(item, "Message"),
        resolution=_text(item, "Resolution"),
        url=_text(item, "PrimaryURL"),
        type=_text(result, "Type"),
        path=_file(item, result),
        start_line=_line(_section(item, "CauseMetadata")),
        layer=_layer(item),
    )


def _license(item: Mapping[str, Any], result: Mapping[str, Any]) -> Finding:
    kind, package = _text(item, "Category"), _text(item, "PkgName")
    path = _text(item, "FilePath") or ("" if package else _text(result, "Target"))
    return Finding(
        id=_required(item, "Name"),
        category="license",
        package=package,
        severity=_severity(item),
        title=f"{kind} licence" if kind else "",
        url=_text(item, "Link"),
        type=kind,
        path=path.removeprefix("/"),
        layer=_layer(item),
    )


def _severity(item: Mapping[str, Any]) -> Severity:
    return Severity.parse(_text(item, "Severity"))


def _layer(item: Mapping[str, Any]) -> str:
    layer = _section(item, "Layer")
    return _text(layer, "Digest") or _text(layer, "DiffID")


def _file(item: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    """The file in the image. What is in no layer is in the image's config, and its target names our layout."""
    return _text(result, "Target").removeprefix("/") if _layer(item) else ""


def _line(item: Mapping[str, Any]) -> int:
    value = item.get("StartLine")
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _score(cvss: Mapping[str, Any], source: str) -> float | None:
    """The newest CVSS version's score by the severity's own source, else by NVD, else the highest of all."""
    for name in (source, "nvd"):
        if name in cvss and (score := _newest(cvss[name])) is not None:
            return score
    return max((score for entry in cvss.values() if (score := _newest(entry)) is not None), default=None)


def _newest(entry: Any) -> float | None:
    for name in ("V40Score", "V3Score", "V2Score"):
        score = entry.get(name) if isinstance(entry, dict) else None
        if isinstance(score, (int, float)) and not isinstance(score, bool) and 0 <= score <= 10:
            return float(score)
    return None


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    if value is not None and not isinstance(value, dict):
        message = f"{name} is no object"
        raise ValueError(message)
    return value or {}


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    value = document.get(name)
    if value is not None and not isinstance(value, list):
        message = f"{name} is no list"
        raise ValueError(message)
    if name in _OBJECTS and any(not isinstance(item, dict) for item in value or ()):
        message = f"{name} holds something else than objects"
        raise ValueError(message)
    return value or []


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if value is not None and not isinstance(value, str):
        message = f"{name} is no string"
        raise ValueError(message)
    return value or ""


def _required(document: Mapping[str, Any], name: str) -> str:
    value = _text(document, name)
    if not value:
        message = f"a finding without {name}"
        raise ValueError(message)
    return value
