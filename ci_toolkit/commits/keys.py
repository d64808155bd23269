"""Private keys for the time of a few calls: files that nobody else can read, in a directory that goes again."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError, UsageError
from ci_toolkit.private import temporary_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from ci_toolkit.process import Runner
    from ci_toolkit.redact import Redactor

_LARGEST = 64 * 1024
_LONGEST_TEMPORARY = 40
"""Characters; the socket of an agent below it has at most 107 (unix(7))."""
_NO_PASSPHRASE = "take a key of its own for this, made without a passphrase: nobody can type one here"  # noqa: S105


def places() -> list[Path]:
    """Where directories with keys are made, for `private.sweep`: of GnuPG's the names have to be short."""
    here = Path(tempfile.gettempdir()).resolve()
    return [here, Path("/tmp") if len(str(here)) > _LONGEST_TEMPORARY else here]  # noqa: S108


def private_directory() -> AbstractContextManager[Path]:
    """A directory for this user alone, outside of checkout and workdir, gone with all it holds when the block ends."""
    return temporary_directory(places()[0])


def given(value: str, option: str) -> str:
    """The value of an option that is a secret; raises UsageError where its variable isn't there."""
    if not value:
        message = f"commit.{option}: its variable isn't set, or is empty"
        raise UsageError(message, hint="give the secret to the job that commits, and to no other")
    return value


def key_text(value: str, option: str, redact: Redactor) -> str:
    """The key that an option gives, by itself or by the path of its file, with the line ends that programs want.

    Raises UsageError where there is none.
    """
    text = _read(Path(value), option) if given(value, option).startswith("/") else value
    lines = text.replace("\r\n", "\n").strip()
    redact.add(lines)
    return f"{lines}\n"


def write_private(path: Path, text: str) -> Path:
    """A new file that this user alone may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    return path


def ssh_key_file(directory: Path, value: str, option: str, runner: Runner, redact: Redactor) -> Path:
    """An SSH key's file, its public half beside it. Raises UsageError for what is no key, or has a passphrase;
    ToolError where ssh-keygen is missing.
    """
    path = write_private(directory / option.replace(".", "-"), key_text(value, option, redact))
    asked = runner.run(["ssh-keygen", "-y", "-P", "", "-f", str(path)], timeout=30, check=False)
    if asked.returncode:
        if "passphrase" in asked.stderr:
            message = f"commit.{option}: the key has a passphrase"
            raise UsageError(message, hint=_NO_PASSPHRASE)
        message = f"commit.{option} is no private SSH key"
        raise UsageError(message, hint="give the whole file, from its BEGIN to its END line, as ssh-keygen writes it")
    write_private(path.with_name(f"{path.name}.pub"), asked.stdout)
    return path


@contextmanager
def openpgp_home(value: str, option: str, runner: Runner, redact: Redactor) -> Iterator[tuple[Path, str]]:
    """A GnuPG home that holds this one key, and the key's fingerprint; its agent ends with the block.

    Raises UsageError for what is no key, or can't sign; ToolError where gpg is missing.
    """
    text = key_text(value, option, redact)
    with temporary_directory(places()[1]) as home:
        # An agent that can't ask says so at once.
        write_private(home / "gpg-agent.conf", "pinentry-program /bin/false\n")
        write_private(home / "gpg.conf", "batch\nno-tty\nno-auto-key-retrieve\n")
        env = {"GNUPGHOME": str(home)}
        try:
            imported = runner.run(["gpg", "--import"], env=env, stdin=text.encode(), timeout=60, check=False)
            listed = runner.run(["gpg", "--with-colons", "--list-secret-keys"], env=env, timeout=60, check=False)
            fields = [line.split(":") for line in listed.stdout.splitlines()]
            fingerprint = next((field[9] for field in fields if field[0] == "fpr"), "")
            if not fingerprint:
                message = f"commit.{option} is no secret OpenPGP key; gpg says: {_last(imported.stderr)}"
                raise UsageError(message, hint="give what `gpg --export-secret-keys --armor` writes")
            signed = runner.run(
                ["gpg", "--local-user", fingerprint, "--armor", "--detach-sign"],
                env=env,
                stdin=b"ci-toolkit",
                timeout=60,
                check=False,
            )
            if signed.returncode:
                message = f"commit.{option} can't sign; gpg says: {_last(signed.stderr)}"
                raise UsageError(message, hint=f"is it expired, or without a subkey that signs? {_NO_PASSPHRASE}")
            yield home, fingerprint
        finally:
            with suppress(ToolError):  # where it is missing, so is what is wrong already
                runner.run(["gpgconf", "--kill", "gpg-agent"], env=env, timeout=10, check=False)


def _last(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "nothing")


def _read(path: Path, option: str) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_LARGEST).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        message = f"commit.{option}: the key's file {path} can't be read: {why}"
        raise UsageError(
            message, hint="name the file of a private key, or give the key itself in the variable"
        ) from None
