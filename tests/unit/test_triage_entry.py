"""The entry to paste: what the reader of the config makes of it is what the finding is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.config.nodes import Mapping, Scalar, Sequence
from ci_toolkit.config.parse import parse
from ci_toolkit.config.scalars import resolve
from ci_toolkit.config.variables import replaced
from ci_toolkit.config.violations import Violations
from ci_toolkit.model.findings import Finding, Severity
from ci_toolkit.model.policy import Ignore
from ci_toolkit.model.text import neutralise
from ci_toolkit.model.triage_entry import entry, entry_for, scalar

if TYPE_CHECKING:
    from ci_toolkit.model.findings import Category

TODAY = date(2026, 11, 27)
TRICKY = st.text(st.sampled_from("aA1 :#-'\"\\[]{}$,&*?|>!%@`~\té😀\u2028.+e0xo(;=yYnN"), max_size=8)


def fields_of(text: str) -> dict[str, str]:
    """What the config's reader sees in the only entry of a list."""
    violations = Violations()
    tree = parse(text, violations)
    assert not violations.found
    assert isinstance(tree, Sequence)
    (item,) = tree.items
    assert isinstance(item, Mapping)
    read = {}
    for name, (_, value) in item.entries.items():
        assert isinstance(value, Scalar)
        assert not value.plain or isinstance(resolve(value.text), str)
        read[name] = replaced(value.text, {})
    return read


def test_a_vulnerability_is_meant_by_its_package() -> None:
    finding = Finding(id="CVE-2019-11324", package="urllib3", path="app/urllib3/METADATA", severity=Severity.HIGH)
    assert entry_for(finding, "app", TODAY) == (
        "- id: CVE-2019-11324\n"
        "  package: urllib3\n"
        "  image: app\n"
        '  reason: ""\n'
        '  owner: ""\n'
        "  created: 2026-11-27\n"
        "  expires: 2027-02-25\n"
    )


def test_what_has_no_package_is_meant_by_its_path() -> None:
    finding = Finding(id="aws-secret-access-key", category="secret", path="app/[id]/*.env", severity=Severity.HIGH)
    assert fields_of(entry_for(finding, "app", TODAY))["path"] == "app/[[]id]/[*].env"


@pytest.mark.parametrize("category", ["misconfiguration", "secret"])
def test_what_has_neither_is_of_the_image_s_config_and_its_entry_accepts_nothing_else(category: Category) -> None:
    finding = Finding(id="DS-0002", category=category, severity=Severity.HIGH)
    fields = fields_of(entry_for(finding, "app", TODAY))
    assert list(fields) == ["id", "path", "image", "reason", "owner", "created", "expires"]
    made = Ignore(id=fields["id"], path=fields["path"], reason="looked at", owner="web", expires=TODAY)
    assert made.matches(finding)
    assert not any(made.matches(replace(finding, path=path)) for path in ("app/Dockerfile", "/", "a", "image config"))
    assert not made.matches(replace(finding, package="zlib1g"))
    assert made.label == "DS-0002 of the image's config"


@given(TRICKY)
def test_any_text_survives(text: str) -> None:
    assert fields_of(entry({"id": text, "path": None})) == {"id": text}


@given(TRICKY)
def test_nothing_in_it_is_obeyed(text: str) -> None:
    line = f"package: {scalar(text)}"
    assert neutralise(line) == line
    assert "\n" not in line


def test_commands_and_control_characters_are_escaped() -> None:
    assert scalar("::error::\x1b[31m##[group]\n") == '":\\u003aerror:\\u003a\\u001b[31m#\\u0023[group]\\u000a"'
