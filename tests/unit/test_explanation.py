"""Why the gate said no, and the shortest way out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ci_toolkit.model.explanation import Source, explain
from ci_toolkit.model.findings import Finding, Severity
from ci_toolkit.model.gate import evaluate
from tests.harness.findings import URLLIB3, ZLIB, image, platform
from tests.harness.layered import (
    COPYLEFT,
    GLIBC,
    ICONV,
    LAYERS,
    NO_FIX,
    POLICY,
    PYTHON,
    ROOT,
    SECRET,
    SOURCE,
    TODAY,
    explained,
    layered,
)

ALL = replace(POLICY, ignores=(), grace=None)


@pytest.mark.parametrize(
    ("finding", "kind", "words"),
    [
        (GLIBC, "base", "upgrade the base image `debian:12-slim` at `services/backend/Dockerfile:3`"),
        (
            replace(GLIBC, layer=LAYERS[2].digest), "package",
            "upgrade `libc6` to `2.36-9+deb12u6`; `services/backend/Dockerfile:9` brings it",
        ),
        (replace(GLIBC, layer=""), "base", "upgrade the base image `debian:12-slim`"),
        (replace(PYTHON, layer=LAYERS[0].digest), "base", "it brings `urllib3`"),
        (PYTHON, "package", "METADATA` to `1.24.2`; `services/backend/Dockerfile:9` brings it"),
        (SECRET, "secret", "remove the secret in `/app/settings.py` that `services/backend/Dockerfile:7` brings, and"),
        (replace(SECRET, path="", layer=""), "secret", "remove the secret in the image's config, and rotate it"),
        (ROOT, "misconfiguration", "mend `DS-0002` in the image's config: Add 'USER <non root user name>'"),
        (COPYLEFT, "license", "replace `mysqlclient` that `services/backend/Dockerfile:9` brings, which is under"),
        (NO_FIX, "none", "nothing is fixed yet in `zlib1g`: choose another base image than"),
        (replace(NO_FIX, layer=LAYERS[1].digest), "none", "nothing is fixed yet in `zlib1g`: do without, or"),
    ],
)  # fmt: skip
def test_each_kind_has_its_way_out(finding: Finding, kind: str, words: str) -> None:
    [act] = explained(layered(finding), ALL).acts
    assert act.kind == kind
    assert words in act.text


def test_one_act_takes_away_all_it_can_and_the_largest_comes_first() -> None:
    found = explained(layered(PYTHON, GLIBC, ICONV), ALL)
    first, second = found.acts
    assert (first.kind, first.takes_away(3)) == ("base", "takes away 2 of 3 blocking findings")
    assert (second.kind, second.findings) == ("package", (PYTHON,))


def test_what_nothing_mends_comes_last_and_promises_nothing() -> None:
    several = [replace(NO_FIX, id=f"CVE-2025-{n}") for n in range(3)]
    first, last = explained(layered(PYTHON, *several), ALL).acts
    assert (first.kind, last.kind, last.takes_away(4)) == ("package", "none", "")


def test_the_rule_and_whose_word_the_severity_is() -> None:
    policy = replace(ALL, fixable_only=True, unknown="fail")
    odd = replace(PYTHON, id="CVE-1", severity=Severity.UNKNOWN)
    grounds = explained(layered(GLIBC, SECRET, odd), policy).as_json()["grounds"]
    assert [(ground["rule"], ground.get("severity_source")) for ground in grounds] == [
        ("vulnerability of severity high or above with a fix", "debian"),
        ("secret of severity high or above", None),
        ("vulnerability of unknown severity", "ghsa"),
    ]
    assert [(ground["base"], ground["line"]) for ground in grounds] == [(True, 3), (False, 7), (False, 9)]


def test_every_ground_has_an_entry_to_paste() -> None:
    [ground] = explained(layered(PYTHON), ALL).as_json()["grounds"]
    assert ground["triage_entry"].startswith("- id: CVE-2019-11324\n  package: urllib3\n  image: backend\n")


def test_an_image_that_no_config_builds_is_in_no_entry() -> None:
    found = replace(layered(PYTHON), image="oci:out")
    made = explain(found, evaluate(found, ALL, TODAY), ALL, source=SOURCE, today=TODAY)
    [ground] = made.grounds
    assert "image:" not in made.entry(ground.finding)
    archive = replace(layered(PYTHON), image="app.tar")
    nowhere = explain(archive, evaluate(archive, ALL, TODAY), ALL, source=replace(SOURCE, dockerfile=""), today=TODAY)
    assert "image:" not in nowhere.entry(ground.finding)


def test_where_nobody_names_a_dockerfile_none_is_pointed_at() -> None:
    found, nowhere = image(platform(GLIBC, NO_FIX)), Source(dockerfile="")
    acts = explain(found, evaluate(found, ALL, TODAY), ALL, source=nowhere, today=TODAY).acts
    assert [act.text for act in acts] == [
        "upgrade the base image: it brings `libc6`",
        "nothing is fixed yet in `zlib1g`: choose another base image, or triage it",
    ]


def test_without_a_base_image_there_is_none_to_upgrade() -> None:
    source = Source(dockerfile="Dockerfile", line=1, base="scratch")
    found = layered(replace(GLIBC, layer=""), replace(NO_FIX, layer=""))
    explanation = explain(found, evaluate(found, ALL, TODAY), ALL, source=source, today=TODAY)
    assert [act.text for act in explanation.acts] == [
        "upgrade `libc6`: `Dockerfile:1` is `FROM scratch`, so there is no base image to upgrade",
        "nothing is fixed yet in `zlib1g`: do without, or triage it",
    ]


def test_several_versions_are_all_told() -> None:
    later = replace(URLLIB3, id="CVE-2026-1", fixed="2.6.3")
    [act] = explained(layered(URLLIB3, later), ALL).acts
    assert act.text.endswith("to the highest of `1.24.2`, `2.6.3`")


def test_what_passes_needs_no_explanation() -> None:
    found = image(platform(replace(ZLIB, severity=Severity.LOW)))
    made = explain(found, evaluate(found, ALL, TODAY), ALL, source=SOURCE, today=TODAY)
    assert (made.grounds, made.acts) == ((), ())


def test_a_million_characters_are_cut_and_backticks_cannot_end_a_quotation() -> None:
    hostile = replace(PYTHON, package="`x`" + "z" * 1_000_000, fixed="`" * 1_000_000)
    made = explained(layered(hostile), ALL)
    [act] = made.acts
    assert len(act.text) < 1000
    assert act.text.count("`") == 8
    assert made.entry(hostile) == ""
