"""What Trivy's secret scanner is told to do: where to look.

Source: Trivy 0.76, `pkg/fanal/secret/builtin-allow-rules.go` and `scanner.go`, for what it leaves out by itself. In
most of those places keys that open nothing are common, so a secret counts as low there. To look there takes longer
than all else, and is done where it can matter.
"""

from __future__ import annotations

import json
import re

_ALLOW_RULES = (
    *("dist-info", "tests", "examples", "vendor", "usr-dirs", "locale-dir", "markdown", "node.js", "golang", "python"),
    *("rubygems", "wordpress", "anaconda-log"),
)
_COMMON_PATTERNS = ("**/node_modules/**",)
"""Of the patterns that Trivy skips by itself, those of a common place."""
_COMMON = re.compile(
    r"(?:^|/)(?i:test)|(?i:-test|_test|\.test)|example|\.dist-info/|(?:^|/)(?:vendor|locales?|node_modules)/|\.md$"
    r"|^usr/(?:share|include|lib|local/go|local/lib/python[\d.]+|src/wordpress)/|^opt/yarn-v[\d.]+/|^var/log/anaconda/"
)


def secret_config(*, everywhere: bool) -> bytes:
    """The file for `--secret-config`; `everywhere`: in common places, too."""
    lifted, skipped = (_ALLOW_RULES, ()) if everywhere else ((), _COMMON_PATTERNS)
    return json.dumps({"disable-allow-rules": lifted, "skip-patterns": skipped}).encode() + b"\n"


def is_common_place(path: str) -> bool:
    """True for tests, examples, texts and installed packages, which hold keys that open nothing."""
    return _COMMON.search(path) is not None
