"""GitHub's workflows and GitLab's CI files: what is read as such, what holds for all, what breaks none."""

from __future__ import annotations

from itertools import zip_longest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_toolkit.errors import ConfigError
from ci_toolkit.manifests.formats import format_of
from ci_toolkit.manifests.pinning import Target, pin
from ci_toolkit.model.reference import Repository
from tests.harness.manifest_texts import events

IMAGE = "ghcr.io/acme/app"
DIGEST = "sha256:" + "d" * 64
D = f"@{DIGEST}"
TARGET = Target(repositories=frozenset({Repository.parse(IMAGE)}), digest=DIGEST, tag=None, style="tag-and-digest")
WORKFLOW, PIPELINE, ACTION = ".github/workflows/ci.yml", ".gitlab-ci.yml", "action.yml"
HEADER = "spec: { inputs: { x: {} } }\n---\na: { image: b }\n"
POD = "kind: Pod\nspec: { inputs: {} }\n"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (WORKFLOW, "", "github-workflow"),
        ("x/.github/workflows/ci.yaml", "", "github-workflow"),
        (".github/workflows/x/ci.yml", "", "kubernetes"),
        (".github/ci.yml", "", "kubernetes"),
        (PIPELINE, "", "gitlab-ci"),
        ("x/.gitlab-ci.yml", POD, "gitlab-ci"),
        ("build.gitlab-ci.yml", "", "gitlab-ci"),
        (".gitlab/ci/build.yml", "a: { image: b }\n", "gitlab-ci"),
        ("ci/build.yaml", "a: { image: b }\n", "gitlab-ci"),
        ("ci/build.json", "{}", "kubernetes"),
        ("ci/pod.yml", POD, "kubernetes"),
        ("ci.yml", "a: { image: b }\n", "kubernetes"),
        ("templates/build.yml", HEADER, "gitlab-ci"),
        ("templates/build.yml", f"# a header\n---\n{HEADER}", "gitlab-ci"),
        ("templates/build.json", HEADER, "kubernetes"),
        ("templates/pod.yml", POD, "kubernetes"),
        ("templates/x.yml", "spec: ['inputs:']\n", "kubernetes"),
        ("templates/x.yml", "# inputs:\n", "kubernetes"),
        (ACTION, "runs: { using: Composite }\n", "github-action"),
    ],
)
def test_the_format_is_told_by_the_name_or_a_header(name: str, text: str, expected: str) -> None:
    assert format_of(name, text).name == expected


COMPOSITE = """\
runs:
  using: composite
  image: docker://ghcr.io/acme/app:1
  steps:
    - uses: actions/checkout@v4
    - uses: docker://ghcr.io/acme/app:1VALUE  # keep
      with: { image: ghcr.io/acme/app:1 }
    - run: docker run ghcr.io/acme/app:1
"""


def test_a_composite_actions_steps_are_pinned() -> None:
    result = pin(COMPOSITE.replace("VALUE", "").encode(), ACTION, [TARGET])
    assert result.new.decode() == COMPOSITE.replace("VALUE", D)
    assert [place.path for place in result.places] == ["runs.steps[1].uses"]
    assert result.seen == ()


def test_a_variable_is_one_place_however_many_jobs_use_it() -> None:
    text = f"variables: {{ I: {IMAGE}:1 }}\nimage: $I\na: {{ image: $I, services: [$I] }}\n"
    result = pin(text.encode(), PIPELINE, [TARGET])
    assert [(place.path, place.new) for place in result.places] == [("variables.I", f"{IMAGE}:1{D}")]
    assert result.seen == ()


def test_what_stands_where_another_tag_says_is_told() -> None:
    (seen,) = pin(b"a: { image: !reference [.b, image] }\n", PIPELINE, [TARGET]).seen
    assert (seen.line, seen.column, seen.value) == (1, 13, "!reference [.b, image]")


JUNK = ["5", "null", "[]", "{}", "[[a]]", "{a: b}", "''", "[{}]", "!x [a]", "!reference []", "&a [*a]", "*none",
        "2026-01-01", "{image: [a]}", "{name: {name: a}}", "[5, [a]]", "{? [a] : b}", "{<<: [1, {}]}"]  # fmt: skip
SHAPES = {
    WORKFLOW: ["X", "jobs: X", "jobs: { a: X }", "jobs: { a: { container: X, services: X, steps: X } }",
               "jobs: { a: { container: { image: X }, services: { b: X }, steps: [{ uses: X }] } }"],
    ACTION: ["X", "runs: X", "runs: { using: X }", "runs: { using: composite, steps: X }",
             "runs: { using: composite, steps: [{ uses: X }] }"],
    PIPELINE: ["X", "image: X", "services: X", "a: X", "variables: X\nimage: $a", "variables: { a: X }\nimage: $a",
               "default: { image: X, services: [X] }", "a: { image: $a, variables: { a: { value: X } } }"],
}  # fmt: skip


def outcome(data: bytes, name: str) -> tuple[bytes, str]:
    """What becomes of a file, and why it can't be read."""
    try:
        return pin(data, name, [TARGET]).new, ""
    except ConfigError as error:
        return data, error.violations[0]


@pytest.mark.parametrize(("name", "shape"), [(name, shape) for name, shapes in SHAPES.items() for shape in shapes])
def test_other_types_than_expected_hold_no_image(name: str, shape: str) -> None:
    for junk in JUNK:
        data = f"{shape.replace('X', junk)}\n".encode()
        new, reason = outcome(data, name)
        assert new == data
        assert not reason, junk


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[" * 30_000, "nested more than 256 levels deep"),
        (b"jobs:\0", "not YAML"),
        (b"# caf\xe9\n", "not UTF-8"),
        (b"&a\n<<: *a\njobs: &b { <<: *b, c: *b, runs: *a }\n", ""),
        (b"a: &a\n" + b"b: *a\n" * 3000, "more than 2,000 aliases in one document"),
    ],
)
def test_what_is_made_to_break_a_reader_does_not(name: str, data: bytes, reason: str) -> None:
    new, told = outcome(data, name)
    assert new == data
    assert reason in told
    assert bool(reason) == bool(told)


@pytest.mark.parametrize(("name", "head"), [(WORKFLOW, "jobs:\n"), (PIPELINE, "")])
def test_merges_of_merges_end(name: str, head: str) -> None:
    indent = " " if head else ""
    levels = [f"{indent}l{i}: &l{i} {{ <<: [{', '.join([f'*l{i - 1}'] * 10)}] }}\n" for i in range(1, 20)]
    data = f"{head}{indent}l0: &l0 {{ a: 1 }}\n{''.join(levels)}".encode()
    assert "aliases lead to more places than anyone could mean" in outcome(data, name)[1]


WRITTEN = st.sampled_from(["{}", '"{}"', "'{}'", "!!str {}", "{}  # image: ghcr.io/acme/app:1", "&a{n} {}"])
OURS = st.sampled_from([IMAGE, f"{IMAGE}:1.10", "GHCR.io/acme/app:v1"])
OTHERS = st.sampled_from(["busybox:1", "'${{ x }}'", "$UNKNOWN", "''", "ghcr.io/acme/app-web"])
JOBS = {
    WORKFLOW: ["container: X", "container:\n      image: X", "services:\n      a: X\n      b:\n        image: X",
               "steps:\n    - uses: actions/checkout@v4\n    - run: image ghcr.io/acme/app"],
    PIPELINE: ["image: X", "image:\n      name: X", "services:\n    - X\n    - name: X\n      alias: a",
               "variables:\n      V: X\n    image: $V", "script: ['docker pull ghcr.io/acme/app']"],
}  # fmt: skip


@st.composite
def files(draw: st.DrawFn, name: str) -> bytes:
    """Jobs with images of ours and others', in any style, line ends and byte order mark drawn as well."""
    head = "on: push\njobs:\n" if name == WORKFLOW else "stages: [a]\n.x:\n  image: 'é🚢'\n"
    jobs = []
    for number in range(draw(st.integers(1, 5))):
        body = draw(st.sampled_from(JOBS[name]))
        for place in range(body.count("X")):
            image = draw(st.one_of(OURS, OTHERS)) if "V: X" not in body else draw(OURS)
            written = draw(WRITTEN) if image[0] not in "'$" else "{}"
            body = body.replace("X", written.replace("{n}", f"{number}{place}").replace("{}", image), 1)
        indent = "  " if name == WORKFLOW else ""
        jobs.append(f"{indent}job{number}:\n    {body}\n")
    text = head + "".join(jobs)
    text = text.replace("\n", "\r\n") if draw(st.booleans()) else text
    return (draw(st.sampled_from(["", "\ufeff"])) + text).encode()


@given(st.data())
@pytest.mark.parametrize("name", [WORKFLOW, PIPELINE])
@settings(max_examples=100, deadline=None)
def test_only_digests_come_and_only_once(name: str, data: st.DataObject) -> None:
    before = data.draw(files(name))
    first = pin(before, name, [TARGET])
    assert first.new.replace(D.encode(), b"") == before
    assert first.new.count(D.encode()) == len(first.places)
    assert pin(first.new, name, [TARGET]).new == first.new
    for old, new in zip_longest(events(before), events(first.new)):
        assert type(old) is type(new)
        assert getattr(old, "value", "") == getattr(new, "value", "").replace(D, "")
