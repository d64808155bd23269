"""A copy as a process of its own, to be killed: `python -m tests.harness.copy_child SOURCE:TAG DESTINATION TAG…`.

Prints its own peak of resident memory in KiB where it lives to do so.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ci_toolkit.model.reference import Reference, Repository
from ci_toolkit.progress import Silent
from ci_toolkit.redact import Redactor
from ci_toolkit.registry.destinations import Destinations
from tests.harness.logins_at_hand import Configured

if __name__ == "__main__":
    source = Reference.parse(sys.argv[1])
    there = Destinations(
        env={}, root=Path(), keychain=Configured({}), insecure=(), redact=Redactor(), progress=Silent()
    )
    copier = there.copier(source.repository, Repository.parse(sys.argv[2]))
    copier.run(copier.plan(str(source.digest or source.tag), sys.argv[3:]))
    there.close()
    # Not `ru_maxrss`: that begins with what the parent had when it forked.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    sys.stdout.write(status["VmHWM"].split()[0])
