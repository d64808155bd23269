"""Trivy's ignore files, read strictly: a typo there ignores for ever, here it is an error."""

from __future__ import annotations

from datetime import date

import pytest

from ci_toolkit.config.trivy_ignore import Imported, trivy_ignore
from ci_toolkit.config.violations import Position, Violations

LINES = """\
# Not reachable:
#   the parser is off.
CVE-2018-14618 exp:2027-01-01

  # Of nothing.

CVE-2019-14697   # our own
GHSA-xxxx-yyyy-zzzz
"""
WHOLE = """\
vulnerabilities:
  - id: CVE-2022-40897
    paths: [usr/local/lib/python3.9/**, /app/requirements.txt]
    statement: |
      Accept
      the risk
    expired_at: 2027-01-01
  - id: CVE-2023-2650
    purls: ["pkg:deb/debian/openssl", "pkg:deb/debian/libssl3@3.0"]
misconfigurations: [{id: AVD-DS-0002}]
secrets: [{id: aws-access-key-id, paths: [foo/bar/aws.secret]}]
licenses: [{id: GPL-3.0}]
"""


def read(text: str, *, is_yaml: bool = False) -> list[Imported]:
    violations = Violations()
    found = trivy_ignore(text, is_yaml=is_yaml, violations=violations)
    assert not violations.found
    return found


def refused(text: str, *, is_yaml: bool = False) -> list[str]:
    violations = Violations()
    trivy_ignore(text, is_yaml=is_yaml, violations=violations)
    return [violation.text("f") for violation in sorted(violations.found)]


def test_lines() -> None:
    assert read(LINES) == [
        Imported(
            position=Position(3, 1),
            id="CVE-2018-14618",
            reason="Not reachable: the parser is off.",
            expires=date(2026, 12, 31),
        ),
        Imported(position=Position(7, 1), id="CVE-2019-14697", reason="our own"),
        Imported(position=Position(8, 1), id="GHSA-xxxx-yyyy-zzzz"),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("CVE-1 expires:2027-01-01", '"expires:2027-01-01" means nothing to Trivy: write exp:YYYY-MM-DD'),
        ("CVE-1 exp:2027-13-01", '"exp:2027-13-01" means nothing'),
        ("CVE-1 exp: 2027-01-01", '"exp:" means nothing'),
        ("CVE-1 exp:2027-01-01 exp:2028-01-01", '"exp:2028-01-01" means nothing'),
        ("CVE-1 CVE-2", '"CVE-2" means nothing'),
        ("CVE-1 # until exp:2027-01-01", "Trivy takes an `exp:` in a remark for the expiry"),
        ("CVE-1,", '"CVE-1," is no id'),
        ("exp:2027-01-01", '"exp:2027-01-01" is no id'),
    ],
)
def test_what_means_nothing_in_a_line_is_an_error(line: str, said: str) -> None:
    violations = refused(f"CVE-0\n{line}\n")
    assert violations[0].startswith("f:2:1: ")
    assert any(said in violation for violation in violations)


def test_yaml() -> None:
    found = read(WHOLE, is_yaml=True)
    assert [(f.position.line, f.id, f.package, f.path) for f in found] == [
        (2, "CVE-2022-40897", None, "usr/local/lib/python3.9/*"),
        (2, "CVE-2022-40897", None, "app/requirements.txt"),
        (8, "CVE-2023-2650", "pkg:deb/debian/openssl", None),
        (8, "CVE-2023-2650", "pkg:deb/debian/libssl3@3.0", None),
        (10, "AVD-DS-0002", None, None),
        (11, "aws-access-key-id", None, "foo/bar/aws.secret"),
        (12, "GPL-3.0", None, None),
    ]
    assert (found[0].reason, found[0].expires) == ("Accept the risk", date(2026, 12, 31))
    assert (found[2].reason, found[2].expires) == (None, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("secrets:\n  - id: a\n    expird_at: 2027-01-01\n", 'f:3:5: secrets[0].expird_at: unknown key "expird_at"'),
        ("secrets:\n  - id: a\n    expired_at: soon\n", "f:3:17: secrets[0].expired_at: 'soon' is no date"),
        ("secrets:\n  - statement: a\n", "f:2:5: secrets[0].id: id is missing"),
        ("secrets:\n  - a\n", "f:2:5: secrets[0]: text is given where a mapping is needed"),
        ("vulnerability: []\n", 'f:1:1: vulnerability: unknown key "vulnerability": did you mean vulnerabilities?'),
        ("secrets:\n  - id: a\n    paths: ['*.env']\n", "f:3:13: secrets[0].paths[0]: only a plain path"),
        ("secrets:\n  - id: a\n    purls: ['pkg:deb/a?arch=x']\n", "secrets[0].purls[0]: only a purl without"),
        ("- id: a\n", "f:1:1: "),
        ("secrets: [", "not YAML"),
    ],
)
def test_what_cannot_be_taken_over_is_an_error(text: str, said: str) -> None:
    (violation,) = refused(text, is_yaml=True)
    assert said in violation
