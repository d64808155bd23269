"""What an unquoted scalar means: the core schema of YAML 1.2.2 (10.3), and the booleans of YAML 1.1.

`yes`, `no`, `on` and `off` count as booleans because other readers take them for such: where text is wanted, they
are refused instead of meaning one thing here and another elsewhere.
"""

from __future__ import annotations

import json
import re

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_WORDS = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}
_BOOLEANS = {form: value for word, value in _WORDS.items() for form in (word, word.capitalize(), word.upper())}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./-]*")
_MOST_DIGITS = 18
_LONGEST = 40

ScalarValue = str | int | float | bool | None


def resolve(text: str) -> ScalarValue:
    """The value of an unquoted scalar. A number of more than 18 digits becomes a float: no option needs it exact."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return _number(text)
    if _FLOAT.fullmatch(text):
        return (
            float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
            if len(text) <= _LONGEST
            else float("inf")
        )
    return text


def one_line(text: str) -> str:
    """The text as a scalar on one line that every reader takes for this text: quoted, unless it is plain enough."""
    is_text = _PLAIN.fullmatch(text) and isinstance(resolve(text), str)
    return text if is_text else json.dumps(text, ensure_ascii=False)


def _number(text: str) -> int | float:
    if len(text) > _MOST_DIGITS:
        # int() refuses more than 4,300 digits and takes quadratic time below that.
        return float("-inf" if text.startswith("-") else "inf")
    if text.startswith("0o"):
        return int(text, 0)
    return int(text, 16) if text.startswith("0x") else int(text)
