"""The words, names and marks of a request."""

from __future__ import annotations

import pytest

from ci_toolkit.model.commit_message import Delivered
from ci_toolkit.model.request import Request, cut_title, is_request_branch, marked, request_branch
from ci_toolkit.report.commits import commit_line
from ci_toolkit.report.request import request_description
from ci_toolkit.state import Commit, CommitRequest, PinEdit

DIGEST = "sha256:" + "a" * 64
APP = Delivered(name="app", reference=f"r.example/app:1@{DIGEST}")


def edit(number: int, file: str = "deploy/app.yaml") -> PinEdit:
    return PinEdit(file=file, document=0, line=number, old="r.example/app:0", new=APP.reference)


def test_a_description_tells_images_places_and_run() -> None:
    text = request_description([APP], [edit(4), edit(9)], prefix="shop/", run_url="https://ci.example/1")
    lines = text.splitlines()
    assert f"| `app` | `{DIGEST}` |" in lines
    assert "### `shop/deploy/app.yaml`" in lines
    assert f"| 4 | `r.example/app:0` | `{APP.reference}` |" in lines
    assert lines.index(f"| 4 | `r.example/app:0` | `{APP.reference}` |") == lines.index("| line | old | new |") + 2
    assert "[this run](https://ci.example/1)" in text


@pytest.mark.parametrize("count", [1_000, 100_000])
def test_a_huge_description_still_fits(count: int) -> None:
    names = [Delivered(name=f"i{n}", reference=f"r.example/{'x' * 200}{n}@{DIGEST}") for n in range(300)]
    edits = [edit(n, "deploy/" + "y" * 250 + f"{n % 50}.yaml") for n in range(count)]
    text = marked(request_description(names, edits), "f" * 40)
    assert len(text) < 65_536
    assert "… 200 more images" in text


def test_hostile_words_do_nothing() -> None:
    bad = edit(4, "deploy/x\n/merge\n<!-- -->|@all`.yaml")
    text = request_description([APP], [bad], run_url="javascript:alert(1)")
    assert not any(line.startswith("/") for line in text.splitlines())
    assert "javascript" not in text


def test_a_description_is_marked_with_its_commit() -> None:
    told = marked("text\n", "a" * 40)
    assert Request(number=1, url="", title="", description=told).told == "a" * 40
    assert Request(number=1, url="", title="", description="text").told is None


@pytest.mark.parametrize(
    ("purpose", "directory", "branch"),
    [
        ("pin", "", "ci-toolkit/pin/main"),
        ("pin", ".", "ci-toolkit/pin/main"),
        ("promote-production", "", "ci-toolkit/promote-production/main"),
        ("pin-a..b.lock", "services/a [1]*", "ci-toolkit/services-a-1/pin-a-b-lock/main"),
        ("pin", "größe/@{", "ci-toolkit/gr-e/pin/main"),
        ("pin-" + "x" * 300, "", f"ci-toolkit/pin-{'x' * 96}/main"),
    ],
)
def test_a_branch_has_one_name(purpose: str, directory: str, branch: str) -> None:
    assert request_branch("ci-toolkit", purpose, "main", directory=directory) == branch
    assert is_request_branch("ci-toolkit", branch)


def test_other_branches_are_no_requests() -> None:
    assert not any(
        is_request_branch("ci-toolkit", name) for name in (None, "", "main", "ci-toolkit", "ci-toolkit-x/a")
    )


def test_a_title_is_cut() -> None:
    assert cut_title("x" * 255) == "x" * 255
    assert cut_title("x" * 256) == "x" * 254 + "…"


def test_a_commit_is_told_with_its_request() -> None:
    request = CommitRequest(number=3, url="https://git.example/r/3")
    known = {"repository": "https://git.example/r", "branch": "ci-toolkit/pin/main", "revision": "a" * 40}
    commit = Commit(files=("a",), at="2026-01-01T00:00:00+00:00", request=request, **known)
    assert commit_line(commit).endswith("(1 file), requested by https://git.example/r/3")
