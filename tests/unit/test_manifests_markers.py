"""Images that comments mark, ours and Flux's: tests/golden/pin-markers, the rules, and what can't be meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.errors import ConfigError
from ci_toolkit.manifests.pinning import Pinned, Target, pin
from ci_toolkit.manifests.wanted import may_hold
from ci_toolkit.model.reference import Repository

if TYPE_CHECKING:
    from ci_toolkit.manifests.pinning import Style

GOLDEN = Path(__file__).parent.parent / "golden" / "pin-markers"
DIGEST = "sha256:" + "d" * 64
D = f"@{DIGEST}"
FLUX = '# {"$imagepolicy": "flux-system:app'


def target(name: str, *repositories: str, style: Style = "tag-and-digest") -> Target:
    found = frozenset(map(Repository.parse, repositories))
    return Target(name=name, repositories=found, digest=DIGEST, tag="2.0", style=style)


APP = target("app", "ghcr.io/acme/app")
TARGETS = [APP, target("proxy", "nginx")]


def pinned(text: str | bytes, *targets: Target) -> Pinned:
    data = text if isinstance(text, bytes) else text.encode()
    return pin(data, "x.yaml", targets or TARGETS, names=["app", "proxy", "web"])


def new(text: str, *targets: Target) -> str:
    return pinned(text, *targets).new.decode()


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        pinned(text)
    (violation,) = caught.value.violations
    return violation


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.in.*")), ids=lambda file: file.name)
def test_golden(file: Path) -> None:
    before, after = file.read_bytes(), file.with_name(file.name.replace(".in.", ".out.")).read_bytes()
    result = pinned(before)
    assert result.new.decode() == after.decode()
    assert result.new == after
    again = pinned(after)
    assert again.new == after, "a second run writes nothing"
    assert [place.new for place in again.places] == [place.new for place in result.places]
    assert may_hold(before, TARGETS)


def test_parts_without_a_name_are_told_with_the_image_s_repository() -> None:
    places = pinned((GOLDEN / "ours-in-parts.in.yaml").read_bytes()).places
    assert [(p.document, p.path, p.old, p.new) for p in places] == [
        (0, "versions.app", "ghcr.io/acme/app:1.10", f"ghcr.io/acme/app:2.0{D}"),
        (0, "versions.empty", "ghcr.io/acme/app", f"ghcr.io/acme/app:2.0{D}"),
        (1, "release.tag", "ghcr.io/acme/app:1.10", f"ghcr.io/acme/app:2.0{D}"),
        (1, "apart.version", "ghcr.io/acme/app:1.10", f"ghcr.io/acme/app:2.0{D}"),
    ]


def test_every_use_of_a_shared_value_is_told() -> None:
    places = pinned((GOLDEN / "shared.in.yaml").read_bytes()).places
    assert [p.line for p in places] == [2, 3, 4, 9]


def test_what_flux_marks_without_a_repository_is_left_alone_with_a_reason() -> None:
    seen = pinned((GOLDEN / "flux-in-parts.in.yaml").read_bytes()).seen
    assert [(each.line, "nothing says of which repository" in each.reason) for each in seen] == [(15, True)]


def test_an_image_by_the_name_of_another_is_left_to_it() -> None:
    text = "x: ghcr.io/acme/app:1 # ci-toolkit: image=web\n"
    assert new(text) == text
    assert [seen.reason for seen in pinned(text).seen] == ["another image"]


def test_a_comment_wins_over_what_a_format_found() -> None:
    text = "kind: Pod\nspec: {containers: [{image: nginx:1}]} # ci-toolkit: image=web\n"
    assert new(text) == text
    both = text.replace("image=web", "image=proxy")
    assert [place.path for place in pinned(both).places] == ["spec.containers[0].image"]


def test_an_alias_at_a_place_that_nothing_marks_is_refused() -> None:
    text = "x: &i nginx:1 # ci-toolkit: image=proxy\nenv: *i\n"
    assert "x shares 'nginx:1', by an anchor, with x.yaml:2:6: env, which is no image" in refusal(text)
    assert new(f"{text[:-1]} # ci-toolkit: image=proxy\n").startswith(f"x: &i nginx:2.0{D} #")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x: nginx # ci-toolkit: imgae=app\n", "x.yaml:1:10: 'imgae' says nothing to ci-toolkit: did you mean `image"),
        ("x: nginx # ci-toolkit: pin me\n", "x.yaml:1:10: 'pin me' says nothing to ci-toolkit: write `# ci-toolkit:"),
        ("x: nginx # ci-toolkit:\n", "x.yaml:1:10: '' says nothing to ci-toolkit: write"),
        ("x: nginx # ci-toolkit: image=nginx:1\n", "x.yaml:1:10: 'nginx:1' is no image's name and no repository"),
        ("x: nginx # ci-toolkit: image=\n", "x.yaml:1:10: '' is no image's name and no repository"),
        ("# ci-toolkit: image=app\nx: nginx\n", "x.yaml:1:1: this comment stands behind no value"),
        ("x: # ci-toolkit: image=app\n  y: nginx\n", "x.yaml:1:4: this comment stands behind no value"),
        ("x: {} # ci-toolkit: image=app\n", "x.yaml:1:7: this comment stands behind no value"),
        ("x: &l [a]\ny: *l # ci-toolkit: image=app\n", "x.yaml:2:7: this comment stands behind no value"),
        ("x: nginx # ci-toolkit: image=prox\n", "x: a comment marks it as prox, which is no image of the config: did"),
        ("x: nginx # ci-toolkit: image=zzz\n", "which is no image of the config: there is app, proxy, web"),
        ("x: nginx # ci-toolkit: image=app\n", "marks it as app, which is ghcr.io/acme/app, but it is 'nginx'"),
        ("x: a b # ci-toolkit: image=app\n", "but it is 'a b'"),
        ("x: # ci-toolkit: image=app\n", "x.yaml:1:3: x: a comment marks it as app, but it is empty"),
        ("x: '' # ci-toolkit: image=app\n", "x.yaml:1:4: x: a comment marks it as app, but it is empty"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told_with_its_place(text: str, reason: str) -> None:
    assert reason in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "x: 'nginx # ci-toolkit: imgae=app'\n",
        "x: |\n  nginx # ci-toolkit: imgae=app\n",
        f'x: "{FLUX}"\n'.replace('"$imagepolicy": "', ""),
        'x: nginx:1 # {"$imagepolicy": "broken"}\n',
        'x: nginx:1 # {"$imagepolicy": ["flux-system:app"]}\n',
        'x: nginx:1 # {"$imagepolicy": "flux-system:app:part"}\n',
        f'# {FLUX}"}}\nx: nginx:1\n',
        "x: nginx:1 # pinned by ci-toolkit: do not edit\n",
    ],
)
def test_what_is_no_marker_marks_nothing(text: str) -> None:
    assert (new(text), pinned(text).places) == (text, ())


def test_a_tag_in_a_comment_and_a_marker_live_on_one_line() -> None:
    commented = replace(APP, style="digest-and-comment")
    first = new("x: ghcr.io/acme/app:1 # ci-toolkit: image=app\n", commented)
    assert first == f"x: ghcr.io/acme/app{D} # tag=2.0 # ci-toolkit: image=app\n"
    later = replace(commented, tag="3.0", digest=DIGEST.replace("d", "e"))
    assert new(first, later) == f"x: ghcr.io/acme/app@{later.digest} # tag=3.0 # ci-toolkit: image=app\n"


def test_flux_s_comment_gets_no_tag_because_it_has_to_be_json_alone() -> None:
    commented = replace(APP, style="digest-and-comment")
    text = f'x: ghcr.io/acme/app:1 {FLUX}"}}\n'
    assert new(text, commented) == text.replace("app:1", f"app:2.0{D}")
    both = f'x: ghcr.io/acme/app:1 # tag=1 {FLUX}"}}\n'
    assert new(both, commented) == both.replace("app:1", f"app{D}").replace("tag=1", "tag=2.0")


def test_markers_are_many_aliases_few() -> None:
    """Every value of a collection that is shared often would be told as often."""
    values = "".join(f"  k{i}: nginx:1 # ci-toolkit: image=proxy\n" for i in range(400))
    bomb = f"base: &b\n{values}uses:\n" + "  - *b\n" * 1_000
    assert "its aliases lead to more places than anyone could mean" in refusal(bomb)
