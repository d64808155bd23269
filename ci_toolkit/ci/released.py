"""What a repository somewhere else has released: asked by git, over whatever way the user's git knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError

if TYPE_CHECKING:
    from ci_toolkit.process import Runner

_TIMEOUT = 10.0


def tagged_commit(runner: Runner, address: str, tag: str) -> str | None:
    """The commit that a tag of the repository at this address points at; None where that can't be learnt in 10 s."""
    name = f"refs/tags/{tag}"
    argv = ["git", "ls-remote", "--quiet", address, name, f"{name}^{{}}"]
    try:
        answer = runner.run(argv, env={"GIT_TERMINAL_PROMPT": "0"}, timeout=_TIMEOUT, check=False).stdout
    except ToolError:
        return None
    found = {ref: commit for commit, _, ref in (line.partition("\t") for line in answer.splitlines())}
    return found.get(f"{name}^{{}}") or found.get(name)
