"""A key that is added to any mapping of any document: the only news in it, by the check and by another parser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_toolkit.errors import IntegrityError
from ci_toolkit.manifests.base import Edit, Part
from ci_toolkit.manifests.edit import apply
from ci_toolkit.manifests.spans import Lines, Source
from ci_toolkit.manifests.tree import Mapping, Scalar, Sequence, read_documents
from ci_toolkit.manifests.verify import same_but
from ci_toolkit.manifests.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.manifests.tree import Node

DIGEST = "sha256:" + "d" * 64
ENDS = st.sampled_from(["", " ", "  # keep", " # 🚢 {"])
VALUES = st.sampled_from(
    ["app", '"app"', "'a: b'", "&n{i} app", "*first", "*list", "!!str app", "[a, b]", "", "|-\n{in}  app"]
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Mappings below mappings, in blocks and braces, with anchors, aliases and merges, in several documents."""
    texts = []
    for number in range(draw(st.integers(1, 3))):
        lines = [f"base: &first {draw(st.sampled_from(['x', '{a: 1}']))}\n", "list: &list [1, {k: v}]\n"]
        lines += [draw(_mapping(f"m{i}", i)) for i in range(draw(st.integers(1, 4)))]
        texts.append("".join(lines) + draw(st.sampled_from(["", f"last{number}: {{k: v, name: *list}}\n"])))
    text = draw(st.sampled_from(["---\n", "...\n---\n", "---\n# c\n---\n"])).join(texts)
    text = text.rstrip("\n") if draw(st.booleans()) else text
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


@st.composite
def _mapping(draw: st.DrawFn, key: str, number: int) -> str:
    depth = draw(st.integers(1, 3))
    pad = "  " * depth
    head = "".join(f"{'  ' * level}{key}{level}:\n" for level in range(depth))
    if draw(st.booleans()):
        quote = draw(st.sampled_from(["", '"']))
        return f"{head}{pad}{{{quote}name{quote}: app, x: [1, {{y: 2}}]}}{draw(ENDS)}\n"
    value = draw(VALUES).replace("{i}", str(number)).replace("{in}", f"{pad}  ")
    end = "" if "\n" in value else draw(ENDS)
    merge = draw(st.sampled_from(["", f"{pad}<<: {{z: 1}}\n"]))
    dash = draw(st.sampled_from(["", "- "]))
    rest = f"{pad}{' ' * len(dash)}"
    return f"{head}{pad}{dash}name: {value}{end}\n{merge.replace(pad, rest)}{rest}other: 1\n"


def mappings(node: Node | None) -> Iterator[Mapping]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            yield node
            waiting += [value for _, value in node.entries]
        elif isinstance(node, Sequence):
            waiting += node.items


def additions(text: str) -> list[Part]:
    """Where `digest` can be put, behind each value of each mapping that is a scalar."""
    walk, lines = Walk(), Lines(text)
    found = []
    for document in read_documents(text):
        source = Source(text, lines, walk, document)
        for mapping in mappings(document.root):
            scalars = [value for _, value in mapping.entries if isinstance(value, Scalar)]
            parts = [source.addition(mapping, scalar, "digest", "digest") for scalar in scalars]
            found += [part for part in parts[:1] if part]
    return found


def events(text: str) -> list[tuple[Any, ...]]:
    """By the parser in Python: the one that edits is libyaml."""
    names = ("value", "anchor", "tag", "implicit", "style", "flow_style", "explicit")
    return [(type(e), *(getattr(e, n, None) for n in names)) for e in yaml.parse(text, Loader=yaml.SafeLoader)]


@given(documents(), st.data())
@settings(max_examples=200, deadline=None)
def test_an_added_key_is_the_only_news(text: str, data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.sampled_from(additions(text)), min_size=1, max_size=4, unique=True))
    parts = sorted({part.start: part for part in parts}.values(), key=lambda part: part.start)
    edits = [Edit(part, DIGEST) for part in parts]
    after = apply(text, edits)
    same_but(text, after, edits)
    news = events(after)
    at = [i for i, event in enumerate(news) if event[1] == DIGEST]
    assert len(at) == len(parts)
    assert all(news[i - 1][1] == "digest" for i in at)
    taken = {i for index in at for i in (index - 1, index)}
    assert [event for i, event in enumerate(news) if i not in taken] == events(text)
    rest = after
    for edit in reversed(edits):
        moved = edit.part.start + sum(len(e.text) for e in edits if e.part.start < edit.part.start)
        rest = rest[:moved] + rest[moved + len(edit.text) :]
    assert rest == text


@given(documents(), st.data())
@settings(max_examples=100, deadline=None)
def test_an_addition_that_goes_astray_is_noticed(text: str, data: st.DataObject) -> None:
    """The text with the key put elsewhere than the edit says, or with another value, is refused."""
    part = data.draw(st.sampled_from(additions(text)))
    edit = Edit(part, DIGEST)
    after = apply(text, [edit])
    wrong = data.draw(st.sampled_from([after.replace(DIGEST, "sha256:0"), text, after.replace("digest", "Digest")]))
    with pytest.raises(IntegrityError):
        same_but(text, wrong, [edit])
