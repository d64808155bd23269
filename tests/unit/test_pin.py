"""The pin step: digests from the push, counted places, all files or none, the state it leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ci_toolkit import state as states
from ci_toolkit.errors import ConfigError, IntegrityError, UsageError, VerdictError
from ci_toolkit.model.reference import parse_destination
from ci_toolkit.state import PinEdit, Pushed, Source, State
from tests.harness.builds import image_options
from tests.harness.pin_step import APP, ARM, ENTRY, GHCR, MIRROR, WEB, Project, pushed_image
from tests.harness.pinning import pod

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions


@pytest.fixture
def project(tmp_path: Path) -> Project:
    def options(name: str, *repositories: str) -> ImageOptions:
        return image_options(tmp_path, name=name, repositories=tuple(map(parse_destination, repositories)))

    return Project(
        tmp_path,
        {"app": options("app", GHCR, MIRROR), "web": options("web", "ghcr.io/acme/web")},
        State(
            tool_version="0",
            source=Source(images_hash=""),
            images={"app": pushed_image(APP, GHCR, MIRROR), "web": pushed_image(WEB, "ghcr.io/acme/web")},
        ),
    )


def test_digests_are_written_and_told(project: Project) -> None:
    project.write(one=pod(f"{GHCR}:0.9", "busybox:1", f'"{MIRROR}"'), two=pod("ghcr.io/acme/web:0.9"))
    state = project.run()
    assert project.read("one") == pod(f"{GHCR}:1.0.0@{APP}", "busybox:1", f'"{MIRROR}:1.0.0@{APP}"')
    assert project.read("two") == pod(f"ghcr.io/acme/web:1.0.0@{WEB}")
    assert state.pins == (
        PinEdit(file="deploy/one.yaml", document=0, line=4, old=f"{GHCR}:0.9", new=f"{GHCR}:1.0.0@{APP}"),
        PinEdit(file="deploy/one.yaml", document=0, line=6, old=MIRROR, new=f"{MIRROR}:1.0.0@{APP}"),
        PinEdit(
            file="deploy/two.yaml",
            document=0,
            line=4,
            old="ghcr.io/acme/web:0.9",
            new=f"ghcr.io/acme/web:1.0.0@{WEB}",
        ),
    )
    assert states.from_json(states.as_json(state)) == state


def test_a_second_run_touches_nothing_and_still_tells_every_place(project: Project) -> None:
    project.write(one=pod(f"{GHCR}:0.9"))
    first = project.run()
    before = (project.root / "deploy/one.yaml").stat()
    project.shown.clear()
    second = project.run()
    after = (project.root / "deploy/one.yaml").stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    assert [(pin.old, pin.new) for pin in second.pins] == [(first.pins[0].new, first.pins[0].new)]
    assert project.shown == []
    assert "1 place holds the digest already" in project.heard.text
    project.run(check=True)


def test_check_writes_nothing_and_says_no(project: Project) -> None:
    project.write(one=pod(f"{GHCR}:0.9"))
    with pytest.raises(VerdictError, match=r"deploy/one\.yaml:4") as caught:
        project.run(check=True)
    assert caught.value.place == ("deploy/one.yaml", 4)
    assert project.read("one") == pod(f"{GHCR}:0.9")
    (diff,) = project.shown
    assert diff == (
        "--- a/deploy/one.yaml\n+++ b/deploy/one.yaml\n@@ -1,4 +1,4 @@\n kind: Pod\n spec:\n   containers:\n"
        f"-    - image: {GHCR}:0.9  # keep\n+    - image: {GHCR}:1.0.0@{APP}  # keep\n"
    )


def test_the_plan_reads_and_tells_and_writes_nothing(project: Project) -> None:
    project.write(one=pod(f"{GHCR}:0.9", f"{MIRROR}:1.0.0@{APP}"))
    actions = project.step().plan(project.state)
    assert [(a.kind, a.path, a.summary) for a in actions] == [
        ("write", "deploy/one.yaml", f"deploy/one.yaml:4: {GHCR}:0.9 → {GHCR}:1.0.0@{APP}"),
        ("decide", "", "1 place holds the digest already"),
    ]
    assert [a.kind for a in project.step(check=True).plan(project.state)] == ["decide", "decide"]
    assert project.read("one") == pod(f"{GHCR}:0.9", f"{MIRROR}:1.0.0@{APP}")


def test_a_plan_before_the_build_names_what_it_cannot_know(project: Project) -> None:
    project.write(one=pod(f"{GHCR}:0.9"))
    (action,) = project.step().plan(replace(project.state, images={}))
    assert action.summary == f"deploy/one.yaml:4: {GHCR}:0.9 → {GHCR}:<first tag of app>@<digest of app>"


def test_the_digest_style_drops_the_tag(project: Project) -> None:
    project.write(one=pod(f"{GHCR}:0.9"))
    project.entry(style="digest")
    assert project.run().pins[0].new == f"{GHCR}@{APP}"


def test_the_tag_is_the_one_that_was_pushed(project: Project) -> None:
    """A tag worked out anew since the push points nowhere yet."""
    project.write(one=pod(f"{GHCR}:0.9"))
    project.with_image("app", tags=("2.0.0",))
    assert project.run().pins[0].new == f"{GHCR}:1.0.0@{APP}"


@pytest.mark.parametrize(
    "changes",
    [
        {"pushed": ()},
        {"pushed": (Pushed(repository=GHCR, digest=APP, tags=("1",)),)},
        {"digest": WEB},
        {"digest": None},
    ],
)
def test_what_was_not_pushed_as_it_is_now_is_not_pinned(project: Project, changes: dict[str, Any]) -> None:
    project.write(one=pod(f"{GHCR}:0.9"))
    project.with_image("app", **changes)
    with pytest.raises(UsageError, match="no digest to pin") as caught:
        project.run()
    assert "ci-toolkit push" in caught.value.hint
    assert project.read("one") == pod(f"{GHCR}:0.9")


def test_what_the_gate_refuses_is_not_pinned_unless_it_was_overridden(project: Project) -> None:
    project.write(one=pod(f"{GHCR}:0.9"))
    project.with_image("app", verdict="fail", gate="on")
    with pytest.raises(VerdictError):
        project.run()
    project.with_image("app", gate="overridden")
    assert project.run().pins[0].new.endswith(str(APP))


def test_one_platforms_digest_is_not_swapped_for_the_index(project: Project) -> None:
    project.write(one=pod(f"{GHCR}:0.9@{ARM}"))
    with pytest.raises(IntegrityError, match="linux/arm64") as caught:
        project.run()
    assert caught.value.place == ("deploy/one.yaml", 4)


@pytest.mark.parametrize("expect", [1, 3])
def test_another_number_than_expected_shows_what_was_seen(project: Project, expect: int) -> None:
    project.write(one=pod(f"{GHCR}:0.9", "busybox:1"), two=pod("${WEB}", GHCR), three=pod("quay.io/acme/app:1"))
    project.entry(images=("app",), expect=expect)
    with pytest.raises(
        ConfigError, match=rf"pin\[0\] wants {expect} places with {GHCR}, {MIRROR}, .* has 2$"
    ) as caught:
        project.run()
    assert caught.value.violations == (
        f"deploy/one.yaml:4:14: {GHCR}:0.9 (counted)",
        "deploy/one.yaml:5:14: busybox:1 (another image)",
        "deploy/three.yaml:4:14: quay.io/acme/app:1 (another image)",
        f"deploy/two.yaml:5:14: {GHCR} (counted)",
        "deploy/two.yaml:4:14: ${WEB} (it holds a variable)",
    )
    assert project.read("one") == pod(f"{GHCR}:0.9", "busybox:1")


def test_the_expected_number_counts_every_place(project: Project) -> None:
    project.write(one=pod(f"{GHCR}:0.9", f"{GHCR}:1.0.0@{APP}"))
    project.entry(images=("app",), expect=2)
    assert len(project.run().pins) == 2


def test_no_place_at_all_is_an_error(project: Project) -> None:
    project.write(one=pod("busybox:1"))
    with pytest.raises(ConfigError, match="wants at least one place") as caught:
        project.run()
    assert caught.value.violations == ("deploy/one.yaml:4:14: busybox:1 (another image)",)


def test_no_file_at_all_is_an_error(project: Project) -> None:
    project.entry(files=("deploy/*.yaml", "nowhere/*.yaml"))
    project.write(one=pod(GHCR))
    with pytest.raises(ConfigError, match=r"no file matches 'nowhere/\*\.yaml'"):
        project.run()


def test_files_that_cannot_be_read_stop_everything_and_are_all_named(project: Project) -> None:
    project.write(a=pod(GHCR), b=f"image: {GHCR}\n  x: [", c="{{ if }}\nimage: ghcr.io/acme/web")
    with pytest.raises(ConfigError) as caught:
        project.run()
    assert [v.partition(":")[0] for v in caught.value.violations] == ["deploy/b.yaml", "deploy/c.yaml"]
    assert project.read("a") == pod(GHCR)


def test_a_file_named_by_its_path_has_to_be_readable_whatever_it_holds(project: Project) -> None:
    project.write(a=pod(GHCR), b="{{ if .on }}\nkind: Pod\n{{ end }}")
    project.run()
    project.entry(files=("deploy/a.yaml", "deploy/b.yaml"))
    with pytest.raises(ConfigError, match="can't be read"):
        project.run()


def test_a_failing_entry_leaves_the_others_unwritten(project: Project) -> None:
    project.write(one=pod(GHCR), two=pod("busybox:1"))
    project.entries = (replace(ENTRY, files=("deploy/one.yaml",)), replace(ENTRY, files=("deploy/two.yaml",)))
    with pytest.raises(ConfigError, match=r"pin\[1\]"):
        project.run()
    assert project.read("one") == pod(GHCR)


def test_entries_work_on_what_earlier_ones_made(project: Project) -> None:
    project.write(one=pod(f"{GHCR}:0.9", "ghcr.io/acme/web:0.9"))
    project.entries = (replace(ENTRY, images=("app",)), replace(ENTRY, images=("web",), style="digest"))
    state = project.run()
    assert project.read("one") == pod(f"{GHCR}:1.0.0@{APP}", f"ghcr.io/acme/web@{WEB}")
    assert [pin.old for pin in state.pins] == [f"{GHCR}:0.9", "ghcr.io/acme/web:0.9"]


def test_two_styles_for_one_place_settle(project: Project) -> None:
    project.write(one=pod(f"{GHCR}:0.9"))
    project.entries = (ENTRY, replace(ENTRY, style="digest"))
    assert [(pin.old, pin.new) for pin in project.run().pins] == [(f"{GHCR}:0.9", f"{GHCR}@{APP}")]
    project.run(check=True)
    assert [(pin.old, pin.new) for pin in project.run().pins] == [(f"{GHCR}@{APP}", f"{GHCR}@{APP}")]


def test_part_of_the_images_pins_its_own_places_and_keeps_the_others_in_the_state(project: Project) -> None:
    project.write(one=pod(f"{GHCR}:0.9", "ghcr.io/acme/web:0.9"))
    project.entry(expect=2)
    project.run()
    again = pushed_image(ARM, GHCR, MIRROR, platforms={"linux/arm64": ARM})
    project.with_image("app", **{name: getattr(again, name) for name in ("digest", "platforms", "pushed")})
    project.images.pop("web")
    state = project.run(partial=True)
    assert {pin.new for pin in state.pins} == {f"{GHCR}:1.0.0@{ARM}", f"ghcr.io/acme/web:1.0.0@{WEB}"}


def test_an_image_on_disk_is_left_out_with_a_word(project: Project, tmp_path: Path) -> None:
    project.write(one=pod(GHCR))
    on_disk = image_options(tmp_path, name="disk", repositories=(parse_destination("oci:registry/disk"),))
    project.images = {"disk": on_disk}
    assert project.run().pins == ()
    assert "disk is pushed to no registry" in project.heard.text
    assert project.read("one") == pod(GHCR)


def test_two_images_in_one_repository_cannot_be_told_apart(project: Project, tmp_path: Path) -> None:
    project.write(one=pod(GHCR))
    project.images["debug"] = image_options(tmp_path, name="debug", repositories=(parse_destination(GHCR),))
    with pytest.raises(ConfigError, match="app and debug both are"):
        project.run()
    project.entry(images=("app",))
    assert len(project.run().pins) == 1
