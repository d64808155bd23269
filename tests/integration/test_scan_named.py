"""`ci-toolkit scan TARGET`: whatever the image is in, every platform is scanned and the gate has its say."""

from __future__ import annotations

import json
import subprocess
import uuid
from datetime import UTC, datetime, timedelta
from textwrap import indent
from typing import TYPE_CHECKING, Any

import pytest

from ci_toolkit.steps.scan_targets import flat
from tests.harness.named_scans import FINE, VULNERABLE, Places
from tests.harness.registry import program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[..., subprocess.CompletedProcess[str]]

BOTH = {"linux/amd64": FINE, "linux/arm64": VULNERABLE}
BLOCKING = ["CVE-2019-10906 jinja2 2.10 (high)"]


def scanned(run_command: Command, places: Places, *arguments: str) -> tuple[int, dict[str, Any]]:
    result = run_command("scan", *arguments, "--output", "json", cwd=places.root)
    return result.returncode, json.loads(result.stdout or "{}")


def test_a_tag_on_a_registry_is_scanned_by_its_digest_on_every_platform(places: Places, run_command: Command) -> None:
    repository = places.config()
    root = places.pushed(repository, "1.4", BOTH)
    name = f"{repository}:1.4"
    code, found = scanned(run_command, places, name)
    assert (code, list(found)) == (1, [name])
    assert found[name]["digest"] == str(root.digest)
    assert found[name]["platform_verdicts"] == {"linux/amd64": "pass", "linux/arm64": "fail"}
    assert found[name]["blocking"] == BLOCKING
    reports = sorted((places.root / ".ci-toolkit" / "reports").iterdir())
    assert [file.name for file in reports] == [name.replace("/", "-").replace(":", "-")]
    assert not (places.root / ".ci-toolkit" / "state.json").exists()
    assert not (places.root / ".ci-toolkit" / "named").exists()
    by_digest = run_command("scan", f"{repository}@{root.digest}", cwd=places.root)
    assert by_digest.returncode == 1
    assert by_digest.stdout.startswith(f"{repository}@{root.digest}: fail (linux/amd64 pass, ")


def test_a_layout_is_scanned_and_of_several_images_the_one_that_is_named(places: Places, run_command: Command) -> None:
    places.config()
    layout, vulnerable = places.layout("images", BOTH)
    assert scanned(run_command, places, "oci:images")[1]["oci:images"]["blocking"] == BLOCKING
    _, fine = places.layout("images", {"linux/amd64": FINE})
    layout.write_entries([vulnerable, fine])
    assert scanned(run_command, places, f"oci:images@{vulnerable.digest}")[0] == 1
    assert scanned(run_command, places, f"oci:images@{fine.digest}")[0] == 0
    result = run_command("scan", "oci:images", cwd=places.root)
    assert result.returncode == 2
    assert "several images are meant" in result.stderr
    assert str(fine.digest) in result.stderr


def test_an_archive_of_a_layout_keeps_its_digest_and_its_platforms(places: Places, run_command: Command) -> None:
    places.config()
    layout, root = places.layout("image", BOTH)
    places.archive(layout, "image.tar.gz")
    code, found = scanned(run_command, places, "image.tar.gz")
    assert (code, found["image.tar.gz"]["digest"]) == (1, str(root.digest))
    assert set(found["image.tar.gz"]["platform_verdicts"]) == {"linux/amd64", "linux/arm64"}


def test_the_engines_image_and_what_docker_saves_of_it_are_one(places: Places, run_command: Command) -> None:
    repository = places.config()
    places.pushed(repository, "1", {"linux/amd64": [{"etc/only-here": uuid.uuid4().hex}, *VULNERABLE]})
    name = places.in_engine(f"{repository}:1")
    code, by_engine = scanned(run_command, places, f"docker:{name}")
    assert (code, by_engine[f"docker:{name}"]["blocking"]) == (1, BLOCKING)
    subprocess.run(["docker", "save", "-o", places.root / "saved.tar", name], check=True, capture_output=True)
    code, by_file = scanned(run_command, places, "saved.tar")
    assert code == 1
    assert by_file["saved.tar"]["digest"] == by_engine[f"docker:{name}"]["digest"]
    subprocess.run(["docker", "rmi", name], check=True, capture_output=True)
    # What crane and kaniko write has its layers compressed.
    subprocess.run([program("crane"), "pull", name, places.root / "pulled.tar"], check=True, capture_output=True)
    code, pulled = scanned(run_command, places, "pulled.tar")
    assert (code, pulled["pulled.tar"]["digest"]) == (1, by_file["saved.tar"]["digest"])


def test_several_targets_are_one_scan_and_the_table_names_each(places: Places, run_command: Command) -> None:
    places.config()
    places.layout("fine", {"linux/amd64": FINE})
    places.layout("bad", {"linux/amd64": VULNERABLE})
    result = run_command("scan", "oci:fine", "oci:bad", cwd=places.root)
    assert result.returncode == 1
    assert "oci:fine " in result.stdout
    assert "\n\noci:bad " in result.stdout
    assert "the gate refuses oci:bad: 1 blocking" in result.stderr


def test_a_plan_says_in_angle_brackets_what_is_not_known_yet(places: Places, run_command: Command) -> None:
    repository = places.config()
    result = run_command("scan", "--dry-run", cwd=places.root)
    assert "/scan/app/<platform of the builder>/report.json" in result.stdout
    for target, name in (("oci:images", "oci-images"), (f"{repository}:1", flat(f"{repository}:1"))):
        result = run_command("scan", target, "--dry-run", "--format", "json", cwd=places.root)
        actions = {action["summary"]: action for action in json.loads(result.stdout)["actions"]}
        argv = actions[f"scan {target} <each platform>"]["argv"]
        assert f"--output={places.root}/.ci-toolkit/scan/{name}/<each platform>/report.json" in argv
        assert f"--input={places.root}/.ci-toolkit/scan/{name}/<each platform>/layout" in argv


def test_without_a_config_the_defaults_count(places: Places, run_command: Command, tmp_path: Path) -> None:
    places.config()
    places.layout("fine", {"linux/amd64": FINE})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    result = run_command("scan", "oci:../fine", "--dry-run", cwd=elsewhere)
    assert "from high on fail" in result.stdout
    (tmp_path / ".ci-toolkit.yml").unlink()
    result = run_command("scan", "oci:../fine", "--dry-run", cwd=elsewhere)
    assert result.returncode == 0
    assert "from high on fail" in result.stdout
    assert "Trivy's own repositories" in result.stdout


def test_a_target_can_be_one_of_the_configs_images(places: Places, run_command: Command) -> None:
    places.config(
        "  ignore:\n    - id: CVE-2019-10906\n      image: app\n      reason: none\n      owner: us\n"
        f"      expires: {(datetime.now(UTC) + timedelta(days=30)).date()}\n"
    )
    places.layout("bad", {"linux/amd64": VULNERABLE})
    assert scanned(run_command, places, "oci:bad")[0] == 1
    code, found = scanned(run_command, places, "oci:bad", "--image", "app")
    assert (code, found["app"]["ignored"]) == (0, 1)


def test_the_entry_to_paste_is_one_that_the_config_takes(places: Places, run_command: Command) -> None:
    places.config()
    places.layout("bad", {"linux/amd64": VULNERABLE})
    [ground] = scanned(run_command, places, "oci:bad")[1]["oci:bad"]["explanation"]["grounds"]
    entry = ground["triage_entry"].replace('""', "answered")
    places.config("  ignore:\n" + indent(entry, "    "))
    code, found = scanned(run_command, places, "oci:bad")
    assert (code, found["oci:bad"]["ignored"]) == (0, 1)


@pytest.mark.parametrize(
    ("target", "code", "said"),
    [
        ("app", 2, "next: `ci-toolkit scan --image app` scans what was built"),
        ("oci:nowhere", 2, "there is no OCI image layout in nowhere"),
        ("nowhere.tar", 2, "there is no file nowhere.tar"),
        ("empty.tar", 2, "holds no image"),
        ("broken.tar", 3, "can't be written as a layout"),
        ("docker:ci-toolkit-test/no-such-image", 3, "the local engine has no image"),
        ("{repository}:1", 4, "doesn't exist"),
        ("https://example.com/x", 2, "starts with a scheme"),
        ("oci:", 2, "wants the directory of an OCI image layout"),
    ],
)
def test_what_is_not_there_is_told(places: Places, run_command: Command, target: str, code: int, said: str) -> None:
    repository = places.config()
    subprocess.run(["tar", "-cf", "empty.tar", ".ci-toolkit.yml"], cwd=places.root, check=True)
    (places.root / "broken.tar").write_bytes(b"no archive at all")
    result = run_command("scan", target.format(repository=repository), cwd=places.root)
    assert (result.returncode, result.stdout.strip()) == (code, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_layout_that_was_tampered_with_is_refused(places: Places, run_command: Command) -> None:
    places.config()
    layout, _ = places.layout("bad", {"linux/amd64": VULNERABLE})
    largest = max(layout.blobs.iterdir(), key=lambda file: file.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-1] + b"?")
    assert run_command("scan", "oci:bad", cwd=places.root).returncode == 5
