"""The whole page: one file that opens offline, asks nothing of any network and runs no script but its own."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from ci_toolkit.model.findings import CATEGORIES
from ci_toolkit.report.html import image as sections
from ci_toolkit.report.html.data import image_data
from ci_toolkit.report.html.markup import Html, markup, pairs, pill, table, tag
from ci_toolkit.report.judged import judged, layer_shares
from ci_toolkit.report.plain import minute, web_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.model.explanation import Explanation
    from ci_toolkit.model.findings import ImageFindings, Severity
    from ci_toolkit.model.gate import Decision
    from ci_toolkit.model.policy import GatePolicy
    from ci_toolkit.report.judged import Judged
    from ci_toolkit.state import Source

_WORST = 50
_KINDS = {
    "vulnerability": "vulnerabilities",
    "secret": "secrets",
    "misconfiguration": "misconfigurations",
    "license": "licences",
}


_REACTIONS = {"fail": "would fail the gate", "warn": "would be warned of", "ignore": "would pass"}
"""What a policy would do: these stand on every page, also where nothing of the kind was found."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImagePart:
    """One image's share of a page, made once however many pages it goes into."""

    name: str
    verdict: str
    card: Html
    triage: Html | None
    platforms: Html
    layers: Html | None
    about: Html
    worst: tuple[Judged, ...]
    data: str


def image_part(
    findings: ImageFindings,
    decision: Decision,
    explanation: Explanation,
    policy: GatePolicy,
    *,
    dockerfile: str,
    number: int,
    policy_from: str | None = None,
) -> ImagePart:
    """The share of the image that comes `number`-th on its page, from 0.

    `dockerfile`: as people name it; `policy_from`: whose policy it is, where it isn't the checked-out config's.
    """
    shares = layer_shares(findings)
    everything = judged(findings, decision, shares)
    return ImagePart(
        name=findings.image,
        verdict=decision.verdict,
        card=sections.card(findings, decision, explanation, everything, number),
        triage=sections.triage(findings, decision),
        platforms=sections.platforms(findings, everything, decision, number),
        layers=sections.layers(findings, shares, dockerfile=dockerfile, number=number),
        about=_about(findings, policy, decision, policy_from or ""),
        worst=tuple(everything[:_WORST]),
        data=image_data(findings, everything, shares),
    )


def html_page(parts: Sequence[ImagePart], source: Source) -> bytes:
    """The document, UTF-8. It shows its images in this order, which is their number's."""
    style, script = _asset("style.css"), _asset("script.js")
    triaged = [part.triage for part in parts if part.triage]
    return (
        _template()
        .substitute(
            policy=f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            "base-uri 'none'; form-action 'none'",
            style=style,
            script=script,
            title=markup(_title(parts)),
            source=_source(source),
            cards=markup(*(part.card for part in parts)),
            worst=_worst(parts),
            triage=markup(*triaged) if triaged else tag("p", "Nothing is ignored.", class_="quiet"),
            platforms=markup(*(part.platforms for part in parts)),
            layers=markup(*(part.layers for part in parts))
            or tag("p", "The scan knows of no layers.", class_="quiet"),
            about=markup(*(markup(tag("h3", part.name), part.about) for part in parts)),
            data=f"[{','.join(part.data for part in parts)}]",
        )
        .encode()
    )


def _title(parts: Sequence[ImagePart]) -> str:
    if len(parts) == 1:
        return f"{parts[0].name} {sections.VERDICTS[parts[0].verdict]}"
    refused = [part.name for part in parts if part.verdict == "fail"]
    if refused:
        return f"{len(refused)} of {len(parts)} images {'is' if len(refused) == 1 else 'are'} refused by the gate"
    passed = all(part.verdict == "pass" for part in parts)
    return f"{len(parts)} images {'pass the gate' if passed else 'were scanned'}"


def _source(source: Source) -> Html | None:
    run = web_address(source.run_url or "")
    repository = source.repository or ""
    told = [
        tag("a", repository, href=repository, rel="noreferrer") if web_address(repository) else repository,
        source.ref,
        tag("code", source.revision[:12]) if source.revision else None,
        tag("a", "the run", href=run, rel="noreferrer") if run else None,
    ]
    return markup(*(tag("span", each) for each in told if each))


def _worst(parts: Sequence[ImagePart]) -> Html:
    """What is left where scripts don't run."""
    worst = sorted(
        ((each.found.finding, part.name) for part in parts for each in part.worst),
        key=lambda pair: -pair[0].severity,
    )[:_WORST]
    rows = [
        (f.id, pill(str(f.severity)), f.subject, f.fixed if f.fixable else "no fix", name, f.title)
        for f, name in worst
    ]
    columns = ("What", "Severity", "Where", "Fixed in", "Image", "Title")
    label = f"The worst {len(rows)} findings; a script shows them all"
    return table(label, columns, rows, caption=label)


def _about(findings: ImageFindings, policy: GatePolicy, decision: Decision, policy_from: str) -> Html:
    database = minute(findings.database_updated or "")
    return pairs(
        {
            "Scanned": minute(findings.scanned_at),
            "Scanner": f"{findings.scanner} {findings.scanner_version}",
            "Database": " from ".join(filter(None, (database, findings.database_repository))),
            "Policy of": policy_from,
            "Fails the gate": "; ".join(_thresholds(policy)) or "nothing: the gate is off",
            "Vulnerabilities without a fix": "pass" if policy.fixable_only else "count",
            "Unknown severity": _REACTIONS[policy.unknown],
            "Operating system past its end of life": _REACTIONS[policy.end_of_life_os],
            "Nothing recognised in the image": _REACTIONS[policy.incomplete],
            "Grace": f"{policy.grace.days} days from publication, where there is a fix" if policy.grace else "",
            "Baseline": decision.baseline,
        }
    )


def _thresholds(policy: GatePolicy) -> list[str]:
    """The kinds that have the same threshold together."""
    kinds: dict[Severity, list[str]] = {}
    for category in CATEGORIES:
        if (threshold := policy.thresholds.of(category)) is not None:
            kinds.setdefault(threshold, []).append(_KINDS[category])
    return [f"{', '.join(names)} from {severity} on" for severity, names in kinds.items()]


@cache
def _template() -> Template:
    return Template(_asset("page.html"))


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8").strip()


def _hash(text: str) -> str:
    """Source: CSP level 3, 2.3.1: the digest of exactly what stands between an element's tags."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
