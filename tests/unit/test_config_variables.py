"""`${VAR}`: from the environment handed in, in values, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.config.load import load
from tests.harness.configs import ENV, GOLDEN, SMALL, image_of, loaded, refused, refused_image

if TYPE_CHECKING:
    from pathlib import Path

_LABEL = "letters, digits, '.', '_', '/' and '-', starting with a letter or digit"


def test_replaced_once_and_never_read_as_yaml() -> None:
    config = load(GOLDEN / "right" / "variables.yml", ENV)
    image = config.images["app"]
    assert image.build_args == {
        "LITERAL": "${NOT_REPLACED}",
        "LINES": "one\ntwo: [three]",
        "YAML": "{ a: 1 } # no comment",
        "NUMBER": "10",
        "NESTED": "${OWNER}",
        "DOLLAR": "costs $5 or $HOME",
    }
    assert str(image.repositories[0]) == "ghcr.io/acme/app"


def test_a_variable_means_what_its_place_wants() -> None:
    config = load(GOLDEN / "right" / "variables.yml", ENV)
    assert config.registries["registry.example.com"].insecure is True
    assert config.images["app"].reproducible is False
    assert config.pin[0].expect == 10


@pytest.mark.parametrize("value", ["maybe", "", "1", "true\n", " true", "[true]", "'true'"])
def test_a_variable_that_is_no_boolean(tmp_path: Path, value: str) -> None:
    assert refused_image(tmp_path, "scratch: ${IT}", {"IT": value}) == [
        '5:14: images.app.scratch: "${IT}" with its variables replaced is not true or false'
    ]


def test_unset(tmp_path: Path) -> None:
    assert refused_image(tmp_path, "target: ${ONE}\ntitle: a ${TWO} b ${ONE}", {"TWO": "2"}) == [
        "5:13: images.app.target: the environment variable ONE is not set",
        "6:12: images.app.title: the environment variable ONE is not set",
    ]


@pytest.mark.parametrize("text", ["${${X}}", "${}", "${X", "${1X}", "${X:-default}", "${X }", "${X-Y}", "a ${"])
def test_what_is_no_variable(tmp_path: Path, text: str) -> None:
    (violation,) = refused_image(tmp_path, f'title: "{text}"', {"X": "x"})
    assert violation.startswith("5:12: images.app.title: after ${ comes the name of a variable")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$${X}", "${X}"),
        ("$$${X}", "$${X}"),
        ("$X $ $$", "$X $ $$"),
        ("${X}${X}", "xx"),
        ("$${", "${"),
        ("{X}", "{X}"),
    ],
)
def test_what_stays(tmp_path: Path, text: str, value: str) -> None:
    assert image_of(tmp_path, f'title: "{text}"', {"X": "x"}).images["app"].title == value


def test_never_in_keys(tmp_path: Path) -> None:
    assert refused_image(tmp_path, 'labels: { "${X}": x }', {"X": "x"}) == [
        '5:15: images.app.labels["${X}"]: "${X}" is no name of a label: ' + _LABEL,
        '5:15: images.app.labels["${X}"]: variables are replaced in values only, never in keys',
    ]


@pytest.mark.parametrize("value", ["a\0b", "\x1b[31m", "a\x7f", "\udcff"])
def test_control_characters(tmp_path: Path, value: str) -> None:
    (violation,) = refused_image(tmp_path, "title: ${X}", {"X": value})
    assert violation.startswith("5:12: images.app.title: the environment variable X holds the control character U+")


@pytest.mark.parametrize("value", ["a\n", "a\nb", "x/../y", "-x", "secret value"])
def test_a_wrong_value_is_not_shown(tmp_path: Path, value: str) -> None:
    text = SMALL.replace("ghcr.io/acme/app", '"${X}"') + '    target: "${X}"\n    platforms: ["${X}"]\n'
    violations = refused(tmp_path, text, {"X": value})
    assert len(violations) == 3
    for violation in violations:
        assert '"${X}" with its variables replaced' in violation
        assert "secret" not in violation


@pytest.mark.parametrize(
    "password", ["hunter22", "12345678", "x${P}", "${P}x", "${P}${P}", "$P", "", "no", "[a]", "{ a: b }", "$${P}"]
)
def test_a_literal_secret(tmp_path: Path, password: str) -> None:
    text = SMALL + f"registries:\n  a.example.com:\n    auth:\n      username: u\n      password: {password}\n"
    (violation,) = refused(tmp_path, text, {"P": "value"})
    assert 'registries["a.example.com"].auth.password: a secret is never written into the file' in violation
    assert "hunter22" not in violation
    assert "12345678" not in violation


def test_an_unquoted_variable_between_brackets(tmp_path: Path) -> None:
    (violation,) = refused_image(tmp_path, "labels: { a: ${P} }", {"P": "x"})
    assert violation.startswith("5:")
    assert violation.endswith("(between brackets, ${VAR} needs quotes around it)")


@pytest.mark.parametrize(("env", "reason"), [({}, "is not set"), ({"P": ""}, "is empty")])
def test_a_secret_that_is_not_there(tmp_path: Path, env: dict[str, str], reason: str) -> None:
    text = SMALL + 'registries: { a.example.com: { auth: { username: u, password: "${P}" } } }\n'
    (violation,) = refused(tmp_path, text, env)
    assert violation == f'5:63: registries["a.example.com"].auth.password: the environment variable P {reason}'


def test_a_secret_may_look_like_anything(tmp_path: Path) -> None:
    text = SMALL + "registries: { a.example.com: { auth: { username: u, password: '${P}' } } }\n"
    config = loaded(tmp_path, text, {"P": "${NOT}: [a] # 'x'\nline"})
    auth = config.registries["a.example.com"].auth
    assert auth
    assert auth.password == "${NOT}: [a] # 'x'\nline"
    assert config.secrets == ("${NOT}: [a] # 'x'\nline",)


def test_together_they_are_bounded(tmp_path: Path) -> None:
    lines = "build-args:\n" + "\n".join(f"  A{i}: ${{BIG}}" for i in range(40))
    violations = refused_image(tmp_path, lines, {"BIG": "x" * 40_000})
    assert violations[0].endswith("the config's variables hold more than 1 MiB altogether")
    (one,) = refused_image(tmp_path, "build-args: { A: '${BIG}' }", {"BIG": "x" * 70_000})
    assert one.endswith("its variables hold more than 65,536 characters")
