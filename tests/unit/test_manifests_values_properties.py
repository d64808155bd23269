"""What holds for all values and Compose files: the digest comes and goes, a second run is a no-op, meaning stays."""

from __future__ import annotations

import re
from itertools import zip_longest

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_toolkit.errors import ConfigError
from ci_toolkit.manifests.pinning import Pinned, Target, pin
from ci_toolkit.model.reference import Repository
from tests.harness.manifest_texts import as_bytes, events

DIGEST = "sha256:" + "d" * 64
TARGET = Target(
    repositories=frozenset({Repository.parse("ghcr.io/acme/app"), Repository.parse("nginx")}),
    digest=DIGEST,
    tag=None,
    style="tag-and-digest",
)

NAMES = st.sampled_from(["ghcr.io/acme/app", "nginx", "docker.io/library/nginx", "busybox", "ghcr.io/acme/app-web"])
TAGS = st.sampled_from(["1.10", "v1", "latest", "2026-01-01", "0x1f"])
QUOTES = st.sampled_from(["", "'", '"'])
WORDS = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\ufeff\ufffe\uffff'"
    ),
    max_size=12,
)
Pair = tuple[str, str]


@st.composite
def images(draw: st.DrawFn) -> list[Pair]:
    """Keys and values that say an image, whole or in parts, as they are written."""
    name, tag, quote = draw(NAMES), draw(TAGS), draw(QUOTES)
    if draw(st.booleans()):
        return [("image", f"{quote}{name}:{tag}{quote}")]
    key, tag_key = draw(
        st.sampled_from([("repository", "tag"), ("image", "imageTag"), ("imageRepository", "imageTag")])
    )
    pairs = [(key, f"{quote}{name}{quote}"), (tag_key, f"{quote}{tag}{quote}")]
    if tag_key == "tag":
        pairs += draw(
            st.sampled_from([[], [("digest", '""')], [("digest", "''")], [("digest", "")], [("digest", "~")]])
        )
    return draw(st.permutations(pairs))


@st.composite
def values(draw: st.DrawFn) -> bytes:
    """A file of several images in block or flow style, among noise."""
    text = f"# {draw(st.sampled_from(['', 'é', '🎉']))}\n"
    for index in range(draw(st.integers(1, 4))):
        noise, end = draw(WORDS), draw(st.sampled_from(["", " ", "  # tag: 1"]))
        pairs = [*draw(images()), ("note", f"'image: nginx {noise}'")]
        if draw(st.booleans()):
            text += f"a{index}:\n  image:\n" + "".join(f"    {key}: {value}{end}\n" for key, value in pairs)
        else:
            text += f"a{index}: [{{ image: {{ {', '.join(f'{key}: {value}' for key, value in pairs)} }} }}]{end}\n"
    return draw(as_bytes(text))


@st.composite
def projects(draw: st.DrawFn) -> bytes:
    """A Compose file."""
    text = "services:\n"
    for index in range(draw(st.integers(1, 4))):
        image, quote, noise = f"{draw(NAMES)}:{draw(TAGS)}", draw(QUOTES), draw(WORDS)
        image = draw(st.sampled_from([image, f"${{IMAGE:-{image}}}"]))
        built = draw(st.sampled_from(["", "    build: .\n", f"    command: ['{noise}', 'image: nginx']\n"]))
        text += f"  s{index}:\n    image: {quote}{image}{quote}\n{built}"
    return text.encode()


FILES = st.one_of(st.tuples(st.just("values.yaml"), values()), st.tuples(st.just("compose.yaml"), projects()))


def pinned(file: tuple[str, bytes]) -> Pinned:
    return pin(file[1], file[0], [TARGET])


@given(FILES)
@settings(max_examples=200, deadline=None)
def test_without_the_digest_the_bytes_are_the_old_ones(file: tuple[str, bytes]) -> None:
    new = pinned(file).new
    assert undone(new) == undone(file[1])


def undone(data: bytes) -> bytes:
    """Without the digest, and without what stands for none: `""`, `~`, nothing."""
    text = data.decode().replace(f"@{DIGEST}", "").replace(DIGEST, "")
    return re.sub(r"""digest: *(?:""|''|~)? *""", "digest: ", text).encode()


@given(FILES)
@settings(max_examples=150, deadline=None)
def test_a_second_run_changes_nothing(file: tuple[str, bytes]) -> None:
    first = pinned(file)
    second = pinned((file[0], first.new))
    assert second.new == first.new
    assert [place.old for place in second.places] == [place.new for place in first.places]


@given(FILES)
@settings(max_examples=150, deadline=None)
def test_only_the_targets_mean_something_else(file: tuple[str, bytes]) -> None:
    """By the other parser, PyYAML's own in Python: the one that edits is libyaml."""
    result = pinned(file)
    changed = 0
    for old, new in zip_longest(events(file[1]), events(result.new)):
        assert type(old) is type(new)
        if isinstance(old, yaml.ScalarEvent) and old.value != new.value:
            assert new.value in {old.value.replace("}", "") + f"@{DIGEST}", f"{old.value[:-1]}@{DIGEST}}}", DIGEST}
            changed += 1
    assert changed == len(result.places) == result.new.count(DIGEST.encode())


@given(
    st.text(alphabet="&*!|>'\"[]{}:-?,# \n\tgimaetgrposy~<@", max_size=60),
    st.sampled_from(["values.yaml", "compose.yml"]),
)
@settings(max_examples=300, deadline=None)
def test_any_yaml_around_an_image_is_kept_or_refused(noise: str, name: str) -> None:
    image = "services: {a: {image: nginx:1}}\n"
    data = f"{image}more:\n  {noise}\n".encode()
    try:
        result = pinned((name, data))
    except ConfigError as error:
        assert error.violations[0].startswith(f"{name}:")  # noqa: PT017 both outcomes are right
    else:
        assert result.new.replace(f"@{DIGEST}".encode(), b"") == data
