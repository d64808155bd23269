"""What Trivy takes for a base image, and how an image's config is kept from naming one."""

from __future__ import annotations

import json

import pytest

from ci_toolkit.model.provenance import Entry
from ci_toolkit.scanners.base_guess import names_base, without_base

COPY, USER = Entry("COPY a /a # buildkit", "", False), Entry("USER 1", "", True)
CMD, CLASSIC = Entry('CMD ["/a"]', "", True), Entry('/bin/sh -c #(nop)  CMD ["/a"]', "", True)
ENTRYPOINT = Entry('ENTRYPOINT ["/a"]', "", True)


def config(history: list[Entry]) -> bytes:
    steps = [{"created_by": entry.created_by, "empty_layer": entry.is_empty} for entry in history]
    return json.dumps({"os": "linux", "history": steps}).encode()


def created_by(data: bytes) -> list[str]:
    return [step["created_by"] for step in json.loads(data)["history"]]


@pytest.mark.parametrize("history", [[COPY, CMD, COPY], [COPY, CLASSIC, COPY, CMD], [USER, CMD, COPY]], ids=str)
def test_what_comes_before_the_last_cmd_that_a_layer_follows_is_a_base(history: list[Entry]) -> None:
    assert names_base(history)
    whole = created_by(without_base(config(history)))
    assert not names_base([entry._replace(created_by=text) for entry, text in zip(history, whole, strict=True)])
    assert [text.split() for text in whole] == [entry.created_by.split() for entry in history]


@pytest.mark.parametrize("history", [[], [COPY, CMD], [COPY, ENTRYPOINT, COPY], [CMD], [COPY, USER]], ids=str)
def test_a_config_that_names_none_stays_as_it_is(history: list[Entry]) -> None:
    assert not names_base(history)
    assert without_base(config(history)) == config(history)


@pytest.mark.parametrize("data", [b"", b"[]", b'{"history": 1}', b'{"history": [1, {"created_by": 2}]}'], ids=str)
def test_what_is_no_config_stays_as_it_is(data: bytes) -> None:
    assert without_base(data) == data
