"""Which line made which layer, by a history that may be of another Dockerfile, cut short, or meant to do harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.model.findings import Layer
from ci_toolkit.model.provenance import Entry, traced
from ci_toolkit.model.recipe import recipe

KIT = "buildkit.dockerfile.v0"
DOCKERFILE = "FROM debian:12\nENV A=b\nRUN apt-get update\nCOPY app /app\n"
BASE = [Entry("ADD rootfs.tar / # buildkit", KIT, False), Entry('CMD ["sh"]', KIT, True)]
OWN = [
    Entry("ENV A=b", KIT, True),
    Entry("RUN /bin/sh -c apt-get update # buildkit", KIT, False),
    Entry("COPY app /app # buildkit", KIT, False),
]
KNOWN = [(True, 1), (False, 3), (False, 4)]
NOTHING = [(None, 0)] * 3


def layers(number: int = 3) -> list[Layer]:
    return [Layer(digest=f"sha256:{n:064}") for n in range(number)]


def places(history: list[Entry], text: str = DOCKERFILE, *, number: int = 3) -> list[tuple[bool | None, int]]:
    return [(layer.base, layer.line) for layer in traced(layers(number), history, recipe(text))]


def test_own_steps_have_their_line_and_the_base_that_of_its_from() -> None:
    assert places([*BASE, *OWN]) == KNOWN
    told = [layer.created_by for layer in traced(layers(), [*BASE, *OWN], recipe(DOCKERFILE))]
    assert told == ["ADD rootfs.tar /", "RUN /bin/sh -c apt-get update", "COPY app /app"]


def test_a_base_image_without_history_is_a_base_image() -> None:
    assert places(OWN) == KNOWN
    invented = Entry("mount / from exec /bin/sh -c apt-get update", "buildkit.exporter.image.v0", False)
    assert places([*OWN, invented]) == KNOWN


@pytest.mark.parametrize(
    "history",
    [
        [],
        OWN[1:],
        [*BASE, *OWN[:2]],
        [*BASE, OWN[0], OWN[2], OWN[1]],
        [*BASE, *OWN[:2], Entry("COPY app /other # buildkit", KIT, False)],
        [*BASE, OWN[0], Entry("RUN /bin/sh -c apt-get upgrade # buildkit", KIT, False), OWN[2]],
        [*BASE, *OWN, *OWN],
    ],
)
def test_one_step_that_disagrees_and_nothing_is_claimed(history: list[Entry]) -> None:
    assert places(history) == NOTHING


def test_from_scratch_every_layer_has_to_be_ones_own() -> None:
    text = DOCKERFILE.replace("debian:12", "scratch")
    assert places(OWN, text, number=2) == [(False, 3), (False, 4)]
    assert places([*BASE, *OWN], text) == NOTHING
    assert places(OWN, text) == NOTHING


def test_a_variable_that_may_name_a_stage_leaves_the_base_open() -> None:
    text = f"ARG B=x\nFROM busybox AS x\nRUN true\n{DOCKERFILE.replace('debian:12', '$B')}"
    assert places([*BASE, *OWN], text) == [(None, 0), (False, 6), (False, 7)]


def test_the_classic_builders_words() -> None:
    history = [
        Entry("/bin/sh -c #(nop) ADD file:1 in / ", "", False),
        Entry("/bin/sh -c #(nop)  ENV A=b", "", True),
        Entry("|1 V=1 /bin/sh -c apt-get update", "", False),
        Entry("/bin/bash -o pipefail -c #(nop) COPY dir:2 in /app ", "", False),
    ]
    labelled = [*history, Entry("/bin/sh -c #(nop)  LABEL x=y", "", True)]
    assert places(history) == places(labelled) == KNOWN
    told = [layer.created_by for layer in traced(layers(), history, recipe(DOCKERFILE))]
    assert told == ["ADD file:1 in /", "RUN /bin/sh -c apt-get update", "COPY dir:2 in /app"]


@pytest.mark.parametrize("args", ["TOKEN=hunter2", "TOKEN=hunter2 and hunter2 more", "TOKEN=/hunter2"])
def test_a_build_argument_is_not_told(args: str) -> None:
    for command in ("/bin/sh -c apt-get update", "/bin/touch hunter2"):
        history = [Entry(f"RUN |1 {args} {command} # buildkit", KIT, False)]
        [layer] = traced(layers(1), history, None)
        assert layer.created_by in ("RUN /bin/sh -c apt-get update", "RUN")


def test_a_stage_that_is_not_there_and_no_stage_at_all() -> None:
    assert recipe("") is None
    assert recipe("ARG A\n# nothing\n") is None
    made = recipe(DOCKERFILE, "nowhere")
    assert made
    assert (made.base, made.line) == ("debian:12", 1)


def test_a_long_history_is_kept_short() -> None:
    hostile = Entry("RUN \x1b[2J::error::x " + "-c " * 350_000, "", False)
    [*_, last] = traced(layers(1), [hostile], None)
    assert len(last.created_by) == 500


@given(st.lists(st.builds(Entry, st.text(), st.sampled_from(["", KIT, "buildkit.exporter.image.v0"]), st.booleans())))
def test_any_history_is_survived_and_no_layer_lost(history: list[Entry]) -> None:
    found = traced(layers(), history, recipe(DOCKERFILE))
    assert [layer.digest for layer in found] == [layer.digest for layer in layers()]
