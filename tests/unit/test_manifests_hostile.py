"""Manifests made to break a reader: a clean error with the place, in little time and memory."""

from __future__ import annotations

import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import ConfigError, IntegrityError
from ci_toolkit.manifests.pinning import LARGEST, Pinned, Target, pin, pinned_value
from ci_toolkit.manifests.wanted import may_hold
from ci_toolkit.model.reference import Repository

if TYPE_CHECKING:
    from ci_toolkit.manifests.pinning import Style

DIGEST, OTHER = "sha256:" + "d" * 64, "sha256:" + "a" * 64
IMAGE = "ghcr.io/acme/app:1"


def target(tag: str | None = None, style: Style = "tag-and-digest", platform: str = "") -> Target:
    return Target(
        repositories=frozenset({Repository.parse("ghcr.io/acme/app")}),
        digest=DIGEST,
        tag=tag,
        style=style,
        platforms={platform: "linux/arm64"} if platform else {},
    )


def pinned(data: bytes | str) -> Pinned:
    return pin(data if isinstance(data, bytes) else data.encode(), "x.yaml", [target()])


def refusal(data: bytes | str) -> str:
    with pytest.raises(ConfigError) as caught:
        pinned(data)
    return caught.value.violations[0]


def levels(first: str, one: str, number: int) -> str:
    """`one` again and again, each time with ten aliases of the one before."""
    lines = [first]
    for i in range(1, number):
        before = ",".join([f"*l{i - 1}"] * 10)
        lines.append(one.format(i=i, before=before))
    return "".join(lines)


DEEP = "nested more than 256 levels deep"
MANY = "more than 300,000 values in one file"
MULTIPLIED = "its aliases lead to more places than anyone could mean"
BOMBS = {
    "flow lists": ("[" * 30_000, DEEP),
    "flow mappings": ("{a: " * 30_000, DEEP),
    "block lists": ("- " * 30_000, DEEP),
    "block mappings": ("".join(" " * i + "a:\n" for i in range(3000)), DEEP),
    "complex keys": ("? " * 30_000, DEEP),
    "values": ("[" + "a," * (LARGEST // 2 - 1) + "]", MANY),
    "documents": ("---\na\n" * (LARGEST // 6), MANY),
    "empty documents": ("---\n" * (LARGEST // 4), MANY),
    "aliases": ("- &a x\n" + "- *a\n" * 3000, "more than 2,000 aliases in one document"),
    "lists of lists": (
        levels(
            f"kind: List\nitems:\n- &l0 {{kind: Pod, spec: {{containers: [{{image: {IMAGE}}}]}}}}\n",
            "- &l{i} {{kind: List, items: [{before}]}}\n",
            20,
        ),
        MULTIPLIED,
    ),
    "merges of merges": (
        levels("x0: &l0 {a: 1}\n", "x{i}: &l{i} {{<<: [{before}]}}\n", 30) + "<<: *l29\n",
        MULTIPLIED,
    ),
}


@pytest.mark.parametrize(("text", "reason"), BOMBS.values(), ids=BOMBS.keys())
def test_bombs(text: str, reason: str) -> None:
    data = text.encode()
    started = time.process_time()
    violation = refusal(data)
    assert time.process_time() - started < 10, "far above what it takes, far below what a bomb does"
    assert violation.startswith("x.yaml:")
    assert violation.endswith(reason)


@pytest.mark.parametrize("text", [BOMBS["flow lists"][0], BOMBS["lists of lists"][0], BOMBS["aliases"][0]])
def test_bombs_stay_small(text: str) -> None:
    data = text.encode()
    tracemalloc.start()
    try:
        refusal(data)
        assert tracemalloc.get_traced_memory()[1] < 50 * 2**20
    finally:
        tracemalloc.stop()


def test_an_alias_bomb_that_no_image_hangs_on_is_no_matter() -> None:
    bomb = levels("l0: &l0 [x,x,x,x,x,x,x,x,x,x]\n", "l{i}: &l{i} [{before}]\n", 60)
    text = f"{bomb}kind: Pod\nspec: {{containers: [{{image: {IMAGE}}}]}}\n"
    assert pinned(text).new.decode() == text.replace(IMAGE, f"{IMAGE}@{DIGEST}")


@pytest.mark.parametrize(
    "text",
    [
        "kind: List\nitems: &a\n- {kind: List, items: *a}\n- {kind: Pod, spec: {containers: [{image: IMAGE}]}}\n",
        "&a\nkind: Pod\n<<: *a\nspec: &s {<<: *s, containers: [{image: IMAGE}]}\n",
    ],
)
def test_circles_end(text: str) -> None:
    text = text.replace("IMAGE", IMAGE)
    assert pinned(text).new.decode() == text.replace(IMAGE, f"{IMAGE}@{DIGEST}")


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"kind: Pod\nspec: [\n", "x.yaml:3:1: not YAML"),
        (b"kind: Pod\n\tspec: {}\n", "x.yaml:2:1: not YAML"),
        (b"kind: Pod\x00", "x.yaml:1:1: not YAML"),
        (b'{"a": 1}\n{"b": 2}\n', "x.yaml:2:1: not YAML"),
        (b"kind: Pod\n# caf\xe9\n", "x.yaml:2:1: not UTF-8 at byte 15"),
        ("kind: Pod\n".encode("utf-16"), "x.yaml:1:1: not UTF-8 at byte 0"),
        (b"spec:\n  {{- toYaml . }}\n", "x.yaml:2:5: a template that isn't YAML before it is rendered"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(data: bytes, place: str) -> None:
    assert refusal(data).startswith(place)


@pytest.mark.parametrize(
    "data",
    [b"", b"---\n", b"just text", b"- kind: Pod\n", b"kind: [Pod]\n", b"kind: Pod\nspec: 5\n", b"? {kind: Pod}\n: x\n",
     b"!!python/object/apply:os.system [exit]\n", b"kind: List\nitems: {kind: Pod}\n", b"kind: List\n"],
)  # fmt: skip
def test_what_is_no_workload_holds_no_image(data: bytes) -> None:
    result = pinned(data)
    assert (result.new, result.places, result.seen) == (data, (), ())


def test_shared_values_are_followed_through_collections() -> None:
    text = (
        f"kind: Pod\nspec:\n  containers:\n  - &c {{name: a, image: {IMAGE}}}\n  - *c\n"
        "metadata: {annotations: {copy: *c}}\n"
    )
    assert "x.yaml:6:32: metadata.annotations.copy, which is no image" in refusal(text)


def test_a_value_that_stands_at_no_image_is_not_changed_through_an_alias() -> None:
    text = f"kind: Pod\nmetadata: {{annotations: {{image: &i {IMAGE}}}}}\nspec: {{containers: [{{image: *i}}]}}\n"
    assert "metadata.annotations.image, which is no image" in refusal(text)


def test_a_shared_value_that_stays_is_no_matter() -> None:
    image = f"{IMAGE}@{DIGEST}"
    text = f"kind: Pod\nmetadata: {{annotations: {{image: &i {image}}}}}\nspec: {{containers: [{{image: *i}}]}}\n"
    assert len(pinned(text).places) == 1


def test_a_merge_that_says_otherwise_shares_nothing() -> None:
    text = f"kind: Pod\nspec:\n  containers:\n  - &c {{image: {IMAGE}}}\nextra: {{<<: *c, image: mine}}\n"
    assert f"{IMAGE}@{DIGEST}" in pinned(text).new.decode()


def test_one_platforms_digest_is_never_swapped_for_the_index() -> None:
    text = f"kind: Pod\nspec: {{containers: [{{image: {IMAGE}@{OTHER}}}]}}\n"
    with pytest.raises(IntegrityError, match=r"x\.yaml:2:29: .* for linux/arm64 alone"):
        pin(text.encode(), "x.yaml", [target(platform=OTHER)])


@pytest.mark.parametrize(
    ("value", "tag", "style", "expected"),
    [
        ("ghcr.io/acme/app:1", "2", "tag-and-digest", f"ghcr.io/acme/app:2@{DIGEST}"),
        ("ghcr.io/acme/app", "2", "tag-and-digest", f"ghcr.io/acme/app:2@{DIGEST}"),
        (f"ghcr.io/acme/app:1@{OTHER}", "2", "tag-and-digest", f"ghcr.io/acme/app:2@{DIGEST}"),
        (f"ghcr.io/acme/app:1@{DIGEST}", "2", "tag-and-digest", f"ghcr.io/acme/app:1@{DIGEST}"),
        (f"ghcr.io/acme/app@{DIGEST}", "2", "tag-and-digest", f"ghcr.io/acme/app:2@{DIGEST}"),
        ("ghcr.io/acme/app:1", "2", "digest", f"ghcr.io/acme/app@{DIGEST}"),
        (f"ghcr.io/acme/app:1@{DIGEST}", "2", "digest", f"ghcr.io/acme/app@{DIGEST}"),
        (f"ghcr.io/acme/app@{DIGEST}", "2", "digest", f"ghcr.io/acme/app@{DIGEST}"),
        ("ghcr.io/acme/app:1", None, "tag-and-digest", f"ghcr.io/acme/app:1@{DIGEST}"),
        ("GHCR.io:443/acme/app", None, "digest", f"GHCR.io:443/acme/app@{DIGEST}"),
        ("localhost:5000/app", "2", "tag-and-digest", f"localhost:5000/app:2@{DIGEST}"),
    ],
)
def test_styles(value: str, tag: str | None, style: Style, expected: str) -> None:
    assert pinned_value(value, target(tag, style)) == expected


def test_the_look_before_the_parse_misses_no_spelling() -> None:
    hub = Target(repositories=frozenset({Repository.parse("nginx")}), digest=DIGEST, tag=None, style="tag-and-digest")
    assert may_hold(b"image: docker.io/library/nginx", [hub])
    assert may_hold(b"image: nginx", [hub])
    assert may_hold(b'image: "ghcr.io\\/acme\\/app"', [target()])
    assert not may_hold(b"image: ghcr.io/acme/other", [target(), hub])
