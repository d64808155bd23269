"""A run's results, as the later steps of a job get them."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from ci_toolkit.model.digest import Digest
from ci_toolkit.model.findings import Counts
from ci_toolkit.model.promotion import Promotion
from ci_toolkit.report.outputs import newest_revision, outputs_of
from ci_toolkit.state import ImageState, PinEdit, Source, State, Verdict

A, B = Digest("sha256:" + "a" * 64), Digest("sha256:" + "b" * 64)
ACCOUNT = "123456789012"
APP = ImageState(
    digest=A,
    version="1.4.0",
    tags=("1.4.0", "latest"),
    references=(f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/app:1.4.0", "ghcr.io/acme/app:1.4.0"),
    verdict="pass",
    findings=Counts(low=2),
    reports={
        "sarif": ".ci-toolkit/reports/app/trivy.sarif",
        "html": ".ci-toolkit/reports/report.html",
        "findings": "x.json",
    },
)
WEB = ImageState(digest=B, version="2.0.0", tags=("2.0.0", "latest"), verdict="none")
STATE = State(tool_version="1", source=Source(images_hash="x"), images={"app": APP, "web": WEB})


def outputs(state: State, *images: str, environment: str | None = None) -> dict[str, str]:
    return dict(
        outputs_of(
            state,
            images,
            state_file="/w/p/.ci-toolkit/state.json",
            environment=environment,
            shown=lambda path: f"p/{path.removeprefix('/w/p/')}",
        )
    )


def test_the_only_image_of_a_run() -> None:
    assert outputs(STATE, "app") == {
        "digest": str(A),
        "digests": f'{{"app":"{A}"}}',
        "tags": "1.4.0\nlatest",
        "references": f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/app:1.4.0\nghcr.io/acme/app:1.4.0",
        "version": "1.4.0",
        "verdict": "pass",
        "findings": '{"app":{"critical":0,"high":0,"medium":0,"low":2,"unknown":0}}',
        "sarif": "p/.ci-toolkit/reports/app/trivy.sarif",
        "report": "p/.ci-toolkit/reports/report.html",
        "state": "p/.ci-toolkit/state.json",
        "changed-files": "",
        "commit": "",
    }


def test_several_images() -> None:
    found = outputs(STATE, "app", "web")
    assert (found["digest"], found["version"], found["tags"]) == ("", "", "1.4.0\nlatest\n2.0.0")
    assert json.loads(found["digests"]) == {"app": str(A), "web": str(B)}
    assert found["verdict"] == "none"


def test_one_digest_of_two_images_is_not_the_runs() -> None:
    state = State(tool_version="1", source=Source(images_hash="x"), images={"app": APP})
    assert outputs(state, "app", "web")["digest"] == ""


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        (("pass", "pass"), "pass"),
        (("pass", "none"), "none"),
        (("none", "fail"), "fail"),
        (("fail", "pass"), "fail"),
        (("pass", None), "none"),
        ((None, None), ""),
    ],
)
def test_the_worst_verdict_is_the_runs(verdicts: tuple[Verdict | None, ...], worst: str) -> None:
    images = {name: ImageState(verdict=verdict) for name, verdict in zip(("app", "web"), verdicts, strict=True)}
    state = State(tool_version="1", source=Source(images_hash="x"), images=images)
    assert outputs(state, "app", "web")["verdict"] == worst


def test_nothing_established_is_nothing_said() -> None:
    found = outputs(State(tool_version="1", source=Source(images_hash="x")), "app")
    assert {name: value for name, value in found.items() if value} == {
        "digests": "{}",
        "findings": "{}",
        "state": "p/.ci-toolkit/state.json",
    }


def test_only_files_that_changed_are_named_once_and_by_who_pinned_them() -> None:
    def pin(file: str, old: str, new: str, environment: str | None = None) -> PinEdit:
        return PinEdit(file=file, document=0, line=1, old=old, new=new, environment=environment)

    pins = (pin("a.yaml", "x", "y"), pin("a.yaml", "z", "y"), pin("b.yaml", "y", "y"), pin("c.yaml", "x", "y", "prod"))
    state = State(tool_version="1", source=Source(images_hash="x"), images={"app": APP}, pins=pins)
    assert outputs(state, "app")["changed-files"] == "p/a.yaml"
    assert outputs(state, "app", environment="prod")["changed-files"] == "p/c.yaml"


def test_a_promotions_results_are_its_own() -> None:
    def promoted(environment: str, digest: Digest, *tags: str, image: str = "app") -> Promotion:
        return Promotion(
            environment=environment,
            image=image,
            source="build",
            source_repository="ghcr.io/acme/app",
            repository=f"{ACCOUNT}.example.com/{image}",
            digest=digest,
            tags=tags,
            gate="on" if environment == "staging" else "overridden",
            at="2026-11-24T00:00:00Z",
        )

    promotions = (promoted("staging", A, "staging"), promoted("production", B, "prod"), promoted("bare", B))
    state = State(tool_version="1", source=Source(images_hash="x"), images={"app": APP}, promotions=promotions)
    staging, production = (outputs(state, "app", environment=name) for name in ("staging", "production"))
    assert (staging["digest"], staging["tags"], staging["verdict"]) == (str(A), "staging", "pass")
    assert (production["digest"], production["tags"], production["verdict"]) == (str(B), "prod", "none")
    assert production["references"] == f"{ACCOUNT}.example.com/app:prod"
    assert outputs(state, "app", environment="bare")["references"] == f"{ACCOUNT}.example.com/app@{B}"


def test_what_tells_an_account_is_never_the_only_carrier() -> None:
    """GitHub drops an output that holds a secret: digest, tags and the state's place must arrive all the same."""
    kept = {name: value for name, value in outputs(STATE, "app").items() if ACCOUNT not in value}
    assert {"digest", "digests", "tags", "version", "verdict", "state"} <= set(kept)


@dataclass(frozen=True)
class Made:
    """A commit, as far as outputs look at it."""

    revision: str
    at: str
    environment: str | None = None


def test_the_newest_commit_of_what_was_done() -> None:
    commits = [Made("b", "2026-02-01T00:00:00Z"), Made("a", "2026-01-01T00:00:00Z"), Made("c", "2026-03", "prod")]
    assert [newest_revision(commits, which) for which in (None, "prod", "staging")] == ["b", "c", ""]
