"""Dockerfiles: which files are read as such, what is told of each image, and what no edit may do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_toolkit.errors import ConfigError, IntegrityError
from ci_toolkit.manifests.base import Edit
from ci_toolkit.manifests.dockerfile import LONGEST_LINE, MOST_LINES, DockerfileFormat
from ci_toolkit.manifests.formats import format_of
from ci_toolkit.manifests.pinning import Pinned, Target, pin
from ci_toolkit.model.reference import Repository

IMAGE = "ghcr.io/acme/app"
DIGEST = "sha256:" + "d" * 64
D = f"@{DIGEST}"
TARGET = Target(repositories=frozenset({Repository.parse(IMAGE)}), digest=DIGEST, tag=None, style="tag-and-digest")
COMMENTED = Target(repositories=TARGET.repositories, digest=DIGEST, tag="2", style="digest-and-comment")


def pinned(text: str, target: Target = TARGET) -> Pinned:
    return pin(text.encode(), "Dockerfile", [target])


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("Dockerfile", True),
        ("docker/Dockerfile", True),
        ("dockerfile", True),
        ("Dockerfile.prod", True),
        ("Dockerfile-prod", True),
        ("web.Dockerfile", True),
        ("web.dockerfile", True),
        ("Containerfile", True),
        ("Containerfile.prod", True),
        ("dockerfile.dev", True),
        ("Dockerfile_dev", True),
        ("Dockerfile.dockerignore", False),
        ("Containerfile.containerignore", False),
        ("Dockerfiles.yaml", False),
        ("Dockerfile/app.yaml", False),
        ("app.yaml", False),
    ],
)
def test_names(name: str, *, is_one: bool) -> None:
    assert (format_of(name, "FROM scratch\n").name == "dockerfile") == is_one


def test_places_and_reasons() -> None:
    result = pinned(
        f"ARG BASE={IMAGE}:1\nFROM $BASE AS one\nFROM \\\n  {IMAGE}:2\nCOPY --from=one \\\n  --from={IMAGE} a b\n"
        "RUN --mount=from=$X,target=/x --mount=type=cache,target=/y true\nFROM ghcr.io/acme/\\\napp:1\nFROM 'a\"b'\n"
    )
    assert [(p.line, p.column, p.path, p.old) for p in result.places] == [
        (1, 10, "ARG BASE", f"{IMAGE}:1"),
        (4, 3, "FROM", f"{IMAGE}:2"),
        (6, 10, "COPY --from", IMAGE),
    ]
    assert [(s.line, s.column, s.reason) for s in result.seen] == [
        (5, 13, "it is a stage of this file"),
        (7, 18, "it holds a variable"),
        (8, 6, "it is spread over several lines"),
        (10, 6, "it is written with quotes or escapes inside: write it plainly"),
    ]


def test_no_comment_can_stand_behind_an_image() -> None:
    assert pinned(f"FROM {IMAGE}:1 AS x\n", COMMENTED).new.decode() == f"FROM {IMAGE}:2{D} AS x\n"


@pytest.mark.parametrize(
    "text",
    ["", "\n", "\\", "FROM", "FROM \\", "FROM --platform=x", "FROM ''", "ARG", "ARG =", "ARG X=\nFROM $X",
     "COPY --from=", "COPY", "FROM a\nCOPY --from=\nRUN --mount= --mount=from= --mount=, x", "# syntax=",
     "#syntax=\nFROM ''", "ONBUILD",
     "FROM a\nONBUILD\nONBUILD ONBUILD", "RUN <<", "RUN <<-", "RUN <<''\nFROM a", "FROM a\nRUN <<EOF", "\0", "FROM \0",
     "FROM \\\n\\\n\\\n", '"', "'", "FROM \"a", "FROM a\\"],
)  # fmt: skip
def test_what_no_builder_takes_is_no_crash(text: str) -> None:
    result = pinned(text)
    assert (result.new, result.places) == (text.encode(), ())


@pytest.mark.parametrize("line", ["<<A ", '"\\', "${A", "A=$A ", " ", "\\", "--mount=from=,", "\\ "])
@pytest.mark.parametrize("keyword", ["FROM ", "RUN ", "ARG ", "#", "# a=", ""])
def test_the_longest_line_is_read(keyword: str, line: str) -> None:
    text = (keyword + line * LONGEST_LINE)[:LONGEST_LINE]
    assert pinned(text).new == text.encode()
    with pytest.raises(ConfigError) as caught:
        pinned(f"FROM a\n{text}x\n")
    assert caught.value.violations == ("Dockerfile:2:65536: a line of more than 65,535 characters",)


@pytest.mark.parametrize("line", ["FROM \\", "FROM a AS a", "RUN <<A", "#", "ARG A=$A"])
def test_many_lines_are_read_and_too_many_are_not(line: str) -> None:
    text = f"{line}\n" * (MOST_LINES - 1)
    assert pinned(text).new == text.encode()
    with pytest.raises(ConfigError) as caught:
        pinned(f"{text}\n")
    assert caught.value.violations == ("Dockerfile:20001:1: more than 20,000 lines",)


@pytest.mark.parametrize(
    "after",
    [
        f"FROM {IMAGE}:1{D}\nRUN x\n",
        f"FROM {IMAGE}:1{D} AS y\n",
        f"FROM {IMAGE}:2{D}\n",
        f"FROM {IMAGE}:1\n",
        f"\nFROM {IMAGE}:1{D}\n",
        f"# escape=`\nFROM {IMAGE}:1{D}\n",
        "",
    ],
)
def test_an_edit_that_would_change_more_is_refused(after: str) -> None:
    before = f"FROM {IMAGE}:1\n"
    (span,) = DockerfileFormat().find(before)
    with pytest.raises(IntegrityError, match="more than the image"):
        DockerfileFormat().verify(before, after, [Edit(span.parts[0], f"{IMAGE}:1{D}")])


OURS = st.sampled_from([IMAGE, f"{IMAGE}:1.10", "GHCR.io/acme/app:v1"])
BLANK = st.sampled_from([" ", "\t", "  ", " \\\n", " \\\n # FROM ghcr.io/acme/app:1\n\n "])
NOISE = st.sampled_from(
    ["# FROM ghcr.io/acme/app\n", "\n", "RUN <<A <<-B\nFROM ghcr.io/acme/app\nA\n\tB\n", "RUN a \\\nFROM nginx\n",
     "FROM scratch AS é\n", "COPY --from=é a b\n", "LABEL a=ghcr.io/acme/app\n", "FROM $UNKNOWN\n"]
)  # fmt: skip
WRITTEN = st.sampled_from(
    ["FROM_{}\n", "from_--platform=linux/arm64_{}_aS_x\n", 'FROM_"{}"\n', "FROM_${{X:-{}}}\n",
     "COPY_--link_--from={}_a_b\n", "RUN_--mount=type=bind,from={},target=/x_true\n", "ONBUILD_COPY_--from={}_a_b\n"]
)  # fmt: skip


@st.composite
def dockerfiles(draw: st.DrawFn) -> bytes:
    """A Dockerfile with images of ours among noise, its line ends, byte order mark and last newline drawn as well."""
    first = draw(st.sampled_from(["", "ARG A={}\nFROM $A\n", "# syntax={}\n", "ARG A=1 B='{}'\nFROM ${{B}} AS b\n"]))
    lines = [first.format(draw(OURS)), "FROM scratch\n"]
    for _ in range(draw(st.integers(0, 6))):
        image = draw(WRITTEN).format(draw(OURS))
        lines += [draw(NOISE), "".join(draw(BLANK) if c == "_" else c for c in image)]
    text = "".join(lines)
    text = text.rstrip("\n") if draw(st.booleans()) else text
    text = text.replace("\n", "\r\n") if draw(st.booleans()) else text
    return (draw(st.sampled_from(["", "\ufeff"])) + text).encode()


@given(dockerfiles())
@settings(max_examples=200, deadline=None)
def test_nothing_but_digests_comes_and_goes(data: bytes) -> None:
    first = pin(data, "Dockerfile", [TARGET])
    assert first.new.replace(D.encode(), b"") == data
    assert first.new.count(D.encode()) == len(first.places)
    again = pin(first.new, "Dockerfile", [TARGET])
    assert again.new == first.new
    assert [place.old for place in again.places] == [place.new for place in first.places]


@given(st.text(st.sampled_from("FROM ARGCPYUN\\\n`\"'$-={}<#@:/ax01 \t\r\ufeff\u2028"), max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read(text: str) -> None:
    assert pinned(text).new == text.encode()
