"""Signatures that git itself makes, with a key that is there for as long as a block lasts.

Sources: git-config, "gpg.format", "user.signingKey"; GitHub, "About commit signature verification".
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ci_toolkit.commits.keys import openpgp_home, private_directory, ssh_key_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_toolkit.process import Runner
    from ci_toolkit.redact import Redactor

_OPTION = "signing.key"


@dataclass(frozen=True, slots=True)
class Signature:
    """What git needs to sign a commit: settings, and variables."""

    settings: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def flags(self) -> tuple[str, ...]:
        """`git commit-tree`'s."""
        return ("-S",) if self.settings else ()


UNSIGNED = Signature()


@contextmanager
def signature(form: Literal["ssh", "openpgp"], key: str, runner: Runner, redact: Redactor) -> Iterator[Signature]:
    """A key made ready to sign: the key itself, or the path of its file. Nothing of it is left when the block ends.

    Raises UsageError for a key that can't be used, ToolError where ssh-keygen or gpg is missing.
    """
    if form == "openpgp":
        with openpgp_home(key, _OPTION, runner, redact) as (home, fingerprint):
            settings = ("gpg.format=openpgp", "gpg.program=gpg", f"user.signingKey={fingerprint}")
            yield Signature((*settings, "gpg.openpgp.program=gpg"), {"GNUPGHOME": str(home)})
        return
    with private_directory() as directory:
        path = ssh_key_file(directory, key, _OPTION, runner, redact)
        yield Signature(("gpg.format=ssh", "gpg.ssh.program=ssh-keygen", f"user.signingKey={path}"))
