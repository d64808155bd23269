"""Secrets in no output, in no encoding."""

from __future__ import annotations

import base64
import json
import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from ci_toolkit.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_PLACEHOLDER = "***"
_SHORTEST = 4


class Redactor:
    """Replaces every secret it was told of, raw, base64-, URL- and JSON-encoded, by `***`."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()
        self._observer: Callable[[Collection[str]], None] | None = None

    def add(self, secret: str, *, user: str = "") -> None:
        """Learn a secret; with `user`, its `user:secret` Basic form too. Under 4 characters it is no secret."""
        if len(secret) < _SHORTEST:
            return
        lines = {line.strip() for line in secret.splitlines()}
        new = {*_forms(secret), *(line for line in lines if len(line) >= _SHORTEST * 2)}
        if user:
            new.update(_forms(f"{user}:{secret}"))
        with self._lock:
            unheard = new - self._forms
            if self._observer and unheard:
                self._observer(unheard)
            self._forms |= new
            longest_first = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(re.escape(form) for form in longest_first))

    def watch(self, observer: Callable[[Collection[str]], None]) -> None:
        """Tell `observer` every form that is known, and each new one before `add` returns; it must not add any."""
        with self._lock:
            self._observer = observer
            if self._forms:
                observer(frozenset(self._forms))

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        return self._pattern.sub(_PLACEHOLDER, text) if self._pattern else text

    def harmless(self, text: str) -> str:
        """Text from outside as it may be shown: no secret, and on no line a command."""
        # Twice: a secret with a colour code in its middle appears only once that is taken out.
        return self(harmless(self(text)))


def _forms(secret: str) -> Iterator[str]:
    data = secret.encode("utf-8", "surrogateescape")
    yield secret
    yield quote(secret, safe="", errors="replace")
    yield quote_plus(secret, errors="replace")
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(data).decode()
        yield encode(data).decode().rstrip("=")
