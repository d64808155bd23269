"""A stand-in for Trivy that fails in all the ways Trivy can't be made to: strict about what it is asked."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.harness.images import DEBIAN_12, pip_package

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parent.parent.parent
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
"""When scans with it are made."""
BOTH_PLATFORMS = {name: [DEBIAN_12, pip_package("urllib3", "1.24.1")] for name in ("linux/amd64", "linux/arm64")}
URLLIB3 = {
    "VulnerabilityID": "CVE-2019-11324",
    "PkgName": "urllib3",
    "InstalledVersion": "1.24.1",
    "FixedVersion": "1.24.2",
    "Status": "fixed",
    "Severity": "HIGH",
}
"""A finding, in the words of its reports."""

SCRIPT = """#!{python}
import json, os, pathlib, resource, shutil, signal, sys, time

# A test may let the disk be full for the toolkit; not for the scanner.
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

here = pathlib.Path(__file__).parent
flags = dict(part.partition("=")[::2] for part in sys.argv[2:])
mode = (here / "mode").read_text()
call = {{"flags": flags, "trivy_env": [k for k in os.environ if k.startswith("TRIVY_")], "cwd": os.listdir()}}
with (here / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps(call) + "\\n")

def fail(text):
    print("FATAL\\tFatal error\\t" + text, file=sys.stderr)
    sys.exit(1)

if sys.argv[1] != "image" or "--quiet" not in flags:
    fail("called in another way than a scan is: " + repr(sys.argv))
for name in ("--config", "--ignorefile"):
    if pathlib.Path(flags[name]).read_bytes():
        fail(name + " names a file with something in it")
skipped = json.loads(pathlib.Path(flags["--secret-config"]).read_bytes())["skip-patterns"]
if skipped not in ([], ["**/node_modules/**"]):
    fail("--secret-config leaves other files out than installed packages")
if "--download-java-db-only" in flags:
    if mode == "java-down":
        fail("OCI repository error: no route to host")
    index = pathlib.Path(flags["--cache-dir"]) / "java-db"
    index.mkdir()
    (index / "trivy-java.db").write_bytes(b"")
    (index / "metadata.json").write_text('{{"Version": 1, "NextUpdate": "2026-11-27T00:00:00.123456789Z"}}')
    sys.exit()
if "--download-db-only" in flags:
    source = here / "databases" / flags.get("--db-repository", "none").replace("/", "_")
    if not source.is_dir():
        fail("OCI repository error: " + source.name)
    shutil.copytree(source, flags["--cache-dir"] + "/db")
    sys.exit()
if not {{"--skip-db-update", "--skip-java-db-update", "--offline-scan", "--exit-code"}} <= flags.keys():
    fail("a scan that might download or judge")
if not (pathlib.Path(flags["--cache-dir"]) / "db" / "trivy.db").is_file():
    fail("--skip-db-update cannot be specified on the first run")
if mode.startswith("java") and not (pathlib.Path(flags["--cache-dir"]) / "java-db").is_dir():
    fail("Unable to initialize the Java DB: Java DB update failed")
if mode == "crash":
    fail("semaphore acquire: context deadline exceeded \\x1b[31m::error::boom")
if mode == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if mode == "hang":
    time.sleep(600)
layout = pathlib.Path(flags["--input"])
[entry] = json.loads((layout / "index.json").read_text())["manifests"]
manifest = json.loads((layout / "blobs/sha256" / entry["digest"][7:]).read_text())
image = manifest["config"]["digest"] if mode != "other-image" else "sha256:" + "0" * 64
result = {{"Target": "Python", "Class": "lang-pkgs", "Type": "python-pkg", "Packages": [{{"Name": "urllib3"}}]}}
result["Vulnerabilities"] = json.loads((here / "vulnerabilities.json").read_text())
result.update(json.loads((here / "others.json").read_text()))
report = {{"SchemaVersion": 99 if mode == "other-schema" else 2, "Results": [result]}}
report |= {{"Trivy": {{"Version": "9.9.9"}}, "Metadata": {{"ImageID": image}}}}
text = json.dumps(report)
if mode == "truncated":
    text = text[: len(text) // 2]
if mode == "empty":
    text = ""
if mode != "no-report":
    pathlib.Path(flags["--output"]).write_text(text)
"""


def bolt() -> ModuleType:
    """The stack's writer of database files."""
    spec = importlib.util.spec_from_file_location("bolt", ROOT / "scripts" / "stack.d" / "bolt.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_database(directory: Path, updated: datetime, *, filled: bool = True, **metadata: Any) -> None:
    """A vulnerability database in Trivy's format, made at this time; `filled=False`: of no vulnerability at all."""
    directory.mkdir(parents=True)
    vulnerabilities = {"CVE-2019-11324": b"{}"} if filled else {}
    (directory / "trivy.db").write_bytes(bolt().dump({"data-source": {}, "vulnerability": vulnerabilities}))
    times = {"UpdatedAt": updated, "NextUpdate": updated + timedelta(hours=24), "DownloadedAt": updated}
    document = {"Version": 2, **{name: time.isoformat() for name, time in times.items()}, **metadata}
    (directory / "metadata.json").write_text(json.dumps(document))


@dataclass(frozen=True)
class FakeTrivy:
    """The script, and what tells it how to behave."""

    home: Path

    @property
    def program(self) -> Path:
        """The executable."""
        return self.home / "trivy"

    @property
    def calls(self) -> list[dict[str, Any]]:
        """What it was called with so far."""
        log = self.home / "calls.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    @property
    def downloads(self) -> list[str]:
        """The repositories it was asked to download a database from."""
        return [
            call["flags"].get("--db-repository", "") for call in self.calls if "--download-db-only" in call["flags"]
        ]

    def behave(self, mode: str) -> None:
        """`ok`, `crash`, `killed`, `hang`, `truncated`, `empty`, `no-report`, `other-image`, `other-schema`, `java`
        or `java-down`.
        """
        (self.home / "mode").write_text(mode)

    def finds(self, *vulnerabilities: dict[str, Any], **others: Any) -> None:
        """What its reports hold from now on; `others` by their names there: `Secrets`, `Licenses` and so on."""
        (self.home / "vulnerabilities.json").write_text(json.dumps(vulnerabilities))
        (self.home / "others.json").write_text(json.dumps(others))

    def serves(self, repository: str, updated: datetime, **options: Any) -> None:
        """A repository it can download a database from."""
        write_database(self.home / "databases" / repository.replace("/", "_"), updated, **options)


def fake_trivy(home: Path) -> FakeTrivy:
    """Write the script: well-behaved, finding nothing, knowing no repository."""
    home.mkdir(parents=True)
    fake = FakeTrivy(home)
    fake.program.write_text(SCRIPT.format(python=sys.executable))
    fake.program.chmod(0o755)
    fake.behave("ok")
    fake.finds()
    return fake
