"""The quick yes and the library's verdict are the same, whatever a document holds."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_toolkit.config import schema
from ci_toolkit.config.explain import validator
from tests.harness.configs import GOLDEN

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = schema.load()
VALIDATOR = validator(SCHEMA)
FULL: dict[str, Any] = yaml.load((GOLDEN / "right" / "full.yml").read_text(), Loader=yaml.BaseLoader)
FULL["version"] = 1
FULL["builder"]["create"] = FULL["images"]["backend"]["scratch"] = FULL["scan"]["gate"]["fixable-only"] = True
FULL["registries"]["registry.example.com"]["insecure"] = FULL["images"]["backend"]["reproducible"] = False
FULL["pin"][0]["expect"] = 2
FULL["commit"]["skip-ci"] = True
FULL["registries"]["123456789012.dkr.ecr.eu-central-1.amazonaws.com"]["create"] = True
FULL["environments"]["production"]["pin"][0]["expect"] = 3

_SCALARS = st.sampled_from(
    (None, True, False, 0, 1, 2, -1, 10**9, 1.0, 1.5, float("inf"), "", "x", "X y", "a\n", "x" * 1500)
) | st.sampled_from(
    (
        "high",
        "none",
        "local",
        "48h",
        "-5m",
        "linux/amd64",
        "2027-03-31",
        "ghcr.io/acme/app",
        "A/b",
        "../x",
        "{sha}",
        "{",
    )
)
_VALUES = st.one_of(
    _SCALARS,
    st.lists(_SCALARS, max_size=2),
    st.dictionaries(st.sampled_from(["tag", "type", "env", "file", "id", "x"]), _SCALARS, max_size=2),
)
_KEYS = st.sampled_from(
    ["version", "context", "x", "X", "", "a\n", "env", "images", "auth", "localhost:5000", "tag", "ref"]
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _places(item, (*path, key))


@st.composite
def documents(draw: st.DrawFn) -> Any:
    """The full config after some changes: values replaced, keys added, things removed, items repeated."""
    document = copy.deepcopy(FULL)
    for _ in range(draw(st.integers(0, 3))):
        *above, last = draw(st.sampled_from([path for path in _places(document) if path]))
        target: Any = document
        for part in above:
            target = target[part]
        match draw(st.sampled_from(["replace", "remove", "add", "repeat"])):
            case "replace":
                target[last] = draw(_VALUES)
            case "remove":
                del target[last]
            case "add" if isinstance(target[last], dict):
                target[last][draw(_KEYS)] = draw(_VALUES)
            case "repeat" if isinstance(target[last], list):
                target[last] = target[last] * 2
            case _:
                pass
    return document


@settings(max_examples=500, deadline=None)
@given(documents())
def test_same_verdict(document: Any) -> None:
    quick = SCHEMA.conforms(document)
    if any(isinstance(_at(document, path), float) for path in _places(document)):
        # 1.0 is an integer to JSON Schema: a doubt, which the library decides.
        assert not quick or VALIDATOR.is_valid(document)
    else:
        assert quick == VALIDATOR.is_valid(document)


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        document = document[part]
    return document


def test_the_full_config_is_quickly_right() -> None:
    assert SCHEMA.conforms(FULL)


def test_an_unknown_keyword_is_a_doubt() -> None:
    assert SCHEMA.conforms("x", {"type": "string", "title": "x"})
    assert not SCHEMA.conforms("x", {"type": "string", "not": {"const": "y"}})
    assert not SCHEMA.conforms("x", {"type": "string", "format": "unheard-of"})
