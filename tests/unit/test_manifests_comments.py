"""The style digest-and-comment: tests/golden/pin-comment, and no way from style to style that leaves a lie behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_toolkit.manifests.pinning import Target, pin
from ci_toolkit.model.reference import Repository

if TYPE_CHECKING:
    from ci_toolkit.manifests.pinning import Style

GOLDEN = Path(__file__).parent.parent / "golden" / "pin-comment"
DIGEST, LATER = "sha256:" + "d" * 64, "sha256:" + "e" * 64
APP = "ghcr.io/acme/app"
TARGET = Target(
    repositories=frozenset(map(Repository.parse, (APP, "nginx"))), digest=DIGEST, tag="2.0", style="digest-and-comment"
)
NEXT = replace(TARGET, digest=LATER, tag="3.0")


def new(text: str, target: Target = TARGET, name: str = "x.yaml") -> str:
    return pin(text.encode(), name, [target]).new.decode()


def pod(*values: str) -> str:
    return "kind: Pod\nspec:\n  containers:\n" + "".join(f"    - image: {value}\n" for value in values)


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.in.*")), ids=lambda file: file.name)
def test_golden(file: Path) -> None:
    before, after = file.read_bytes(), file.with_name(file.name.replace(".in.", ".out.")).read_bytes()
    assert pin(before, file.name, [TARGET]).new.decode() == after.decode()
    assert pin(before, file.name, [TARGET]).new == after
    assert pin(after, file.name, [TARGET]).new == after, "a second run writes nothing"
    later = after.decode().replace(DIGEST, LATER).replace("2.0", "3.0")
    assert pin(after, file.name, [NEXT]).new.decode() == later, "digest and tag go on together"


@pytest.mark.parametrize(
    ("style", "before", "after"),
    [
        ("tag-and-digest", f"{APP}@{LATER}  # tag=1", f"{APP}:2.0@{DIGEST}  # tag=2.0"),
        ("tag-and-digest", f"{APP}:1 # tag=1", f"{APP}:2.0@{DIGEST} # tag=2.0"),
        ("tag-and-digest", f"{APP}:1 # tag=0, keep", f"{APP}:2.0@{DIGEST} # tag=2.0, keep"),
        ("digest", f"{APP}:1@{LATER} # tag=1", f"{APP}@{DIGEST} # tag=2.0"),
        ("digest", f"{APP}:1@{LATER} # keep", f"{APP}@{DIGEST} # keep"),
        ("digest-and-comment", f"{APP}:1@{LATER}", f"{APP}@{DIGEST}  # tag=2.0"),
        ("digest-and-comment", f"{APP}@{LATER}", f"{APP}@{DIGEST}  # tag=2.0"),
    ],
)
def test_another_digest_takes_the_comment_s_tag_with_it(style: Style, before: str, after: str) -> None:
    assert new(pod(before), replace(TARGET, style=style)) == pod(after)


@pytest.mark.parametrize(
    ("style", "before", "after"),
    [
        ("tag-and-digest", f"{APP}@{DIGEST}  # tag=1", f"{APP}:1@{DIGEST}  # tag=1"),
        ("digest", f"{APP}:1@{DIGEST}  # tag=1", f"{APP}@{DIGEST}  # tag=1"),
        ("digest-and-comment", f"{APP}:1@{DIGEST}", f"{APP}@{DIGEST}  # tag=1"),
        ("digest-and-comment", f"{APP}:1@{DIGEST} # tag=0", f"{APP}@{DIGEST} # tag=1"),
        ("digest-and-comment", f"{APP}@{DIGEST} # keep", f"{APP}@{DIGEST} # keep"),
        ("digest", f"{APP}@{DIGEST} # tag=1", f"{APP}@{DIGEST} # tag=1"),
    ],
)
def test_a_truthful_tag_goes_from_style_to_style(style: Style, before: str, after: str) -> None:
    assert new(pod(before), replace(TARGET, style=style)) == pod(after)


STYLES = st.sampled_from(["tag-and-digest", "digest", "digest-and-comment"])
ENDS = st.sampled_from(["", " ", " # keep", "  # tag=1 # keep", " # tag=1", "\t# 🚢", ' # {"$imagepolicy": "a:b"}'])
VALUES = st.sampled_from([APP, f"{APP}:1", f'"{APP}:1"', f"'nginx:1@{LATER}'", "&i nginx:1"])
RUNS = st.lists(st.tuples(STYLES, st.sampled_from([("2.0", DIGEST), ("3.0", LATER)])), min_size=1, max_size=5)


@given(st.lists(st.tuples(VALUES, ENDS), min_size=1, max_size=3), RUNS, st.booleans())
@settings(max_examples=150, deadline=None)
def test_whatever_was_run_before_no_tag_is_another_digest_s(
    images: list[tuple[str, str]], runs: list[tuple[Style, tuple[str, str]]], crlf: bool
) -> None:
    text = pod(*[f"{value}{end}" for value, end in images])
    text = text.replace("\n", "\r\n") if crlf else text
    ends = text.count("\r\n"), text.count("\n")
    for style, (tag, digest) in runs:
        target = replace(TARGET, style=style, tag=tag, digest=digest)
        text = new(text, target)
        assert new(text, target) == text, "a second run writes nothing"
        assert (text.count("\r\n"), text.count("\n")) == ends
        assert text.count(digest) == len(images)
        for line, (_, end) in zip(text.splitlines()[3:], images, strict=True):
            assert "keep" in line or "keep" not in end
            said = [word for word in ("1", "2.0", "3.0") if f":{word}@" in line or f"tag={word}" in line]
            assert len(said) <= 1, f"two tags in {line}"
            # Where a run with this digest came before one with the other, its own tag is back.
            assert said != ["3.0" if tag == "2.0" else "2.0"], line
