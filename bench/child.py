"""Runs a command and writes to a pipe what it took: `[seconds, bytes]`, wall time and peak resident memory.

A process of its own, because Linux counts the memory of the parent that started a command as the command's: this
one is small, whatever the bench itself holds.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """`child.py PIPE COMMAND [ARGUMENT]...`, the pipe as the number of a file descriptor."""
    pipe, *command = sys.argv[1:]
    start = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    took = (time.perf_counter() - start, usage.ru_maxrss * 1024)
    os.write(int(pipe), json.dumps(took).encode())
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
