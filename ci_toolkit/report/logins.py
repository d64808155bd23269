"""Logins and what they are good for, for people: words that stand without colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.model.access import Access
    from ci_toolkit.model.login import LoginResult

_HEADINGS = ("", "repository", "as", "login", "pull", "push", "exists", "immutable tags")
_WIDEST = 120


def check_text(found: Sequence[Access]) -> str:
    """The table of `login --check`; below it, what is wrong with each row and what to do, then the rate limits."""
    lines = _aligned([_HEADINGS, *(_row(access) for access in found)])
    for problem, hint, names in _problems(found):
        lines += ["", f"{names}: {plain(problem, 600)}"]
        lines += [f"  next: {plain(hint, 600)}"] if hint else []
    lines += [f"\n{budget}" for budget in dict.fromkeys(access.budget for access in found if access.budget)]
    return "\n".join(lines)


def login_text(found: Sequence[LoginResult]) -> str:
    """A line for each registry: as whom, and until when."""
    return "\n".join(plain(_login(result), 600) for result in found)


def _row(access: Access) -> tuple[str, ...]:
    wanted = access.wanted
    return (
        "PASS" if access.ok else "FAIL",
        wanted.name,
        access.user or ("anonymous" if access.login == "none" else "-"),
        access.login if access.reachable else "unreachable",
        access.pull if wanted.repository else "-",
        access.push if wanted.repository and wanted.write else "-",
        access.exists if wanted.repository else "-",
        access.immutable or "-",
    )


def _problems(found: Sequence[Access]) -> list[tuple[str, str, str]]:
    """Each problem once, with all it happened to."""
    names: dict[tuple[str, str], list[str]] = {}
    for access in found:
        if access.problem:
            names.setdefault((access.problem, access.hint), []).append(access.wanted.name)
    return [(problem, hint, ", ".join(told)) for (problem, hint), told in names.items()]


def _login(result: LoginResult) -> str:
    if result.error:
        return f"{result.host}: FAIL: {result.error.message}"
    if result.source == "nobody":
        return f"{result.host}: no login"
    where = " (from the Docker config)" if result.source == "docker config" else ""
    until = f", until {result.until}" if result.until else ""
    proven = "" if result.proven else "; the registry didn't ask for it"
    return f"{result.host}: logged in as {result.user}{where}{until}{proven}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [[plain(cell, _WIDEST) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEADINGS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
