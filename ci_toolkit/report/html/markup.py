"""HTML from values: whatever isn't markup already is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ci_toolkit.model.findings import Counts, Severity
from ci_toolkit.model.text import neutralise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Value = str | int | bool | None
WORST_FIRST = tuple(str(severity) for severity in sorted(Severity, reverse=True))
_BAR = 1000
_LEAST = 8
"""One critical finding among thousands is still to be seen."""


class Html(str):
    """Markup, which stands in a page as it is."""

    __slots__ = ()


def tag(name: str, *children: str | None, **attributes: Value) -> Html:
    """An element. Attributes are named `class_`, `data_filter`; True is one without value, None and False are none."""
    told = "".join(_attribute(key, value) for key, value in attributes.items() if value not in (None, False))
    return Html(f"<{name}{told}>{markup(*children)}</{name}>")


def markup(*children: str | None) -> Html:
    """Several pieces in a row."""
    return Html("".join(map(_shown, children)))


def table(label: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str) -> Html:
    """A table, the first cell of a row its head. `label` says what it is where the heading above isn't heard.

    A narrow page shows its rows as blocks. The roles say what it is all the same, and cells bring their column's name.
    """
    head = tag("tr", *(tag("th", column, scope="col", role="columnheader") for column in columns), role="row")
    body = [tag("tr", *_cells(columns, row), role="row") for row in rows]
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", head, role="rowgroup"),
        tag("tbody", *body, role="rowgroup"),
        role="table",
        aria_label=label,
    )


def pill(severity: str) -> Html:
    """A severity's name in its colour."""
    return tag("span", severity, class_=f"pill {severity}")


def bar(counts: Counts) -> Html:
    """Findings by severity as one bar, for eyes alone: the numbers stand beside it."""
    numbers, parts, at = counts.as_json(), [], 0
    for severity in WORST_FIRST:
        if numbers[severity]:
            width = max(_BAR * numbers[severity] // counts.total, _LEAST)
            parts.append(tag("rect", x=at, width=width, height=1, class_=severity))
            at += width
    box = f"0 0 {at or _BAR} 1"
    return tag("svg", *parts, class_="bar", viewBox=box, preserveAspectRatio="none", aria_hidden="true")


def counted(counts: Counts) -> Html:
    """The numbers, worst first; a word where there are none."""
    numbers = [
        tag("li", tag("b", f"{number:,}"), " ", tag("span", severity, class_=f"dot {severity}"))
        for severity, number in counts.as_json().items()
        if number
    ]
    return tag("ul", *numbers, class_="counts") if numbers else tag("p", "Nothing found.", class_="quiet")


def pairs(terms: Mapping[str, str]) -> Html:
    """A list of terms with what each is; terms of nothing are left out."""
    told = [tag("div", tag("dt", term), tag("dd", value)) for term, value in terms.items() if value]
    return tag("dl", *told)


def _cells(columns: Sequence[str], row: Sequence[str]) -> Iterable[Html]:
    yield tag("th", row[0], scope="row", role="rowheader")
    for column, cell in zip(columns[1:], row[1:], strict=True):
        yield tag("td", cell, role="cell", data_label=column)


def _shown(child: str | None) -> str:
    if child is None:
        return ""
    return child if isinstance(child, Html) else escape(neutralise(child))


def _attribute(key: str, value: Value) -> str:
    name = key.removesuffix("_") if key.endswith("_") else key.replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(neutralise(str(value)))}"'
