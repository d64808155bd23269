"""Builds on the real engine: what comes out, what stays the same, what a failure says."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from ci_toolkit.builders.layouts import PreviousImage
from ci_toolkit.config.options import CacheOptions, SecretSource
from ci_toolkit.errors import RemoteError
from ci_toolkit.layout import Layout
from ci_toolkit.model.context import CiContext
from ci_toolkit.model.oci import Manifest, parse_index, parse_manifest
from ci_toolkit.model.tags import TagRule
from ci_toolkit.state import as_json
from tests.harness.builds import BOTH, COPY, EMPTY, REVISION, Bench, image_options, write_context
from tests.harness.built_layouts import config_of, files_in, layout_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.model.plan import Action


def test_two_platforms_become_one_verified_index(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    context = write_context(tmp_path / "src", COPY, a_txt="hello")
    options = image_options(context, platforms=BOTH, title="The app", licenses="MIT", annotations={"team": "a,b"})
    image = bench.step(options).run(EMPTY).image("app")
    layout = layout_of(bench, image)
    root = layout.root()
    assert root.digest == image.digest
    assert layout.verify(root) > 0
    assert set(image.platforms) == set(BOTH)
    assert len(image.attestations) == 2
    assert image.layout == ".ci-toolkit/images/app"
    assert image.builder is not None
    assert "driver" in image.builder
    index = parse_index(layout.read(root))
    for noted in (
        index.annotations,
        parse_manifest(layout.blob(image.platforms[BOTH[1]]).read_bytes()).annotations,
    ):
        assert noted["org.opencontainers.image.title"] == "The app"
        assert noted["org.opencontainers.image.licenses"] == "MIT"
        assert noted["org.opencontainers.image.revision"] == REVISION
        assert noted["org.opencontainers.image.created"] == "2026-01-02T03:04:05Z"
        assert noted["org.opencontainers.image.source"] == "https://example.com/acme/app"
        assert noted["team"] == "a,b"
    config = config_of(bench, image, "linux/arm64")
    assert config["created"] == "2026-01-02T03:04:05Z"
    assert config["config"]["Labels"]["org.opencontainers.image.revision"] == REVISION
    assert [entry.name for entry in bench.workdir.joinpath("images").iterdir()] == ["app"]


def test_a_rebuild_is_the_same_image(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    context = write_context(tmp_path / "src", COPY, a_txt="hello")
    step = bench.step(image_options(context, platforms=BOTH))
    first = step.run(EMPTY)
    first = first.with_image("app", verdict="pass", references=("example.com/app:1",))
    entries = sorted(p.name for p in layout_of(bench, first.image("app")).blobs.iterdir())
    os.utime(context / "a.txt", (1, 1))
    second = step.run(first)
    assert second == first
    assert sorted(p.name for p in layout_of(bench, second.image("app")).blobs.iterdir()) == entries
    assert "every platform is as before" in bench.heard.text
    layout_of(bench, second.image("app")).verify(layout_of(bench, second.image("app")).root())


def test_another_image_forgets_what_was_known_of_the_old_one(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    context = write_context(tmp_path / "src", COPY, a_txt="hello")
    step = bench.step(image_options(context))
    first = step.run(EMPTY).with_image("app", verdict="pass", references=("example.com/app:1",), tags=("1",))
    (context / "a.txt").write_text("changed")
    image = step.run(first).image("app")
    assert image.digest != first.image("app").digest
    assert (image.verdict, image.references, image.tags) == (None, (), ())


def test_two_directories_and_times_give_the_same_platforms(tmp_path: Path) -> None:
    digests = []
    for number, name in enumerate(("one", "two")):
        bench = Bench(tmp_path / name)
        context = write_context(bench.root / f"src{number}", f"{COPY}\n", a_txt="same")
        os.utime(context / "a.txt", (1_700_000_000 + number, 1_700_000_000 + number))
        # Another build argument, so that nothing comes from the cache.
        options = image_options(context, platforms=BOTH, provenance="none", build_args={"UNUSED": name})
        image = bench.step(options).run(EMPTY).image("app")
        digests.append((image.digest, image.platforms))
    assert digests[0] == digests[1]


def test_a_damaged_layout_is_made_whole_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    context = write_context(tmp_path / "src", COPY, a_txt="hello")
    step = bench.step(image_options(context))
    first = step.run(EMPTY)
    layout = layout_of(bench, first.image("app"))
    manifest = layout.document(parse_index(layout.read(layout.root())).manifests[0])
    assert isinstance(manifest, Manifest)
    layout.blob(manifest.layers[0].digest).write_bytes(b"broken")
    assert step.run(first) == first
    layout.verify(layout.root())


class Registry:
    """A registry's answer: what another layout holds."""

    def __init__(self, layout: Layout, error: str = "") -> None:
        self.layout = layout
        self.error = error
        self.asked: list[str] = []

    def plan(self, image: ImageOptions, tag: str) -> Sequence[Action]:
        del image, tag
        return []

    def find(self, image: ImageOptions, tag: str) -> PreviousImage | None:
        self.asked.append(f"{image.name}:{tag}")
        if self.error:
            raise RemoteError(self.error)
        root = self.layout.root()
        return PreviousImage(
            self.layout.read(root),
            root.media_type,
            lambda wanted, into: into.add_stream([self.layout.read(wanted)], wanted),
        )


def test_the_image_in_the_registry_is_kept_where_no_state_tells_of_it(tmp_path: Path) -> None:
    context = write_context(tmp_path / "src", COPY, a_txt="hello")
    options = image_options(context, platforms=BOTH)
    first, second = Bench(tmp_path / "first"), Bench(tmp_path / "second")
    pushed = first.step(options).run(EMPTY).image("app")
    registry = Registry(layout_of(first, pushed))
    image = second.step(options, previous=registry).run(EMPTY).image("app")
    assert image.digest == pushed.digest
    assert image.attestations == pushed.attestations
    assert registry.asked == ["app:sha-0123456"]
    layout = layout_of(second, image)
    layout.verify(layout.root())


def test_a_registry_that_does_not_answer_stops_no_build(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    context = write_context(tmp_path / "src", COPY, a_txt="hello")
    registry = Registry(Layout(tmp_path / "none"), error="nobody there")
    assert bench.step(image_options(context), previous=registry).run(EMPTY).image("app").digest
    assert "warning: app: no earlier image can be asked for: nobody there" in bench.heard.lines


def test_a_single_platform_without_provenance_is_a_plain_manifest(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    context = write_context(tmp_path / "src", COPY, a_txt="hello")
    options = image_options(context, platforms=("linux/arm64",), provenance="none")
    image = bench.step(options).run(EMPTY).image("app")
    assert image.platforms == {"linux/arm64": image.digest}
    assert image.attestations == ()
    assert layout_of(bench, image).root().is_manifest


def test_the_workdir_is_left_out_of_the_context(tmp_path: Path) -> None:
    context = write_context(tmp_path, "FROM scratch\nCOPY . /all/\n", a_txt="hello", b_log="noise")
    (context / ".dockerignore").write_text("*.log\n!.ci-toolkit")
    bench = Bench(context)
    step = bench.step(image_options(context, provenance="none"))
    first = step.run(EMPTY)
    (bench.workdir / "state.json").write_text("changes at every run")
    second = step.run(first)
    assert second == first
    image = second.image("app")
    (digest,) = image.platforms.values()
    names = files_in(layout_of(bench, image), digest)
    assert "all/a.txt" in names
    assert ".ci-toolkit" not in names
    assert "b.log" not in names


def test_arguments_target_contexts_and_values_that_look_like_flags(tmp_path: Path) -> None:
    dockerfile = (
        "FROM scratch AS first\nARG WORD\nLABEL word=$WORD\nCOPY --from=other o.txt /o.txt\n"
        "FROM first AS second\nLABEL second=yes\n"
    )
    context = write_context(tmp_path / "src", dockerfile)
    other = write_context(tmp_path / "other", "", o_txt="from elsewhere")
    bench = Bench(tmp_path)
    options = image_options(
        context,
        target="first",
        build_args={"WORD": "--push=true, $(touch /tmp/p)"},
        build_contexts={"other": str(other)},
        labels={"comma": "a,b=c"},
    )
    image = bench.step(options).run(EMPTY).image("app")
    (platform,) = image.platforms
    labels = config_of(bench, image, platform)["config"]["Labels"]
    assert labels["word"] == "--push=true, $(touch /tmp/p)"
    assert labels["comma"] == "a,b=c"
    assert "second" not in labels


def test_secrets_reach_the_build_and_nothing_else(tmp_path: Path) -> None:
    dockerfile = (
        # A line of its own in every run, so that nothing comes from the cache.
        f"FROM busybox:stable\nENV RUN={uuid4()}\n"
        "RUN --mount=type=secret,id=word --mount=type=secret,id=file"
        " sha256sum /run/secrets/word /run/secrets/file > /sums && cat /run/secrets/word /run/secrets/file\n"
    )
    context = write_context(tmp_path / "src", dockerfile)
    token, content = f"tök3n-{uuid4()}", f"file-secret-{uuid4()}"
    (tmp_path / "secret,with=comma").write_text(content)
    bench = Bench(tmp_path, env={**os.environ, "THE_TOKEN": token})
    secrets = {
        "word": SecretSource(env="THE_TOKEN", file=None),
        "file": SecretSource(env=None, file=tmp_path / "secret,with=comma"),
    }
    options = image_options(context, secrets=secrets, provenance="max")
    state = bench.step(options).run(EMPTY)
    assert "***" in bench.heard.text
    said = bench.heard.text + json.dumps(as_json(state), ensure_ascii=False)
    for secret in (token, content):
        assert secret not in said
        found = subprocess.run(["grep", "-rl", "--", secret, bench.workdir], capture_output=True, check=False)
        assert found.returncode == 1, found.stdout


def test_a_local_cache_is_written_and_read(tmp_path: Path) -> None:
    context = write_context(tmp_path / "src", COPY, a_txt="hello")
    cache = CacheOptions(type="local", ref=None, path=tmp_path / "cache", mode="max")
    step = Bench(tmp_path).step(image_options(context, cache=cache))
    first = step.run(EMPTY)
    assert (tmp_path / "cache" / "index.json").is_file()
    assert step.run(first) == first


def test_outside_a_repository_builds_are_reproducible_too(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    context = write_context(tmp_path / "src", COPY, a_txt="hello")
    options = image_options(context, tags=(TagRule("x"),))
    step = bench.step(options, context=CiContext())
    first = step.run(EMPTY)
    os.utime(context / "a.txt", (1, 1))
    assert step.run(first) == first
    (platform,) = first.image("app").platforms
    assert config_of(bench, first.image("app"), platform)["created"] == "1970-01-01T00:00:00Z"


def test_the_plan_is_the_command_that_runs_and_does_nothing(tmp_path: Path) -> None:
    context = write_context(tmp_path / "src", COPY, a_txt="hello")
    bench = Bench(tmp_path)
    actions = bench.step(image_options(context, platforms=BOTH)).plan(EMPTY)
    commands = [action for action in actions if action.kind == "command"]
    assert len(commands) == 1
    assert not commands[0].when
    assert f"--platform={','.join(BOTH)}" in commands[0].argv
    assert not bench.workdir.exists()
    assert bench.heard.lines == []
    changed = replace(bench, create=True).step(image_options(context)).plan(EMPTY)
    assert [bool(action.when) for action in changed if action.kind == "command"] == [False, True, True, True]
