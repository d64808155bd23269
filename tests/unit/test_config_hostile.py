"""Hostile configs: each is refused with its place, and none costs more than reading it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ci_toolkit.config.load import load
from ci_toolkit.errors import ConfigError
from tests.harness.configs import ENV, SMALL, loaded, refused, refused_image


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "---\n...\n", "~\n", '""\n'])
def test_empty(tmp_path: Path, text: str) -> None:
    (violation,) = refused(tmp_path, text)
    assert "1:1: " in violation
    assert "empty" in violation or "mapping" in violation


@pytest.mark.parametrize("text", ["- version: 1\n", "version\n", "42\n", "no\n", "[]\n"])
def test_root_is_no_mapping(tmp_path: Path, text: str) -> None:
    (violation,) = refused(tmp_path, text)
    assert violation.startswith("1:1: ")
    assert "a mapping is needed" in violation


def test_several_documents(tmp_path: Path) -> None:
    assert refused(tmp_path, SMALL + "---\n" + SMALL) == [
        "5:1: a second document starts here: a config is one document"
    ]


def test_duplicate_key(tmp_path: Path) -> None:
    assert refused(tmp_path, SMALL + "    target: a\n    'target': b\nversion: 1\n") == [
        '6:5: images.app.target: the key "target" is given a second time, first in line 5',
        '7:1: version: the key "version" is given a second time, first in line 1',
    ]


def test_unknown_key_with_a_suggestion(tmp_path: Path) -> None:
    assert refused(tmp_path, SMALL + "    dockerFile: x\n    build_args: {}\n    platform: []\nimage: {}\n") == [
        '5:5: images.app.dockerFile: unknown key "dockerFile": did you mean dockerfile?',
        '6:5: images.app.build_args: unknown key "build_args": did you mean build-args?',
        '7:5: images.app.platform: unknown key "platform": did you mean platforms?',
        '8:1: image: unknown key "image": did you mean images?',
    ]


def test_unknown_key_that_belongs_elsewhere(tmp_path: Path) -> None:
    (violation,) = refused(tmp_path, SMALL + "severity: high\n")
    assert violation == '5:1: severity: unknown key "severity" here: it belongs under scan.gate'


def test_self_reference(tmp_path: Path) -> None:
    (violation,) = refused(tmp_path, "version: 1\nimages: &a\n  app: *a\n")
    assert violation == '3:8: the alias "*a" stands inside of what it refers to'


def test_self_reference_by_merge(tmp_path: Path) -> None:
    (violation,) = refused(tmp_path, "version: 1\nimages: &a\n  <<: *a\n")
    assert violation.startswith("3:7: ")


def test_alias_without_anchor(tmp_path: Path) -> None:
    (violation,) = refused(tmp_path, "version: 1\nimages: *nothing\n")
    assert violation == '2:9: the alias "*nothing" has no anchor before it'


@pytest.mark.parametrize("merged", ["1", "[1, {}]", "text"])
def test_merge_of_what_is_no_mapping(tmp_path: Path, merged: str) -> None:
    violations = refused_image(tmp_path, f"<<: {merged}")
    assert violations == ["5:9: images.app: << wants a mapping or a list of mappings, mostly an *alias"]


def test_nested_flow(tmp_path: Path) -> None:
    (violation,) = refused(tmp_path, "version: " + "[" * 20_000)
    assert violation == "1:41: nested more than 32 levels deep"


def test_nested_blocks(tmp_path: Path) -> None:
    (violation,) = refused(tmp_path, "- " * 20_000)
    assert "nested more than 32 levels deep" in violation


def test_nested_by_aliases(tmp_path: Path) -> None:
    lines = ["a0: &a0 {}"] + [f"a{i}: &a{i} {{x: *a{i - 1}}}" for i in range(1, 40)]
    (violation,) = refused(tmp_path, "\n".join(lines))
    assert "nested more than 32 levels deep, with its aliases expanded" in violation


@pytest.mark.parametrize("digits", ["9" * 5_000, "-" + "9" * 5_000, "0x" + "f" * 5_000, "1" + "0" * 5_000 + ".5"])
def test_huge_number(tmp_path: Path, digits: str) -> None:
    (where_text,) = refused_image(tmp_path, f"target: {digits}")
    assert where_text.startswith("5:13: images.app.target: ")
    assert " where text is needed" in where_text
    (where_integer,) = refused(tmp_path, SMALL + f"pin: [{{ files: [a.yaml], expect: {digits} }}]")
    assert where_integer.startswith("5:34: pin[0].expect: ")


@pytest.mark.parametrize(
    "tag", ["!!python/object:os.system", "!!python/object/apply:os.system [id]", "!!binary", "!custom", "!!timestamp"]
)
def test_tag(tmp_path: Path, tag: str) -> None:
    (violation,) = refused_image(tmp_path, f"target: {tag} x".replace("] x", "]"))
    assert violation.startswith("5:13: the YAML tag ")


@pytest.mark.parametrize("character", ["\0", "\x07", "\x1b", "\x7f", "\x9b", "\ufffe", "\uffff"])
def test_control_characters(tmp_path: Path, character: str) -> None:
    (violation,) = refused(tmp_path, SMALL + f"    title: a{character}b\n")
    assert violation == f"5:13: the file holds the control character U+{ord(character):04X}: delete it"


@pytest.mark.parametrize("escape", ["\\0", "\\e", "\\x1b", "\\x9b", "\\uffff"])
def test_escaped_control_characters(tmp_path: Path, escape: str) -> None:
    (violation,) = refused_image(tmp_path, f'title: "a{escape}b"')
    assert violation.startswith("5:12: images.app.title: the text holds the control character U+")


def test_escaped_surrogate(tmp_path: Path) -> None:
    (violation,) = refused_image(tmp_path, 'title: "\\ud800"')
    assert violation.startswith("5:")


@pytest.mark.parametrize("data", [b"\xff", b"\xc3(", b"\xed\xa0\x80"])
def test_invalid_utf8(tmp_path: Path, data: bytes) -> None:
    (violation,) = refused(tmp_path, SMALL.encode() + b"    title: \xc3\xa4" + data)
    assert violation == f"5:13: the file is no UTF-8 text (byte 0x{data[0]:02X}): save it as UTF-8"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_utf16_and_utf32(tmp_path: Path, encoding: str) -> None:
    (violation,) = refused(tmp_path, SMALL.encode(encoding))
    assert violation.startswith("1:")
    assert "UTF-8" in violation or "U+0000" in violation


def test_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    assert list(loaded(tmp_path, b"\xef\xbb\xbf" + SMALL.encode()).images) == ["app"]
    (violation,) = refused(tmp_path, b"\xef\xbb\xbfversio: 1\n" + SMALL.encode())
    assert violation.startswith("1:1: versio: ")


def test_over_one_mebibyte(tmp_path: Path) -> None:
    whole = SMALL.encode() + b"#" * (1024 * 1024 - len(SMALL))
    assert list(loaded(tmp_path, whole).images) == ["app"]
    assert refused(tmp_path, whole + b"#") == ["1:1: larger than 1 MiB"]


def test_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ConfigError, match="no regular file"):
        load(tmp_path / "fifo", {})


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "."])
def test_device_and_directory(path: str) -> None:
    with pytest.raises(ConfigError, match=r"regular file|directory"):
        load(Path(path), {})


@pytest.mark.parametrize("name", ["missing.yml", "missing/.ci-toolkit.yml", "nul\0.yml", "x" * 5_000])
def test_missing(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="can't read the config"):
        load(tmp_path / name, {})


def test_newer_version_is_the_only_violation(tmp_path: Path) -> None:
    assert refused(tmp_path, "version: 2\npipelines: {}\n") == [
        "1:10: version: version 2 needs a newer ci-toolkit: this one reads version 1"
    ]


@pytest.mark.parametrize("version", ["0", "-1", "1.5", "'1'", "true", "[1]"])
def test_other_versions(tmp_path: Path, version: str) -> None:
    (violation,) = refused(tmp_path, SMALL.replace("version: 1", f"version: {version}"))
    assert violation.startswith("1:10: version: ")


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.parent.glob("golden/config/wrong/*.yml")))
def test_nothing_secret_is_shown(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(path, ENV)
    text = "\n".join([str(caught.value), *caught.value.violations])
    for secret in ("hunter2", "pass-word", "secret-value", "s3cret"):
        assert secret not in text
