"""Commit messages: templates, bodies, trailers, and text from outside that stays on its line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ci_toolkit.errors import UsageError
from ci_toolkit.model.commit_message import Delivered, check_message, commit_message
from tests.harness.builds import CONTEXT

DEFAULT = "deploy {environment}: {images}"
A, B = (f"sha256:{letter * 64}" for letter in "ab")
APP = Delivered(name="app", reference=f"ghcr.io/acme/app:1.0@{A}", version="1.0")
WEB = Delivered(name="web", reference=f"ghcr.io/acme/web@{B}")


def test_the_default() -> None:
    assert commit_message(DEFAULT, [APP, WEB], CONTEXT) == (
        "deploy: app, web\n\n"
        f"app → ghcr.io/acme/app:1.0@{A}\nweb → ghcr.io/acme/web@{B}\n\n"
        f"Image-Digest: app@{A}\nImage-Digest: web@{B}\n"
    )


def test_a_promotion_on_a_ci_system() -> None:
    context = replace(CONTEXT, run_url="https://ci.example.com/1")
    assert commit_message(DEFAULT, [APP], context, environment="production", skip_ci=True) == (
        f"deploy production: app [skip ci]\n\napp → {APP.reference}\n\n"
        f"Image-Digest: app@{A}\nEnvironment: production\nRun-URL: https://ci.example.com/1\n"
    )


@pytest.mark.parametrize(
    ("template", "subject"),
    [
        ("deploy: {image} {digest:12}", "deploy: app aaaaaaaaaaaa"),
        ("{image} {version} to {environment} from {branch}", "app 1.0 to from main"),
        ("{sha:7} {digest}", f"0123456 {A}"),
        ("  {version}  x ", "1.0 x"),
    ],
)
def test_fields(template: str, subject: str) -> None:
    assert commit_message(template, [APP, WEB], CONTEXT).partition("\n")[0] == subject


def test_many_images_are_counted() -> None:
    images = [replace(APP, name=f"app{number}") for number in range(7)]
    assert commit_message(DEFAULT, images, CONTEXT).startswith("deploy: app0, app1, app2, app3, app4 and 2 more\n")


def test_a_body_of_ones_own() -> None:
    message = commit_message("ship {image}\n\nwith {version}\n", [APP], CONTEXT)
    assert message == f"ship app\n\nwith 1.0\n\nImage-Digest: app@{A}\n"


def test_what_comes_from_outside_starts_no_line() -> None:
    hostile = "x\n\nSigned-off-by: the boss\x1b[31m"
    context = replace(CONTEXT, branch=hostile, run_url=f"https://ci.example.com/{hostile}")
    message = commit_message("{branch} {version}", [replace(APP, version=hostile)], context)
    assert not any(line.startswith("Signed-off-by") for line in message.splitlines())
    assert "\x1b" not in message


@pytest.mark.parametrize(
    "template",
    ["{nothing}", "{image", "image}", "{image:7}", "{digest:3}", "{digest:65}", "{digest:x}", "\nbody", "  \nbody"],
)
def test_templates_that_are_refused(template: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_message(template)
    assert caught.value.hint


def test_templates_that_are_right() -> None:
    for template in (DEFAULT, "ship", "{digest:12} {sha}\n\nmore"):
        check_message(template)
