"""The toolkit's own image, run as CI systems run it."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.image import SIZE
from ci_toolkit.version import __version__
from tests.harness.delivered import crane, tags_in
from tests.harness.project import git

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.container import ToolkitImage
    from tests.harness.project import Project

ROOT = Path(__file__).parent.parent.parent
EVERY_MODULE = """
import importlib, pkgutil, sys, ci_toolkit
names = [found.name for found in pkgutil.walk_packages(ci_toolkit.__path__, "ci_toolkit.")]
for name in names:
    importlib.import_module(name)
from botocore.session import Session
for service in ("ecr", "ecr-public", "sts"):
    Session().create_client(service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
print(len(names))
"""
BYTECODE = """
import importlib.util, pathlib, sysconfig
def compiled(source):
    return pathlib.Path(importlib.util.cache_from_source(str(source)))
unchecked = (1).to_bytes(4, "little")
for source in pathlib.Path(sysconfig.get_path("purelib")).rglob("*.py"):
    if not compiled(source).exists() or compiled(source).read_bytes()[4:8] != unchecked:
        print(source)
for source in pathlib.Path(sysconfig.get_path("stdlib")).glob("*.py"):
    if not compiled(source).exists():
        print(source)
"""


@pytest.fixture
def strangers(project: Project, toolkit_image: ToolkitImage) -> Iterator[Project]:
    """The example, in a checkout that belongs to the user that GitHub's runner is, 1001."""
    mine = project.root.stat()
    toolkit_image.give(project.root, "1001:127")
    yield project
    toolkit_image.give(project.root, f"{mine.st_uid}:{mine.st_gid}")


def test_it_is_the_command(toolkit_image: ToolkitImage) -> None:
    done = toolkit_image.run("--version")
    assert (done.returncode, done.stdout) == (0, f"ci-toolkit, version {__version__}\n")
    assert toolkit_image.shell("ci-toolkit --version") == done.stdout


def test_nothing_in_its_configuration_surprises(toolkit_image: ToolkitImage) -> None:
    config = toolkit_image.config()
    labels = config.pop("Labels")
    assert config == {
        "Entrypoint": ["/opt/ci-toolkit/bin/ci-toolkit"],
        "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"],
    }
    prefix = "org.opencontainers.image."
    assert {name.removeprefix(prefix) for name in labels if name.startswith(prefix)} == {
        *("title", "description", "licenses", "version", "revision", "created", "source")
    }
    assert (labels[prefix + "title"], labels[prefix + "version"]) == ("ci-toolkit", __version__)
    assert re.fullmatch(r"[0-9a-f]{40}", labels[prefix + "revision"])


def test_every_tool_answers(toolkit_image: ToolkitImage) -> None:
    versions = toolkit_image.shell(
        "git --version; ssh -V 2>&1; trivy --version; docker --version; docker buildx version"
    )
    assert re.search(r"^git version \d", versions, re.MULTILINE)
    assert re.search(r"^OpenSSH_\d", versions, re.MULTILINE)
    assert re.search(r"^Docker version \d", versions, re.MULTILINE)
    buildx = re.search(r"docker/buildx v?(\d+)\.(\d+)\.", versions)
    assert buildx is not None
    assert (int(buildx[1]), int(buildx[2])) >= (0, 21), "GitHub's cache service wants BuildKit's second protocol"
    schema = json.loads((ROOT / "schemas/ci-toolkit.schema.json").read_text(encoding="utf-8"))
    wanted = schema["properties"]["scan"]["properties"]["trivy-image"]["default"].rpartition(":")[2]
    assert f"Version: {wanted}\n" in versions
    assert f"trivy:{wanted}" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_what_was_trimmed_is_needed_by_nothing(toolkit_image: ToolkitImage) -> None:
    root = ROOT / "ci_toolkit"
    modules = {path.parent if path.name == "__init__.py" else path for path in root.rglob("*.py")} - {root}
    done = toolkit_image.run("-I", "-c", EVERY_MODULE, entrypoint="/opt/ci-toolkit/bin/python")
    assert (done.stderr, done.stdout) == ("", f"{len(modules)}\n")
    toolkit_image.shell("apt-get check")


def test_every_module_is_compiled(toolkit_image: ToolkitImage) -> None:
    done = toolkit_image.run("-I", "-c", BYTECODE, entrypoint="/opt/ci-toolkit/bin/python")
    assert (done.stderr, done.stdout) == ("", "")


def test_neither_source_nor_secret_nor_tool_of_the_build_is_in_it(toolkit_image: ToolkitImage) -> None:
    files = set(toolkit_image.shell("find / -xdev -path /proc -prune -o -print").splitlines())
    assert "/opt/ci-toolkit/bin/ci-toolkit" in files
    left = [
        path
        for path in files
        if re.match(r"/(src|build|github|root/\.cache|run/ca\.crt|var/lib/apt/lists/.|var/log/apt|tmp/.)", path)
        or re.search(r"/site-packages/(pip|setuptools|hatchling|pbr|tests?|.*\.pth)$", path)
        or re.search(r"/(\.git|\.env|Dockerfile|conftest\.py)$", path)
    ]
    assert left == []
    assert toolkit_image.shell("find / -xdev -type f -perm -o+w -not -path '/proc/*'") == ""
    history = subprocess.run(
        ["docker", "history", "--no-trunc", toolkit_image.name], capture_output=True, text=True, check=True
    )
    assert "BEGIN CERTIFICATE" not in history.stdout


def test_its_size_is_kept(toolkit_image: ToolkitImage) -> None:
    layers = toolkit_image.layers()
    without = [(made_by, size) for made_by, size in layers if "/usr/local/bin/trivy" not in made_by]
    assert len(without) == len(layers) - 1
    assert sum(size for _, size in without) / 1e6 < SIZE, without


def test_a_jobs_own_settings_change_nothing(toolkit_image: ToolkitImage, project: Project) -> None:
    (project.root / "click.py").write_text("raise SystemExit('planted')\n", encoding="utf-8")
    hostile = {
        "PATH": "/nonsense",
        "HOME": "/nonexistent",
        "PYTHONPATH": "/github/workspace",
        "PYTHONHOME": "/nonsense",
        "PYTHONSTARTUP": "/github/workspace/click.py",
        "LD_LIBRARY_PATH": "/opt/hostedtoolcache/Python/3.9.0/x64/lib",
        "LANG": "xx_XX",
        "LC_ALL": "xx_XX",
    }
    done = toolkit_image.run("validate", workspace=project.root, env=hostile)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


@pytest.mark.parametrize(("signal", "code"), [("INT", 130), ("TERM", 143)])
def test_as_first_process_it_ends_when_it_is_told_to(
    toolkit_image: ToolkitImage, project: Project, signal: str, code: int
) -> None:
    dockerfile = project.root / "Dockerfile"
    seconds = {"INT": "97531", "TERM": "97532"}[signal]
    dockerfile.write_text(dockerfile.read_text() + f'RUN ["/bin/busybox", "sleep", "{seconds}"]\n')
    config = project.root / ".ci-toolkit.yml"
    config.write_text(config.read_text().replace("[linux/amd64, linux/arm64]", "[linux/amd64]"))
    with toolkit_image.container("run", workspace=project.root) as container:
        said = next(line for line in container.lines() if seconds in line)
        assert "busybox" in said
        start = time.monotonic()
        container.kill(signal)
        assert container.wait(30) == code
        assert time.monotonic() - start < 5
        assert "stopped; everything it started has ended" in "".join(container.lines())
    assert not (project.root / ".ci-toolkit/state.json").exists()
    deadline = time.monotonic() + 5
    while subprocess.run(["pgrep", "-f", f"sleep {seconds}"], capture_output=True, check=False).returncode == 0:
        assert time.monotonic() < deadline, "the build goes on without us"
        time.sleep(0.1)


def test_the_whole_job_in_another_users_checkout(toolkit_image: ToolkitImage, strangers: Project) -> None:
    revision = git(strangers.root, "-c", f"safe.directory={strangers.root}", "rev-parse", "HEAD")
    done = toolkit_image.run("run", workspace=strangers.root, env={"HOME": "/github/home"})
    assert done.returncode == 0, done.stderr
    assert "dubious" not in done.stderr
    image = strangers.image
    assert image["verdict"] == "pass"
    assert strangers.state["source"]["revision"] == revision
    assert sorted(tags_in(strangers.repository)) == sorted(image["tags"])
    for tag in image["tags"]:
        assert crane("digest", f"{strangers.repository}:{tag}") == image["digest"]
    wanted = f"{strangers.repository}:1.0.0@{image['digest']}".encode()
    assert b"".join(strangers.manifests().values()).count(wanted) == 3


def test_a_vulnerable_image_is_refused(
    toolkit_image: ToolkitImage, project: Project, packages: dict[str, Path]
) -> None:
    project.vendor(packages["vulnerable"])
    done = toolkit_image.run("run", workspace=project.root)
    assert done.returncode == 1, done.stderr
    assert "CVE-2019-11324" in done.stderr
    assert tags_in(project.repository) == []


def test_only_what_the_dockerfile_copies_goes_to_the_build() -> None:
    allowed = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    copied = re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text())
    assert allowed == {name for names in copied for name in names.split()}
