"""The state file: whole, strict, of one run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from ci_toolkit import state as states
from ci_toolkit.conformance import Rules
from ci_toolkit.errors import IntegrityError, UsageError
from ci_toolkit.files import packaged_schema
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.findings import Counts
from ci_toolkit.model.promotion import Promotion

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = Digest("sha256:" + "a" * 64)
SOURCE = states.Source(
    revision="c" * 40, images_hash="sha256:1", repository="https://example.com/acme/app", ref="main"
)
FULL = states.State(
    tool_version="0.1.0",
    source=SOURCE,
    images={
        "app": states.ImageState(
            digest=DIGEST,
            platforms={"linux/amd64": DIGEST, "linux/arm64/v7": DIGEST},
            platform_verdicts={"linux/amd64": "fail"},
            attestations=(DIGEST,),
            layout=".ci-toolkit/images/app",
            builder="buildx",
            version="1.2.3",
            tags=("1.2.3", "latest"),
            skipped_tags={"{pr}": "no pull request"},
            moving_tags=("latest",),
            immutable_tags=("1.2.3",),
            references=("ghcr.io/acme/app:1.2.3",),
            pushed=(states.Pushed(repository="ghcr.io/acme/app", digest=DIGEST, tags=("1.2.3",), uploaded=2),),
            verdict="fail",
            gate="on",
            findings=Counts(critical=1, low=2),
            ignored=1,
            blocking=("CVE-2020-1 pkg 1.0 (critical)",),
            scan=states.Scan(
                scanner="trivy",
                version="0.76.0",
                database_updated="2026-11-24T00:00:00Z",
                database_repository="localhost:5000/trivy-db:2",
                policy_hash="sha256:2",
                scanned_at="2026-11-24T00:00:00Z",
                digest=DIGEST,
            ),
            reports={"sarif": ".ci-toolkit/reports/app/app.sarif"},
        ),
        "unbuilt": states.ImageState(),
    },
    pins=(
        states.PinEdit(
            file="deploy/app.yaml", document=1, line=14, old="app:1", new=f"app:2@{DIGEST}", environment="staging"
        ),
    ),
    promotions=(
        Promotion(
            environment="staging",
            image="app",
            source="build",
            source_repository="ghcr.io/acme/app",
            repository="ghcr.io/acme/app",
            digest=DIGEST,
            tags=("staging",),
            replaced={"staging": Digest("sha256:" + "b" * 64)},
            gate="overridden",
            reason="an incident",
            by="alice",
            at="2026-11-24T00:00:00+00:00",
            run_url="https://ci.example.com/runs/1",
        ),
    ),
)


def test_a_whole_state_is_quickly_right() -> None:
    rules = Rules(json.loads(packaged_schema("state.schema.json")))
    document = json.loads(json.dumps(states.as_json(FULL)))
    assert rules.conforms(document)
    document["images"]["app"]["digest"] = "sha256:0"
    assert not rules.conforms(document)


def test_a_promotion_that_came_to_the_same_keeps_its_first_record() -> None:
    (first,) = FULL.promotions
    again = replace(first, at="2026-11-25T00:00:00+00:00", by="bob", replaced={})
    assert FULL.with_promotion(again) == FULL
    other = replace(again, digest=Digest("sha256:" + "c" * 64))
    assert FULL.with_promotion(other).promotions == (other,)
    production = replace(again, environment="production")
    assert FULL.with_promotion(production).promotions == (production, first)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    states.write(tmp_path / "state.json", FULL)
    assert states.read(tmp_path / "state.json") == FULL


def test_a_state_from_outside_a_repository_is_read_again(tmp_path: Path) -> None:
    bare = states.State(tool_version="0.1.0", source=states.Source(images_hash="sha256:1"))
    states.write(tmp_path / "state.json", bare)
    assert states.read(tmp_path / "state.json") == bare


def test_the_schema_is_valid_and_accepts_what_is_written() -> None:
    schema = json.loads(packaged_schema("state.schema.json"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(states.as_json(FULL))


def test_no_state_is_a_usage_error_that_names_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no state") as caught:
        states.read(tmp_path / "state.json")
    assert "ci-toolkit build" in caught.value.hint


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (b"", "no state file"),
        (b'{"version": 1', "no state file"),
        (b"[" * 100_000, "no state file"),
        (b"[]", "no valid state"),
        (b'{"version": 2}', "version 2"),
        (b'{"version": 1}', "no valid state"),
        (b"\xff\xfe", "no state file"),
    ],
)
def test_a_broken_state_is_refused(tmp_path: Path, damage: bytes, word: str) -> None:
    (tmp_path / "state.json").write_bytes(damage)
    with pytest.raises(IntegrityError, match=word):
        states.read(tmp_path / "state.json")


def test_a_forged_digest_is_refused(tmp_path: Path) -> None:
    document = states.as_json(FULL)
    document["images"]["app"]["digest"] = "sha256:../../etc/passwd"
    (tmp_path / "state.json").write_text(json.dumps(document))
    with pytest.raises(IntegrityError, match=r"\$\.images\.app\.digest"):
        states.read(tmp_path / "state.json")


def test_another_revision_or_config_is_another_run() -> None:
    states.require_same_run(FULL, replace(SOURCE, ref="other", run_id="7"))
    with pytest.raises(IntegrityError, match="revision"):
        states.require_same_run(FULL, replace(SOURCE, revision="d" * 40))
    with pytest.raises(IntegrityError, match="images"):
        states.require_same_run(FULL, replace(SOURCE, images_hash="sha256:9"))


def test_changing_one_image_leaves_the_others() -> None:
    changed = FULL.with_image("unbuilt", digest=DIGEST)
    assert changed.image("unbuilt").digest == DIGEST
    assert changed.image("app") == FULL.image("app")
    assert FULL.image("unbuilt").digest is None
