"""What GitLab makes of our log and of our dotenv file."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.ci.gitlab import GitLab
from ci_toolkit.ci.gitlab_dotenv import LARGEST, MOST_VARIABLES, dotenv
from ci_toolkit.ci.gitlab_log import GitLabLog
from ci_toolkit.ci.platform import Published
from ci_toolkit.ci.platforms import platform_of
from ci_toolkit.errors import UsageError
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.promotion import Promotion
from ci_toolkit.redact import Redactor
from ci_toolkit.report.variables import variables_of
from ci_toolkit.state import Commit, ImageState, Pushed, Source, State
from tests.harness.gitlab_reports import read_dotenv, read_sections

if TYPE_CHECKING:
    from pathlib import Path

A, B = Digest("sha256:" + "a" * 64), Digest("sha256:" + "b" * 64)
OTHER = Pushed(repository="ghcr.io/acme/app", digest=B, tags=("0.9",))
APP = ImageState(
    digest=A,
    version="1.4.0",
    tags=("1.4.0", "latest"),
    verdict="pass",
    pushed=(OTHER, Pushed(repository="registry.example.com:5050/acme/app", digest=A, tags=("1.4.0", "latest"))),
)
COMMIT = Commit(repository="r", branch="main", revision="c" * 40, files=("a.yaml",), at="2026-11-24T10:00:00+00:00")
STATE = State(
    tool_version="1",
    source=Source(images_hash="x"),
    images={"app": APP, "web-ui": ImageState(digest=B), "web_ui": ImageState(digest=A), "1st": ImageState(digest=A)},
    commits=(COMMIT,),
)
HOSTILE = [
    "\x1b[0Ksection_start:1:evil\r\x1b[0Kevil",
    "\x1b[0Ksection_end:1:ci_toolkit_scan\r\x1b[0K",
    "two\n\x1b[0Ksection_start:1:evil\r\x1b[0Klines",
    "\x1b]0;title\x07",
    "::error::x",
]


def published(state: State, *images: str, environment: str | None = None) -> dict[str, str]:
    made = dotenv(variables_of(state, images, environment=environment), lambda text: text)
    assert not made.left_out
    return read_dotenv(made.data)


class Heard:
    """A log, and what it holds so far."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.stream, self.redact = io.StringIO(), Redactor()
        self.progress = GitLabLog(self.stream, self.redact, quiet=quiet, verbose=verbose)

    @property
    def log(self) -> str:
        return self.stream.getvalue()


def test_a_step_is_a_section_and_what_it_warns_of_is_seen_with_all_folded() -> None:
    heard = Heard()
    with heard.progress.stage("scan"):
        heard.progress.info("scanning")
        heard.progress.tool("a line of Trivy")
        heard.progress.warn("look at this")
    heard.progress.info("done")
    found = read_sections(heard.log)
    assert found.titles == ["scan"]
    assert found.lines[:3] == [(1, "scanning"), (1, "  | a line of Trivy"), (1, "warning: look at this")]
    assert found.unfolded == ["warning: look at this", "done"]
    assert "[collapsed=true]" in heard.log


def test_sections_of_one_job_never_share_a_name() -> None:
    first, second = Heard(), Heard()
    for heard in (first, second):
        for title in ("scan", "scan", "Größe: x"):
            with heard.progress.stage(title), heard.progress.stage("inner"):
                heard.progress.warn("once")
    found = read_sections(first.log + second.log)
    assert len(found.titles) == 12
    assert found.unfolded == ["warning: once"] * 6


def test_a_step_that_fails_closes_its_section() -> None:
    heard = Heard()
    failure = UsageError("no")
    with pytest.raises(UsageError), heard.progress.stage("scan"):
        raise failure
    assert read_sections(heard.log).titles == ["scan"]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_is_said_opens_or_closes_a_section(text: str) -> None:
    heard = Heard(verbose=True)
    with heard.progress.stage(text):
        for say in (heard.progress.info, heard.progress.tool, heard.progress.debug, heard.progress.warn):
            say(text)
    found = read_sections(heard.log)
    assert len(found.titles) == 1
    assert not any("\x1b" in line or "\r" in line for _, line in found.lines)


def test_quiet_leaves_the_warnings_alone() -> None:
    heard = Heard(quiet=True)
    with heard.progress.stage("scan"):
        heard.progress.info("scanning")
        heard.progress.warn("look")
    assert heard.log == "warning: look\n"


def test_a_secret_is_hidden_even_with_a_colour_in_its_middle() -> None:
    heard = Heard()
    heard.redact.add("hunter2-secret")
    heard.progress.tool("hunter2\x1b[31m-secret")
    assert "secret" not in heard.log


def test_the_only_image_of_a_run_has_plain_names_and_its_own() -> None:
    found = published(STATE, "app")
    assert found == {
        "IMAGE_DIGEST": str(A),
        "IMAGE_REF": f"registry.example.com:5050/acme/app@{A}",
        "IMAGE_TAG": "1.4.0",
        "IMAGE_VERSION": "1.4.0",
        "IMAGE_VERDICT": "pass",
        "IMAGE_NAME": "app",
        "IMAGE_COMMIT": "c" * 40,
        "APP_IMAGE_DIGEST": str(A),
        "APP_IMAGE_REF": f"registry.example.com:5050/acme/app@{A}",
        "APP_IMAGE_TAG": "1.4.0",
        "APP_IMAGE_VERSION": "1.4.0",
        "APP_IMAGE_VERDICT": "pass",
    }


def test_several_images_have_names_of_their_own_and_what_is_unknown_none() -> None:
    assert published(replace(STATE, commits=()), "web-ui", "1st") == {
        "WEB_UI_IMAGE_DIGEST": str(B),
        "_1ST_IMAGE_DIGEST": str(A),
    }
    assert published(replace(STATE, commits=()), "unknown") == {}


def test_a_promotion_tells_where_it_brought_the_image() -> None:
    done = Promotion(
        environment="production",
        image="app",
        source="build",
        source_repository="ghcr.io/acme/app",
        repository="ghcr.io/prod/app",
        digest=B,
        tags=("prod",),
        gate="on",
        at="2026-11-24T10:00:00+00:00",
    )
    state = replace(STATE, promotions=(replace(done, environment="staging", digest=A), done))
    found = published(state, "app", environment="production")
    assert (found["IMAGE_REF"], found["IMAGE_TAG"]) == (f"ghcr.io/prod/app@{B}", "prod")
    assert "IMAGE_COMMIT" not in found
    assert published(STATE, "app", environment="production") == {}


def test_names_that_two_images_claim_are_nobodys() -> None:
    made = dotenv(variables_of(STATE, ["web-ui", "web_ui", "app"], environment=None), lambda text: text)
    assert "WEB_UI_IMAGE_DIGEST" not in read_dotenv(made.data)
    assert "APP_IMAGE_DIGEST" in read_dotenv(made.data)
    assert made.left_out == ("WEB_UI_IMAGE_DIGEST is left out: several images have this name once it is upper case",)


def test_of_many_images_every_digest_comes_before_the_first_tag() -> None:
    images = {f"image-{n}": APP for n in range(9)}
    made = dotenv(variables_of(replace(STATE, images=images), list(images), environment=None), lambda text: text)
    found = read_dotenv(made.data)
    assert len(found) == MOST_VARIABLES
    assert [name for name in found if name.endswith(("_DIGEST", "_REF"))] == list(found)[:18]
    assert list(found)[18:] == ["IMAGE_COMMIT", "IMAGE_0_IMAGE_TAG"]
    (word,) = made.left_out
    assert word.startswith("GitLab takes 20 variables and 5 KB of a job; left out: IMAGE_1_IMAGE_TAG, ")


def test_what_is_too_large_ends_the_file_at_a_line() -> None:
    made = dotenv([(f"V{n}", "x" * 1000) for n in range(9)], lambda text: text)
    assert list(read_dotenv(made.data)) == ["V0", "V1", "V2", "V3", "V4"]
    assert len(made.data) <= LARGEST
    assert made.left_out


@pytest.mark.parametrize("value", ["a\nEVIL=1", "$HOME", "a b", "`id`", "'x'", "#x", "", "ü", "a\rb"])
def test_a_value_that_may_be_read_otherwise_is_left_out(value: str) -> None:
    made = dotenv([("IMAGE_VERSION", value), ("IMAGE_TAG", "1")], lambda text: text)
    assert read_dotenv(made.data) == {"IMAGE_TAG": "1"}
    assert "IMAGE_VERSION" in made.left_out[0]


@given(st.lists(st.tuples(st.text(), st.text() | st.from_regex(r"[a-z0-9:/@.]{1,300}", fullmatch=True)), max_size=40))
def test_whatever_is_published_gitlab_can_read(variables: list[tuple[str, str]]) -> None:
    assert read_dotenv(dotenv(variables, lambda text: text).data).items() <= set(variables)


def test_the_file_is_replaced_and_secrets_and_warnings_have_their_place(tmp_path: Path) -> None:
    platform, stream, redact = GitLab(), io.StringIO(), Redactor()
    redact.add("hunter2-secret")
    platform.progress(stream, redact, quiet=False, verbose=False)
    (tmp_path / "gitlab.env").write_text("OLD=1\n")
    variables = [("IMAGE_TAG", "hunter2-secret"), ("IMAGE_NAME", "app")]
    platform.publish(Published(variables=variables, workdir=tmp_path))
    assert read_dotenv((tmp_path / "gitlab.env").read_bytes()) == {"IMAGE_NAME": "app"}
    assert stream.getvalue() == "warning: gitlab.env: IMAGE_TAG is left out: its value holds a secret\n"
    platform.publish(Published(workdir=tmp_path))
    assert (tmp_path / "gitlab.env").read_bytes() == b""
    platform.settle()
    assert platform.summary_room() == 0
    assert not platform.announce(UsageError("x"), stream)


def test_only_a_job_on_gitlab_is_one() -> None:
    assert isinstance(platform_of({"GITLAB_CI": "true"}), GitLab)
    assert not isinstance(platform_of({"GITLAB_CI": "true", "GITHUB_ACTIONS": "true"}), GitLab)
