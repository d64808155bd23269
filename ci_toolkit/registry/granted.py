"""What a token says it is good for.

Source: distribution/distribution, docs/spec/auth/jwt.md ("access").
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any


def granted_by(authorization: str) -> frozenset[str] | None:
    """The scopes of a Bearer token, an action each: `repository:NAME:push`; None where it doesn't say.

    What is read here is only believed for telling people; the registry verifies the token itself.
    """
    scheme, _, token = authorization.partition(" ")
    parts = token.split(".")
    if scheme != "Bearer" or len(parts) != 3:
        return None
    try:
        claims: Any = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        entries = claims["access"]
        return frozenset(
            f"{entry['type']}:{entry['name']}:{action}" for entry in entries for action in entry["actions"]
        )
    except (binascii.Error, ValueError, RecursionError, LookupError, TypeError):
        return None
