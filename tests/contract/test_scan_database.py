"""Databases of a scan: downloaded once, relied on as long as they may be, and no longer."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from ci_toolkit.errors import ToolError
from tests.harness.fake_trivy import BOTH_PLATFORMS, NOW, URLLIB3, FakeTrivy
from tests.harness.scans import Scans


def java_downloads(trivy: FakeTrivy) -> int:
    return len([call for call in trivy.calls if "--download-java-db-only" in call["flags"]])


def test_java_archives_bring_their_index_once_while_it_is_young(scans: Scans, trivy: FakeTrivy) -> None:
    trivy.behave("java")
    assert scans.scan().image("backend").verdict == "pass"
    scans.scan()
    assert java_downloads(trivy) == 1


def test_an_old_index_of_java_archives_serves_while_none_can_be_had(scans: Scans, trivy: FakeTrivy) -> None:
    trivy.behave("java")
    scans.scan()
    trivy.behave("java-down")
    scans.max_age = timedelta(days=30)
    scans.now = NOW + timedelta(days=4)
    assert scans.scan().image("backend").verdict == "pass"
    assert java_downloads(trivy) == 2
    assert any("the index of Java archives is an old one" in line for line in scans.progress.said)


def test_java_archives_without_their_index_are_no_pass(scans: Scans, trivy: FakeTrivy) -> None:
    trivy.behave("java-down")
    with pytest.raises(ToolError, match="an image holds Java archives"):
        scans.scan()


def test_a_database_is_downloaded_once_while_it_is_young(scans: Scans, trivy: FakeTrivy) -> None:
    scans.scan()
    scans.scan()
    assert trivy.downloads == ["mirror/trivy-db:2"]
    scans.now = NOW + timedelta(hours=24)
    scans.scan()
    assert trivy.downloads == ["mirror/trivy-db:2"] * 2


def test_mirrors_are_asked_in_order(scans: Scans, trivy: FakeTrivy) -> None:
    scans.repositories = (
        "down/trivy-db:2",
        "old/trivy-db:2",
        "empty/trivy-db:2",
        "good/trivy-db:2",
        "never/trivy-db:2",
    )
    trivy.serves("old/trivy-db:2", NOW - timedelta(days=9))
    trivy.serves("empty/trivy-db:2", NOW, filled=False)
    trivy.serves("good/trivy-db:2", NOW - timedelta(hours=3))
    scan = scans.scan().image("backend").scan
    assert scan
    assert scan.database_repository == "good/trivy-db:2"
    assert trivy.downloads == list(scans.repositories[:4])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (None, "OCI repository error"),
        ({"updated": NOW - timedelta(days=9)}, "was made 9 days ago|was made 216.0 h ago"),
        ({"updated": NOW + timedelta(days=2)}, "in the future"),
        ({"updated": NOW, "filled": False}, "the database is empty"),
        ({"updated": NOW, "Version": 3}, "schema 3"),
        ({"updated": NOW, "UpdatedAt": "yesterday"}, "no vulnerability database"),
    ],
)
def test_a_database_that_cannot_be_relied_on_is_no_pass(
    scans: Scans, trivy: FakeTrivy, options: dict[str, object] | None, said: str
) -> None:
    scans.repositories = ("bad/trivy-db:2",)
    if options:
        trivy.serves("bad/trivy-db:2", **options)  # type: ignore[arg-type]  # `updated` is among them
    with pytest.raises(ToolError, match=said) as caught:
        scans.scan()
    assert "nothing can be judged" in caught.value.message
    assert scans.saved[-1].image("backend").verdict is None


def test_a_due_database_serves_up_to_its_age_while_none_can_be_had(scans: Scans, trivy: FakeTrivy) -> None:
    scans.scan()
    (trivy.home / "databases").rename(trivy.home / "gone")
    scans.now = NOW + timedelta(hours=40)
    assert scans.scan().image("backend").verdict == "pass"
    assert any("can't be refreshed, using the one made 41.0 h ago" in line for line in scans.progress.said)
    scans.now = NOW + timedelta(hours=48)
    with pytest.raises(ToolError, match="no vulnerability database can be had"):
        scans.scan()


def test_another_list_of_repositories_has_a_database_of_its_own(scans: Scans, trivy: FakeTrivy) -> None:
    scans.scan()
    trivy.serves("private/trivy-db:2", NOW)
    scans.repositories = ("private/trivy-db:2",)
    scans.scan()
    assert trivy.downloads == ["mirror/trivy-db:2", "private/trivy-db:2"]


def test_a_planted_database_is_not_looked_for_in_the_workspace(scans: Scans, trivy: FakeTrivy) -> None:
    planted = scans.root / ".ci-toolkit" / "scan" / "cache" / "db"
    planted.mkdir(parents=True)
    (planted / "trivy.db").write_bytes(b"knows nothing")
    trivy.finds(URLLIB3)
    assert scans.scan().image("backend").verdict == "fail"


def test_eight_scans_at_once_share_one_download(scans: Scans, trivy: FakeTrivy) -> None:
    verdicts: list[str | None] = []

    def one(number: int) -> None:
        mine = Scans(scans.root, trivy.program, scans.repositories, now=NOW, workdir=f"work-{number}")
        mine.add("backend", BOTH_PLATFORMS)
        verdicts.append(mine.scan().image("backend").verdict)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == ["pass"] * 8
    assert len(trivy.downloads) == 1
