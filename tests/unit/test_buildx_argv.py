"""The build command as a function of the request: every value in one token with its flag."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.builders.base import BuildCache, BuildRequest, BuildSecret, PushTo, Workspace
from ci_toolkit.builders.buildx import build_argv, child_variables
from ci_toolkit.builders.engine import load_argv
from ci_toolkit.builders.select import created_name

WORKSPACE = Workspace(Path("/project/.ci-toolkit/images/.app.new"))
PLAIN = BuildRequest(
    name="app",
    context=Path("/src"),
    dockerfile=Path("/src/Dockerfile"),
    build_args={},
    build_contexts={},
    labels={},
    annotations={},
    cache=BuildCache(),
)


def argv(request: BuildRequest) -> tuple[str, ...]:
    return build_argv(request, WORKSPACE, builder=None)


def flags(request: BuildRequest, name: str) -> list[str]:
    return [token.removeprefix(f"--{name}=") for token in argv(request) if token.startswith(f"--{name}=")]


def test_a_plain_build() -> None:
    assert argv(PLAIN) == (
        "docker",
        "buildx",
        "build",
        "--progress=plain",
        "--file=/src/Dockerfile",
        "--provenance=mode=min",
        "--metadata-file=/project/.ci-toolkit/images/.app.new/metadata.json",
        "--output=type=oci,dest=/project/.ci-toolkit/images/.app.new/layout,tar=false",
        "/src",
    )


def test_everything_at_once() -> None:
    request = replace(
        PLAIN,
        target="runtime",
        platforms=("linux/amd64", "linux/arm64"),
        build_args={"A": "1", "B": ""},
        build_contexts={"base": "docker-image://debian"},
        secrets=(BuildSecret(id="npm", env="NPM_TOKEN"), BuildSecret(id="ca", file=Path('/a,b"c'))),
        ssh=("default",),
        labels={"l": "x=y"},
        annotations={"a": "b"},
        provenance="max",
        epoch=1700000000,
    )
    assert build_argv(request, WORKSPACE, builder="ci")[3:-4] == (
        "--builder=ci",
        "--progress=plain",
        "--platform=linux/amd64,linux/arm64",
        "--file=/src/Dockerfile",
        "--target=runtime",
        "--build-arg=A=1",
        "--build-arg=B=",
        "--build-arg=SOURCE_DATE_EPOCH=1700000000",
        "--build-context=base=docker-image://debian",
        "--secret=id=npm,env=NPM_TOKEN",
        '--secret=id=ca,"src=/a,b""c"',
        "--ssh=default",
        "--label=l=x=y",
        "--annotation=index,manifest:a=b",
    )
    assert flags(request, "output")[0].endswith(",tar=false,rewrite-timestamp=true")
    assert flags(request, "provenance") == ["mode=max"]


@pytest.mark.parametrize(
    ("request_", "levels"),
    [
        (replace(PLAIN, provenance="none"), "manifest"),
        (replace(PLAIN, provenance="none", platforms=("linux/arm64",)), "manifest"),
        (replace(PLAIN, provenance="none", platforms=("linux/arm64", "linux/amd64")), "index,manifest"),
        (replace(PLAIN, provenance="min", platforms=("linux/arm64",)), "index,manifest"),
    ],
)
def test_index_annotations_only_where_there_is_an_index(request_: BuildRequest, levels: str) -> None:
    assert flags(replace(request_, annotations={"k": "v"}), "annotation") == [f"{levels}:k=v"]


def test_ones_own_source_date_epoch_is_left_alone() -> None:
    assert flags(replace(PLAIN, build_args={"SOURCE_DATE_EPOCH": "5"}, epoch=9), "build-arg") == [
        "SOURCE_DATE_EPOCH=5"
    ]


@pytest.mark.parametrize(
    ("cache", "source", "target"),
    [
        (BuildCache(), [], []),
        (
            BuildCache(type="gha", mode="min"),
            ["type=gha,scope=app-linux-arm64"],
            ["type=gha,scope=app-linux-arm64,mode=min,ignore-error=true"],
        ),
        (
            BuildCache(type="registry", ref="example.com/a:c"),
            ["type=registry,ref=example.com/a:c"],
            ["type=registry,ref=example.com/a:c,mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true"],
        ),
        (
            BuildCache(type="local", path=Path("/c,d")),
            ['type=local,"src=/c,d"'],
            ['type=local,"dest=/c,d",mode=max'],
        ),
        (BuildCache(type="inline", ref="example.com/app:1"), ["type=registry,ref=example.com/app:1"], ["type=inline"]),
    ],
)
def test_caches(cache: BuildCache, source: list[str], target: list[str]) -> None:
    request = replace(PLAIN, platforms=("linux/arm64",), cache=cache)
    assert flags(request, "cache-from") == source
    assert flags(request, "cache-to") == target


def test_a_build_that_leaves_something_out_uses_the_copy_of_the_dockerfile() -> None:
    request = replace(PLAIN, dockerfile=Path("/src/docker/Other"), left_out=".ci-toolkit")
    assert flags(request, "file") == ["/project/.ci-toolkit/images/.app.new/source/Other"]


def test_the_engine_loads_one_platform_without_attestations() -> None:
    command = load_argv(replace(PLAIN, platforms=("linux/amd64",), annotations={"a": "b"}), WORKSPACE)
    assert command == (
        "docker",
        "buildx",
        "build",
        "--builder=default",
        "--progress=plain",
        "--platform=linux/amd64",
        "--file=/src/Dockerfile",
        "--provenance=false",
        "--iidfile=/project/.ci-toolkit/images/.app.new/image-id",
        "--load",
        "/src",
    )


@given(value=st.text(max_size=30), key=st.text(min_size=1, max_size=10))
def test_no_value_becomes_a_flag_or_a_field(value: str, key: str) -> None:
    hostile = replace(
        PLAIN,
        target=value or None,
        build_args={key: value},
        labels={key: value},
        annotations={key: value},
        secrets=(BuildSecret(id=key, file=Path("/") / value.replace("\0", "")),),
    )
    given = ("--target=", "--build-arg=", "--secret=", "--label=", "--annotation=")
    known = (
        *given,
        "--progress=plain",
        "--file=/",
        "--provenance=mode=min",
        "--metadata-file=/",
        "--output=type=oci,",
    )
    tokens = argv(hostile)
    assert tokens[-1] == "/src"
    assert all(token.startswith(known) for token in tokens[3:-1])
    (secret,) = [token.removeprefix("--secret=") for token in tokens if token.startswith("--secret=")]
    assert len(next(csv.reader(io.StringIO(secret, newline="")))) == 2


GITHUB = {
    "ACTIONS_RUNTIME_TOKEN": "t",
    "ACTIONS_RESULTS_URL": "https://results.example/",
    "ACTIONS_CACHE_URL": "https://cache.example/",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "no tool's business",
    "GITHUB_TOKEN": "neither",
}


@pytest.mark.parametrize(
    ("server", "told", "second"),
    [
        ("https://github.com", {}, "true"),
        ("https://acme.ghe.com", {}, "true"),
        ("https://github.acme.example", {}, None),
        ("https://evil-ghe.com", {}, None),
        ("https://github.com.example", {}, None),
        ("http://github.com", {}, None),
        ("https://github.com", {"ACTIONS_CACHE_SERVICE_V2": "false"}, "false"),
        ("https://github.acme.example", {"ACTIONS_CACHE_SERVICE_V2": "true"}, "true"),
        ("https://github.com", {"ACTIONS_RESULTS_URL": None}, None),
    ],
)
def test_githubs_cache_service_is_the_one_there_is(
    server: str, told: dict[str, str | None], second: str | None
) -> None:
    env = {name: value for name, value in {**GITHUB, "GITHUB_SERVER_URL": server, **told}.items() if value is not None}
    variables = child_variables(replace(PLAIN, cache=BuildCache(type="gha")), env)
    assert variables.get("ACTIONS_CACHE_SERVICE_V2") == second
    assert variables["ACTIONS_RUNTIME_TOKEN"] == "t"
    assert not {"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_TOKEN"} & set(variables)


def test_without_githubs_cache_a_build_has_no_token_for_it() -> None:
    variables = child_variables(PLAIN, {**GITHUB, "GITHUB_SERVER_URL": "https://github.com"})
    assert not any(name.startswith("ACTIONS_") for name in variables)


def test_each_runner_has_a_builder_of_its_own() -> None:
    names = [created_name({"RUNNER_NAME": name} if name else {}) for name in ("", "GitHub Actions 2", "ci/é 3")]
    assert names[0] == "ci-toolkit"
    assert all(re.fullmatch(r"ci-toolkit-[0-9a-f]{8}", name) for name in names[1:])
    assert len(set(names)) == 3


def test_a_quarantine_is_pushed_to_by_digest_alone() -> None:
    request = replace(PLAIN, push_to=PushTo("example.com/acme/quarantine"), epoch=1700000000)
    to = "type=image,name=example.com/acme/quarantine,push-by-digest=true,push=true,oci-mediatypes=true"
    assert flags(request, "output") == [f"{to},rewrite-timestamp=true"]
    plain = replace(PLAIN, push_to=PushTo("example.com/acme/quarantine", insecure=True))
    assert flags(plain, "output") == [f"{to},registry.insecure=true"]
    assert not [token for token in argv(request) if "layout" in token or token.startswith("--tag")]
