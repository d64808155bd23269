"""Helm values: which images are found, which files are values, and what is refused rather than pinned wrongly."""

from __future__ import annotations

import json

import pytest

from ci_toolkit.errors import ConfigError
from ci_toolkit.manifests.finding import find
from ci_toolkit.manifests.formats import format_of
from ci_toolkit.manifests.pinning import Pinned, Target, pin
from ci_toolkit.model.reference import Repository

IMAGE = "ghcr.io/acme/app"
DIGEST, OLD = "sha256:" + "d" * 64, "sha256:" + "0" * 64
D = f"@{DIGEST}"
ADD = 'add `digest: ""` if the chart knows that key'


def target(tag: str | None = None) -> Target:
    return Target(repositories=frozenset({Repository.parse(IMAGE)}), digest=DIGEST, tag=tag, style="tag-and-digest")


def pinned(text: str, tag: str | None = None, name: str = "values.yaml") -> Pinned:
    """What becomes of the file; what comes out is never changed again."""
    result = pin(text.encode(), name, [target(tag)])
    assert pin(result.new, name, [target(tag)]).new == result.new
    return result


def refusal(text: str, tag: str | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        pin(text.encode(), "values.yaml", [target(tag)])
    (violation,) = caught.value.violations
    return violation


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("digest: &d", f"digest: &d {DIGEST}"),
        ("digest: &d # keep", f"digest: &d {DIGEST} # keep"),
        ("digest: &d ''", f"digest: &d '{DIGEST}'"),
        ("? digest\n  :", f"? digest\n  : {DIGEST}"),
    ],
)
def test_an_empty_key_is_filled_behind_its_anchor(old: str, new: str) -> None:
    text = f"image:\n  {old}\n  repository: {IMAGE}\n  tag: '1'\n"
    assert pinned(text).new.decode() == text.replace(old, new)


@pytest.mark.parametrize(
    "key", [f"image: {{digest, repository: {IMAGE}}}", f"image:\n  repository: {IMAGE}\n  ? digest"]
)
def test_a_key_without_a_colon_holds_nothing(key: str) -> None:
    result = pinned(f"{key}\n")
    assert result.new == result.old
    assert [seen.reason for seen in result.seen] == ["its tag or digest isn't written plainly"]


@pytest.mark.parametrize(
    ("old", "tag", "new"),
    [
        ("tag: '1', digest: ''", "2", f"tag: '2', digest: '{DIGEST}'"),
        ("tag: '1', digest: ''", None, f"tag: '1', digest: '{DIGEST}'"),
        (f"tag: '1', digest: {OLD}", "2", f"tag: '2', digest: {DIGEST}"),
        (f"tag: '1', digest: {DIGEST}", "2", f"tag: '1', digest: {DIGEST}"),
        ("tag: '', digest: ''", "2", f"tag: '2', digest: '{DIGEST}'"),
        ("tag: '', digest: ''", None, f"tag: '', digest: '{DIGEST}'"),
        ("digest: ''", "2", f"digest: '{DIGEST}'"),
        ("tag: '1'", "2", f"tag: '2{D}'"),
        ("tag: ''", "2", f"tag: '2{D}'"),
        ("tag: ~", "2", f"tag: 2{D}"),
        (f"tag: 1@{OLD}", None, f"tag: 1{D}"),
        (f"tag: 1{D}, digest: ''", "2", f"tag: 1{D}, digest: ''"),
        (f"tag: 1@{OLD}, digest: {OLD}", None, f'tag: "1", digest: {DIGEST}'),
        ("tag: 1, useDigest: true, digest: ''", None, f"tag: 1, useDigest: true, digest: '{DIGEST}'"),
        ("tag: 1, useDigest: false", None, f"tag: 1{D}, useDigest: false"),
    ],
)
def test_the_digest_goes_where_the_chart_reads_it(old: str, tag: str | None, new: str) -> None:
    text = f"image: {{ repository: {IMAGE}, %s }}\n"
    assert pinned(text % old, tag).new.decode() == text % new


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (f"{{ repository: {IMAGE}, pullPolicy: Always }}", ADD),
        (f"{{ repository: {IMAGE}, tag: '' }}", f"left to the chart: write the tag, or {ADD}"),
        (f"{{ repository: {IMAGE}, tag: }}", f"left to the chart: write the tag, or {ADD}"),
        (IMAGE, ADD),
        (f"{{ repository: {IMAGE}, tag: '1', sha: {'0' * 64} }}", "its `sha` says the digest"),
        (f"{{ repository: {IMAGE}, tag: '1', useDigest: false, digest: '' }}", "set `useDigest: true`"),
        (f"{{ repository: {IMAGE}, digest: {'a' * 64} }}", "its digest has no `sha256:` before it"),
        (f"{{ repository: {IMAGE}@sha256, tag: {'a' * 64} }}", "its name holds a tag or a digest as well"),
        (f"{{ repository: '{IMAGE}:1', tag: '' }}", "its name holds a tag or a digest as well"),
    ],
)
def test_what_no_digest_can_be_written_to_is_refused_with_what_to_do(image: str, reason: str) -> None:
    violation = refusal(f"a: 1\nweb:\n  image: {image}\n")
    assert violation.startswith("values.yaml:3:")
    assert "web.image" in violation
    assert reason in violation


def test_another_image_is_refused_nowhere() -> None:
    text = "image: { repository: busybox }\nweb: { image: busybox }\nkeys: { repository: busybox@sha256, tag: 1 }\n"
    result = pinned(text)
    assert result.new == result.old
    assert {seen.reason for seen in result.seen} == {"another image"}


def test_what_an_image_shares_with_another_is_not_changed() -> None:
    text = f"image: {{ repository: {IMAGE}, tag: &tag '1' }}\nweb: {{ image: {{ repository: nginx, tag: *tag }} }}\n"
    violation = refusal(text)
    assert "image.repository shares '1', by an anchor, with values.yaml:2:" in violation
    assert "web.image.tag" in violation
    assert pinned(text.replace("nginx", IMAGE)).new.decode() == text.replace("nginx", IMAGE).replace("'1'", f"'1{D}'")


def test_a_tag_that_is_used_elsewhere_is_not_changed() -> None:
    text = f"version: &tag '1'\nimage: {{ repository: {IMAGE}, tag: *tag }}\n"
    assert "with values.yaml:1:10: version, which is no image" in refusal(text)
    apart = text.replace("*tag", "*tag, digest: ''")
    assert "shares '1', by an anchor, with values.yaml:1:10: version" in refusal(apart, tag="2")
    assert pinned(apart).new.decode() == apart.replace("''", f"'{DIGEST}'"), "the tag stays as it is"
    stored = text.replace("version", "x-version")
    assert pinned(stored).new.decode() == stored.replace("'1'", f"'1{D}'")


def test_json_stays_json() -> None:
    for digest in ("null", '""'):
        text = f'{{"image":{{"repository":"{IMAGE}","tag":110,"digest":{digest}}},"b":{{"image":"{IMAGE}:1"}}}}'
        new = json.loads(pinned(text, "2", "production.json").new)
        image = {"repository": IMAGE, "tag": "2", "digest": DIGEST}
        assert new == {"image": image, "b": {"image": f"{IMAGE}:2{D}"}}


@pytest.mark.parametrize(
    "name",
    ["values.yaml", "a/values.yml", "values-production.yaml", "production-values.yml", "production.values.yaml",
     "chart/values/production.yaml"],
)  # fmt: skip
def test_values_have_these_names_whatever_kind_they_set(name: str) -> None:
    text = f"kind: DaemonSet\nimage: {{ repository: {IMAGE}, tag: 1 }}\n"
    assert format_of(name, text).name == "helm-values"
    assert len(find(text, name)[1]) == 1
    assert format_of(name, f"apiVersion: v1\n{text}").name == "kubernetes"


@pytest.mark.parametrize("name", ["production.yaml", "values.json", "values/production.json", "my-values-2.yaml"])
def test_other_files_are_values_if_they_are_no_object(name: str) -> None:
    text = f"image: {{ repository: {IMAGE}, tag: 1 }}\n"
    assert len(find(text, name)[1]) == 1
    assert find(f"kind: DaemonSet\n{text}", name)[1] == find(f"apiVersion: v1\n{text}", name)[1] == []


def test_the_images_of_every_document_and_at_every_depth_are_found_in_order() -> None:
    first = f"a: [{{ b: {{ image: {IMAGE}:1 }} }}, [{{ name: x, image: {IMAGE} }}]]\n"
    places = pinned(f"{first}---\nmyImage: {{ name: {IMAGE}, tag: 2 }}\n").places
    assert [(p.document, p.path, p.old) for p in places] == [
        (0, "a[0].b.image", f"{IMAGE}:1"),
        (0, "a[1][0].image", IMAGE),
        (1, "myImage.name", f"{IMAGE}:2"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"git: {{ repository: {IMAGE}, branch: main }}\n",
        f"dependency: {{ repository: 'https://{IMAGE}', name: app }}\n",
        f"release: {{ name: {IMAGE}, tag: '1' }}\n",
        f"image: {{ type: string, default: {IMAGE}:1 }}\n",
        f"image: [{IMAGE}:1]\nbackgroundImage: {IMAGE}:1\n",
        f"note: |\n  image: {IMAGE}:1\n",
        f"images: {{ app: {IMAGE}:1 }}\n",
    ],
)
def test_what_only_looks_like_an_image_is_left_alone(text: str) -> None:
    result = pinned(text)
    assert (result.new, result.places) == (text.encode(), ())


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (f"{{ registry: '{{{{ .r }}}}', repository: {IMAGE}, tag: 1 }}", "it is a template"),
        (f"{{ repository: {IMAGE}, tag: '{{{{ .t }}}}', digest: '' }}", "it is a template"),
        (f"{{ repository: {IMAGE}, tag: 1, digest: '${{D}}' }}", "it holds a variable"),
        (f"{{ repository: {IMAGE}, tag: !secret x }}", "its tag or digest isn't written plainly"),
    ],
)
def test_what_is_known_only_later_is_skipped_with_a_reason(image: str, reason: str) -> None:
    result = pinned(f"image: {image}\n")
    assert result.new == result.old
    assert [seen.reason for seen in result.seen] == [reason]
