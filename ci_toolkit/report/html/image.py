"""What a page says of one image without any script: verdict, way out, triage, platforms, layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.model.explanation import way_out_of
from ci_toolkit.model.findings import Counts
from ci_toolkit.report.html.data import layer_name
from ci_toolkit.report.html.markup import Html, bar, counted, markup, pill, table, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ci_toolkit.model.explanation import Act, Explanation
    from ci_toolkit.model.findings import Finding, ImageFindings
    from ci_toolkit.model.gate import Decision
    from ci_toolkit.model.policy import Ignore
    from ci_toolkit.report.judged import Judged, LayerShare

VERDICTS = {"pass": "passes the gate", "fail": "is refused by the gate", "none": "was scanned without a gate"}
_BADGES = {"pass": "passed", "fail": "refused", "none": "no gate"}
_SHOWN = 20
_IDS = 3


def card(
    findings: ImageFindings,
    decision: Decision,
    explanation: Explanation,
    everything: Sequence[Judged],
    number: int,
) -> Html:
    """The image at a glance: verdict and reasons, numbers, what blocks and the way out of it."""
    counts = Counts.of(each.found.finding.severity for each in everything)
    heading = tag(
        "h2", findings.image, " ", tag("span", _BADGES[decision.verdict], class_="verdict"), id=f"image-{number}"
    )
    return tag(
        "section",
        heading,
        _digest(str(findings.digest)),
        _list("reasons", _told_once({name: p.reasons for name, p in decision.platforms.items()})),
        bar(counts),
        counted(counts),
        _faults(decision),
        _blocking(explanation, number),
        _waiting(decision, number),
        _deployed(decision, number),
        _warnings(decision),
        class_=f"card {decision.verdict}",
        aria_labelledby=f"image-{number}",
    )


def triage(findings: ImageFindings, decision: Decision) -> Html | None:
    """What is ignored, by whom, why and until when; None where nothing is."""
    entries: dict[Ignore, dict[str, None]] = {}
    for finding, entry in (pair for p in decision.platforms.values() for pair in p.ignored):
        entries.setdefault(entry, {})[f"{finding.id} {finding.subject}"] = None
    rows = [
        (_some(list(found)), entry.reason, entry.owner, _day(str(entry.expires)))
        for entry, found in sorted(entries.items(), key=lambda item: (item[0].expires, item[0].label))
    ]
    columns = ("Ignored", "Reason", "Owner", "Until")
    return table(f"Ignored in {findings.image}", columns, rows, caption=findings.image) if rows else None


def platforms(findings: ImageFindings, everything: Sequence[Judged], decision: Decision, number: int) -> Html:
    """Each platform's numbers, and what it alone has."""
    several = len(findings.platforms) > 1
    rows = []
    for position, platform in enumerate(findings.platforms):
        own = [each for each in everything if platform in each.found.platforms]
        counts = Counts.of(each.found.finding.severity for each in own)
        only = sum(len(each.found.platforms) == 1 for each in own)
        word = decision.platforms[platform.platform].verdict
        end = tag("span", " past its end of life", class_="bad") if platform.end_of_life else None
        rows.append(
            (
                _to_findings(platform.platform, platform=f"{number}:{position}"),
                _BADGES[word],
                markup(platform.os or "none known", end),
                f"{platform.packages:,}",
                markup(bar(counts), _numbers(counts)),
                *([_only(only, f"{number}:{position}:only")] if several else ()),
                tag("code", platform.digest.short),
            )
        )
    only_here = ("Only here",) if several else ()
    columns = ("Platform", "Gate", "Operating system", "Packages", "Findings", *only_here, "Digest")
    return table(f"Platforms of {findings.image}", columns, rows, caption=findings.image)


def _only(number: int, platform: str) -> str:
    return _to_findings(f"{number:,}", platform=platform) if number else "none"


def layers(findings: ImageFindings, shares: Sequence[LayerShare], *, dockerfile: str, number: int) -> Html | None:
    """Each layer's instruction, whose it is, and what it brought; None where no layer is known."""
    several = len(findings.platforms) > 1
    rows = []
    for position, share in enumerate(shares):
        name = tag("code", layer_name(share), class_="instruction")
        only = f"on {', '.join(share.platforms)}" if several and len(share.platforms) == 1 else ""
        rows.append(
            (
                _to_findings(f"{share.height or '?'}", layer=f"{number}:{position}") if share.findings
                else f"{share.height or '?'}",
                markup(name, tag("small", only) if only else None),
                {True: "base image", False: "this image", None: "not known"}[share.layer.base],
                f"{dockerfile or 'Dockerfile'}:{share.layer.line}" if share.layer.line else "",
                markup(bar(share.counts), _numbers(share.counts)) if share.findings else "none",
            )
        )  # fmt: skip
    columns = ("Layer", "Instruction", "From", "Dockerfile", "Findings")
    return (
        table(f"Layers of {findings.image}, the lowest first", columns, rows, caption=findings.image) if rows else None
    )


def _digest(digest: str) -> Html:
    copy = tag(
        "button", "Copy", tag("span", " the digest", class_="unseen"), type="button", data_copy=digest, hidden=True
    )
    return tag("p", tag("code", digest), " ", copy, class_="digest")


def _faults(decision: Decision) -> Html:
    """The way out of what refuses the image besides findings."""
    ways = dict.fromkeys(way_out_of(fault) for p in decision.platforms.values() for fault in p.faults)
    return markup(*(tag("p", _sentence(way.replace("`", "")), class_="act") for way in ways))


def _blocking(explanation: Explanation, number: int) -> Html | None:
    """One entry for what the same act takes away."""
    acts = explanation.acts
    if not acts:
        return None
    rest = len(acts) - _SHOWN
    more = f"{rest:,} more: see every finding that blocks" if rest > 0 else "See every finding that blocks"
    return markup(
        tag("h3", "What blocks, and the way out"),
        tag("ol", *(_act(act, explanation) for act in acts[:_SHOWN]), class_="acts"),
        tag("p", _to_findings(more, standing="blocking", image=str(number))),
    )


def _act(act: Act, explanation: Explanation) -> Html:
    """What blocks, what to do about it, and the entry to paste where that can't be done."""
    found = act.findings
    subjects = _few(dict.fromkeys(finding.subject for finding in found))
    return tag(
        "li",
        tag("div", pill(str(found[0].severity)), " ", tag("b", subjects), " ", tag("span", _ids(found))),
        tag("div", _sentence(act.text.replace("`", "")), class_="act"),
        tag("small", "; ".join(filter(None, [*act.rules, act.takes_away(len(explanation.grounds))]))),
        tag("details", tag("summary", "Triage entry"), tag("pre", "".join(map(explanation.entry, found[:_IDS])))),
    )


def _waiting(decision: Decision, number: int) -> Html | None:
    days = {f.key: (f, day) for p in decision.platforms.values() for f, day in p.waiting}
    if not days:
        return None
    rows = [
        (finding.subject, pill(str(finding.severity)), finding.id, f"to {finding.fixed}", _day(str(day)))
        for finding, day in sorted(days.values(), key=lambda pair: pair[1])[:_SHOWN]
    ]
    columns = ("Where", "Severity", "What", "Upgrade", "Blocks from")
    return tag(
        "details",
        tag("summary", f"{_count(len(days), 'finding waits', 'findings wait')} in grace"),
        table("What will block", columns, rows, caption="What will block, the first first"),
        tag("p", _to_findings("See everything that waits", standing="waiting", image=str(number))),
    )


def _deployed(decision: Decision, number: int) -> Html | None:
    keys = {finding.key for p in decision.platforms.values() for finding in p.deployed}
    if not decision.baseline:
        return None
    known = _count(len(keys), "finding that would block is", "findings that would block are")
    link = (
        _to_findings(f"{known} deployed already", standing="deployed", image=str(number)) if keys else "Nothing known"
    )
    return tag("p", "Held against ", tag("b", decision.baseline), ": ", link, ".")


def _warnings(decision: Decision) -> Html | None:
    told = _told_once({name: p.warnings for name, p in decision.platforms.items()})
    return _list("warnings", [*decision.warnings, *told])


def _told_once(said: Mapping[str, Iterable[str]]) -> list[str]:
    """What platforms say, each line once, with their names where not all of them say it."""
    lines: dict[str, list[str]] = {}
    for name, told in said.items():
        for line in told:
            lines.setdefault(line, []).append(name)
    return [line if len(names) == len(said) else f"{line} (on {', '.join(names)})" for line, names in lines.items()]


def _list(kind: str, lines: Sequence[str]) -> Html | None:
    return tag("ul", *(tag("li", line) for line in lines), class_=kind) if lines else None


def _few(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:_IDS]) + (f" and {len(names) - _IDS:,} more" if len(names) > _IDS else "")


def _ids(found: Sequence[Finding]) -> Html:
    """The first few ids, each in one piece, and whose word their severities are."""
    ids = list(dict.fromkeys(finding.id for finding in found))
    sources = ", ".join(sorted({finding.severity_source for finding in found if finding.severity_source}))
    return markup(
        *[piece for name in ids[:_IDS] for piece in (", ", tag("span", name))][1:],
        f" and {len(ids) - _IDS:,} more" if len(ids) > _IDS else None,
        f"; severity by {sources}" if sources else None,
    )


def _some(names: Sequence[str]) -> Html:
    """The first few, a line each."""
    more = f"and {len(names) - _IDS:,} more" if len(names) > _IDS else None
    return markup(*(tag("div", name) for name in names[:_IDS]), tag("small", more) if more else None)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _numbers(counts: Counts) -> str:
    return ", ".join(f"{number:,} {severity}" for severity, number in counts.as_json().items() if number) or "none"


def _to_findings(text: str, **filters: str) -> Html:
    """A link to the findings, which the script filters."""
    return tag("a", text, href="#findings", data_filter=" ".join(_pairs(filters)))


def _pairs(filters: Mapping[str, str]) -> Iterator[str]:
    yield from (f"{name}={value}" for name, value in filters.items())


def _day(day: str) -> Html:
    return tag("time", day, datetime=day)


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
