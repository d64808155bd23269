"""What holds for every manifest: nothing but the digest comes and goes, a second run is a no-op, meaning stays."""

from __future__ import annotations

from itertools import zip_longest

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_toolkit.errors import ConfigError
from ci_toolkit.manifests.pinning import Pinned, Target, pin
from ci_toolkit.model.reference import Repository
from tests.harness.manifest_texts import as_bytes, events

DIGEST = "sha256:" + "d" * 64
D = f"@{DIGEST}"
TARGET = Target(
    repositories=frozenset({Repository.parse("ghcr.io/acme/app"), Repository.parse("nginx")}),
    digest=DIGEST,
    tag=None,
    style="tag-and-digest",
)

OURS = st.sampled_from(
    ["ghcr.io/acme/app", "ghcr.io/acme/app:1.10", "GHCR.io/acme/app:v1", "nginx", "docker.io/library/nginx:1"]
)
OTHERS = st.sampled_from(["busybox:1", "ghcr.io/acme/app-web:1", "${REGISTRY}/app", "ko://x", "'{{ .image }}'", "''"])
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\ufeff\ufffe\uffff"),
    max_size=12,
)


def single_quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


STYLES = st.sampled_from(
    ["{}", '"{}"', "'{}'", "!!str {}", "|-\n          {}", ">  # {}\n\n          {}\n", "${{X:-{}}}"]
)


@st.composite
def containers(draw: st.DrawFn) -> str:
    """One container with an image of ours or another's, in any YAML style, among noise."""
    if draw(st.booleans()):
        image = draw(OURS)
        written = draw(STYLES).replace("{}", image).replace("{{", "{").replace("}}", "}")
    else:
        written = draw(OTHERS)
    end = "" if "\n" in written else draw(st.sampled_from(["", " ", "  # image: ghcr.io/acme/app:1", " # 🚢"]))
    noise = single_quoted(draw(WORDS))
    return f"    - name: {noise}\n      image: {written}{end}\n      command: [{noise}, 'image: nginx']\n"


@st.composite
def manifests(draw: st.DrawFn) -> bytes:
    """A file of several pods, its line ends, byte order mark and last newline drawn as well."""
    pods = [
        f"# {draw(st.sampled_from(['', 'é', '🎉']))}\napiVersion: v1\nkind: Pod\nspec:\n  containers:\n"
        + "".join(draw(st.lists(containers(), min_size=1, max_size=3)))
        for _ in range(draw(st.integers(1, 3)))
    ]
    text = draw(st.sampled_from(["---\n", "---\n---\n", "...\n---\n"])).join(pods)
    return draw(as_bytes(text))


def pinned(data: bytes) -> Pinned:
    return pin(data, "x.yaml", [TARGET])


@given(manifests())
@settings(max_examples=150, deadline=None)
def test_without_the_digest_the_bytes_are_the_old_ones(data: bytes) -> None:
    result = pinned(data)
    assert result.new.replace(D.encode(), b"") == data
    assert result.new.count(D.encode()) == len(result.places)


@given(manifests())
@settings(max_examples=80, deadline=None)
def test_a_second_run_changes_nothing(data: bytes) -> None:
    first = pinned(data)
    second = pinned(first.new)
    assert second.new == first.new
    assert [place.old for place in second.places] == [place.new for place in first.places]


@given(manifests())
@settings(max_examples=80, deadline=None)
def test_only_the_targets_mean_something_else(data: bytes) -> None:
    """By the other parser, PyYAML's own in Python: the one that edits is libyaml."""
    result = pinned(data)
    changed = 0
    for old, new in zip_longest(events(data), events(result.new)):
        assert type(old) is type(new)
        if isinstance(old, yaml.ScalarEvent) and old.value != new.value:
            assert new.value.replace(D, "") == old.value
            changed += 1
    assert changed == len(result.places)


@given(manifests())
@settings(max_examples=80, deadline=None)
def test_places_say_where_the_bytes_are(data: bytes) -> None:
    result = pinned(data)
    lines = result.new.decode().removeprefix("\ufeff").split("\n")
    for place in result.places:
        assert lines[place.line - 1][place.column - 1 :].startswith(place.new)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_kept_or_refused(data: bytes) -> None:
    try:
        result = pinned(data)
    except ConfigError as error:
        assert error.violations[0].startswith("x.yaml:")  # noqa: PT017 both outcomes are right
    else:
        assert result.new == data


@given(st.text(alphabet="&*!|>'\"[]{}:-?,# \n\tabkindPospecti<", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_yaml_around_an_image_is_kept_or_refused(noise: str) -> None:
    image = "kind: Pod\nspec: {containers: [{image: nginx}]}\n"
    data = f"{image}metadata:\n  {noise}\n".encode()
    try:
        result = pinned(data)
    except ConfigError as error:
        assert error.violations[0].startswith("x.yaml:")  # noqa: PT017 both outcomes are right
    else:
        assert result.new.replace(D.encode(), b"") == data
