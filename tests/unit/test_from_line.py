"""The Dockerfile's line an alert points at."""

from __future__ import annotations

import pytest

from ci_toolkit.report.dockerfile import from_line

STAGES = """\
# syntax=docker/dockerfile:1
ARG BASE=debian:bookworm-slim
FROM golang:1.23 AS build
RUN go build ./...

from --platform=$BUILDPLATFORM $BASE \\
  # a comment in between
  as runtime
COPY --from=build /app /app
"""


@pytest.mark.parametrize(
    ("text", "target", "line"),
    [
        (STAGES, None, 6),
        (STAGES, "runtime", 6),
        (STAGES, "BUILD", 3),
        (STAGES, "no-such-stage", 6),
        ("", None, 1),
        ("FROM scratch", None, 1),
        ("# only a comment\n", None, 1),
        ("FROM a\nRUN <<EOF\nFROM users\nEOF\nRUN true\n", None, 1),
        ("FROM a\nRUN <<-'END' cat\n\tFROM users\n\tEND\nFROM b\n", None, 5),
        ("FROM a\nCOPY <<one <<two /x/\nFROM 1\none\nFROM 2\ntwo\nFROM b\n", None, 7),
        ("FROM a\nRUN <<EOF\nFROM users\n", None, 1),
        ("FROM a\nRUN echo \\\n  FROM b\n", None, 1),
        ("# escape=`\nFROM a\nRUN echo `\n  FROM b\nFROM c\n", None, 5),
        ("# a=b\n# escape=`\nFROM a\nRUN echo `\nFROM c\n", None, 5),
        ("# check=skip=all\n# ESCAPE=`\nFROM a\nRUN echo `\nFROM c\n", None, 3),
        ('# escape=`\nFROM a\nRUN "\\" <<EOF"\nFROM b\n', None, 4),
        ('FROM a\nRUN " <<EOF " b<<EOF\nFROM b\n', None, 3),
        ("FROM a\nRUN <<EOF\nFROM b\n\tEOF\nFROM c\nEOF\n", None, 1),
        ("FROM a\r\nFROM b\r\n", None, 2),
        ("FROM a\nRUN true \\", None, 1),
    ],
)
def test_the_line_that_starts_the_stage_which_is_built(text: str, target: str | None, line: int) -> None:
    assert from_line(text, target) == line
