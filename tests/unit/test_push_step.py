"""The push step: who may pass, what is recorded, and what a failing registry stops."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ci_toolkit.config.options import CacheOptions, ImageOptions
from ci_toolkit.errors import IntegrityError, RemoteError, ToolkitError, UsageError, VerdictError
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.findings import Severity
from ci_toolkit.model.gate import GatePolicy
from ci_toolkit.model.reference import LayoutRepository, parse_destination
from ci_toolkit.model.tags import NO_FLAVOR
from ci_toolkit.progress import Silent
from ci_toolkit.redact import Redactor
from ci_toolkit.registry.destinations import Destinations
from ci_toolkit.registry.outcome import Outcome
from ci_toolkit.state import ImageState, Pushed, Scan, Source, State
from ci_toolkit.steps.push import PushStep
from tests.harness.pushing import destinations, sample_image

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ci_toolkit.layout import Layout
    from ci_toolkit.model.oci import Descriptor
    from ci_toolkit.model.plan import Action
    from ci_toolkit.model.reference import Destination

GATE = GatePolicy(
    severity=Severity.HIGH, fixable_only=True, unknown="warn", end_of_life_os="fail", incomplete="fail", ignores=()
)
OFF = replace(GATE, severity=None)
TAGS = ("1.0", "latest")
REPOSITORIES = ("ghcr.io/acme/app", "example.com/app")


class Warnings:
    """A `Progress` that keeps the warnings."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.task = Silent().task

    def info(self, message: str) -> None:
        """Say nothing."""

    debug = tool = info

    def warn(self, message: str) -> None:
        self.heard.append(message)


@dataclass
class Publisher:
    """Takes everything, but for the destinations that fail."""

    failing: dict[str, ToolkitError] = field(default_factory=dict)
    pushed: list[tuple[str, Digest, tuple[str, ...]]] = field(default_factory=list)

    def plan(self, image: str, digest: str, tags: Sequence[str], destination: Destination) -> Sequence[Action]:
        with destinations() as real:
            return real.plan(image, digest, tags, destination)

    def push(
        self,
        destination: Destination,
        layout: Layout,  # noqa: ARG002
        root: Descriptor,
        tags: Sequence[str],
        immutable: Collection[str] = (),  # noqa: ARG002
    ) -> Outcome:
        if error := self.failing.get(str(destination)):
            raise error
        self.pushed.append((str(destination), root.digest, tuple(tags)))
        return Outcome(uploaded=3, bytes=7, moved=tuple(tags))

    def tell_budgets(self) -> None:
        """There are none."""


@dataclass
class Bench:
    """A push step of one image, and all it touches."""

    root: Path
    layout: Layout
    image: Descriptor
    publisher: Publisher = field(default_factory=Publisher)
    progress: Warnings = field(default_factory=Warnings)
    saved: list[State] = field(default_factory=list)

    def step(self, policy: GatePolicy = GATE, *, no_gate: bool = False, images: Sequence[str] = ("app",)) -> PushStep:
        return PushStep(
            images={name: options(name) for name in images},
            publisher=self.publisher,
            policy=policy,
            policy_hash="policy",
            no_gate=no_gate,
            root=self.root,
            progress=self.progress,
            redact=Redactor(),
            save=self.saved.append,
        )

    def state(self, **changes: Any) -> State:
        scan = Scan(
            scanner="trivy",
            version="0",
            database_updated=None,
            database_repository=None,
            policy_hash="policy",
            scanned_at="2026-01-01T00:00:00Z",
            digest=self.image.digest,
        )
        fields = {"digest": self.image.digest, "layout": "layout", "tags": TAGS, "verdict": "pass", "scan": scan}
        image = replace(ImageState(), **{**fields, **changes})
        return State(tool_version="0", source=Source(revision=None, images_hash="x"), images={"app": image})


def options(name: str) -> ImageOptions:
    return ImageOptions(
        name=name,
        context=Path(),
        dockerfile=Path("Dockerfile"),
        target=None,
        platforms=(),
        build_args={},
        build_contexts={},
        secrets={},
        ssh=(),
        labels={},
        annotations={},
        title=None,
        licenses=None,
        cache=CacheOptions(type="none", ref=None, path=None, mode="min"),
        provenance="min",
        reproducible=False,
        repositories=tuple(parse_destination(text) for text in REPOSITORIES),
        tags=(),
        flavor=NO_FLAVOR,
        immutable_tags=(),
        version_file=None,
        scratch=False,
    )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    layout, root = sample_image(tmp_path / "layout")
    return Bench(tmp_path, layout, root)


def test_what_passed_is_pushed_everywhere_and_recorded(bench: Bench) -> None:
    state = bench.step().run(bench.state())
    assert sorted(bench.publisher.pushed) == sorted((name, bench.image.digest, TAGS) for name in REPOSITORIES)
    image = state.image("app")
    assert image.references == (
        "example.com/app:1.0",
        "example.com/app:latest",
        "ghcr.io/acme/app:1.0",
        "ghcr.io/acme/app:latest",
    )
    assert [record.repository for record in image.pushed] == ["example.com/app", "ghcr.io/acme/app"]
    assert image.pushed[0] == Pushed(
        repository="example.com/app", digest=bench.image.digest, tags=TAGS, uploaded=3, bytes=7, tags_moved=2
    )
    assert image.gate == "on"
    assert bench.saved[-1] == state
    assert bench.progress.heard == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verdict": "fail", "blocking": ("CVE-1 zlib 1 (high)",)}, "1 blocking, first CVE-1"),
        ({"verdict": None}, "never scanned"),
        ({"scan": None}, "never scanned"),
        ({"verdict": "none"}, "the gate refuses it"),
        ({"scan": {"digest": Digest.of(b"other")}}, "another image was scanned"),
        ({"scan": {"policy_hash": "other"}}, "another policy"),
    ],
)
def test_what_did_not_pass_is_not_pushed(bench: Bench, changes: dict[str, Any], words: str) -> None:
    state = bench.state()
    if isinstance(changes.get("scan"), dict):
        scan = state.image("app").scan
        assert scan
        changes = {"scan": replace(scan, **changes["scan"])}
    state = state.with_image("app", **changes)
    with pytest.raises(VerdictError, match=words) as caught:
        bench.step().run(state)
    assert caught.value.exit_code == 1
    assert bench.publisher.pushed == []
    assert bench.saved == []
    passed = bench.step(no_gate=True).run(state)
    assert len(bench.publisher.pushed) == 2
    assert passed.image("app").gate == "overridden"
    assert "--no-gate" in bench.progress.heard[0]
    assert words in bench.progress.heard[0]


def test_one_refused_image_keeps_all_back(bench: Bench) -> None:
    good = bench.state().image("app")
    state = replace(bench.state(), images={"app": good, "bad": replace(good, verdict="fail")})
    with pytest.raises(VerdictError, match="bad is not pushed"):
        bench.step(images=("app", "bad")).run(state)
    assert bench.publisher.pushed == []


def test_without_a_gate_nothing_needs_a_scan(bench: Bench) -> None:
    state = bench.step(OFF).run(bench.state(scan=None, verdict=None))
    assert len(bench.publisher.pushed) == 2
    assert state.image("app").gate == "off"
    assert bench.progress.heard == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"digest": None}, "has not been built"),
        ({"layout": None}, "has not been built"),
        ({"tags": ()}, "has no tags"),
    ],
)
def test_what_earlier_steps_left_open(bench: Bench, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        bench.step().run(bench.state().with_image("app", **changes))


def test_a_layout_of_another_image_is_refused(bench: Bench, tmp_path: Path) -> None:
    sample_image(tmp_path / "layout", salt="changed after the build")
    with pytest.raises(IntegrityError, match="in the state") as caught:
        bench.step().run(bench.state())
    assert caught.value.exit_code == 5
    assert bench.publisher.pushed == []


def test_a_failing_registry_stops_no_other_and_what_succeeded_is_kept(bench: Bench) -> None:
    bench.publisher.failing[REPOSITORIES[0]] = RemoteError("ghcr.io is down")
    with pytest.raises(RemoteError, match=r"ghcr\.io is down"):
        bench.step().run(bench.state())
    assert [destination for destination, _, _ in bench.publisher.pushed] == [REPOSITORIES[1]]
    kept = bench.saved[-1]
    assert kept.image("app").references == ("example.com/app:1.0", "example.com/app:latest")
    assert "ghcr.io is down" in bench.progress.heard[0]
    bench.publisher.failing.clear()
    assert len(bench.step().run(kept).image("app").references) == 4


def test_several_failures_are_told_together_the_worst_decides(bench: Bench) -> None:
    bench.publisher.failing = {REPOSITORIES[0]: RemoteError("is down"), REPOSITORIES[1]: IntegrityError("lies")}
    with pytest.raises(IntegrityError, match=r"acme/app: is down; app → example.*: lies"):
        bench.step().run(bench.state())


def test_earlier_pushes_of_another_digest_or_elsewhere_are_forgotten(bench: Bench) -> None:
    other = Pushed(repository=REPOSITORIES[0], digest=Digest.of(b"old"), tags=("0.9",))
    gone = Pushed(repository="old.example.com/app", digest=bench.image.digest, tags=TAGS)
    bench.publisher.failing = dict.fromkeys(REPOSITORIES, RemoteError("is down"))
    with pytest.raises(RemoteError):
        bench.step().run(bench.state(pushed=(other, gone), references=("ghcr.io/acme/app:0.9",)))
    assert bench.saved[-1].image("app").references == ()


def test_the_plan_names_every_request_in_order(bench: Bench) -> None:
    empty = replace(bench.state(), images={})
    actions = bench.step().plan(empty)
    assert {action.kind for action in actions} == {"request"}
    first = [action for action in actions if "ghcr.io" in action.url]
    assert first[0].as_json() == {
        "step": "push",
        "kind": "request",
        "summary": "ask whether ghcr.io/acme/app has <digest of app>",
        "image": "app",
        "method": "HEAD",
        "url": "https://ghcr.io/v2/acme/app/manifests/<digest of app>",
    }
    puts = [action.url.rpartition("/")[2] for action in first if action.method == "PUT"]
    assert puts == [
        "<upload>?digest=<digest of each blob>",
        "<digest of each platform>",
        "<digest of app>",
        "<each tag of app>",
    ]
    assert all(action.when for action in first if action.method in ("PUT", "POST"))


def test_the_plan_says_what_is_known(bench: Bench) -> None:
    urls = [action.url for action in bench.step().plan(bench.state()) if action.method == "PUT"]
    assert "https://example.com/v2/app/manifests/1.0" in urls
    assert f"https://example.com/v2/app/manifests/{bench.image.digest}" in urls


def test_the_plan_knows_plain_http_docker_hub_and_disks(tmp_path: Path) -> None:
    with destinations(root=tmp_path) as there:
        urls = {
            text: there.plan("app", "sha256:x", TAGS, parse_destination(text))[0].url
            for text in ("localhost:5000/app", "nginx", "r.test/app")
        }
        on_disk = there.plan("app", "sha256:x", TAGS, LayoutRepository("store"))
    assert urls == {
        "localhost:5000/app": "http://localhost:5000/v2/app/manifests/sha256:x",
        "nginx": "https://registry-1.docker.io/v2/library/nginx/manifests/sha256:x",
        "r.test/app": "https://r.test/v2/app/manifests/sha256:x",
    }
    assert [action.path for action in on_disk] == [str(tmp_path / "store/blobs"), str(tmp_path / "store/index.json")]
    assert list(tmp_path.iterdir()) == []


def test_to_disk_for_real(bench: Bench) -> None:
    with destinations(root=bench.root) as there:
        assert isinstance(there, Destinations)
        step = PushStep(
            images={"app": replace(options("app"), repositories=(LayoutRepository("store"),))},
            publisher=there,
            policy=GATE,
            policy_hash="policy",
            no_gate=False,
            root=bench.root,
            progress=bench.progress,
            redact=Redactor(),
            save=bench.saved.append,
        )
        state = step.run(bench.state())
        assert state.image("app").references == ("oci:store:1.0", "oci:store:latest")
        assert step.run(state).image("app").pushed[0].tags_moved == 0
