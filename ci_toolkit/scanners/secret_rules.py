"""What Trivy's secret scanner is told to do: where to look, and to find the comments that silence checks.

Sources, of Trivy 0.76: `pkg/fanal/secret/builtin-allow-rules.go` and `scanner.go` for what it leaves out by itself,
`pkg/iac/ignore/parse.go` for comments. In most of those places keys that open nothing are common, so a secret counts
as low there. To look there takes longer than all else, and is done where it can matter.
"""

from __future__ import annotations

import json
import re

from ci_toolkit.model.findings import SILENCER

_ALLOW_RULES = (
    *("dist-info", "tests", "examples", "vendor", "usr-dirs", "locale-dir", "markdown", "node.js", "golang", "python"),
    *("rubygems", "wordpress", "anaconda-log"),
)
_COMMON_PATTERNS = ("**/node_modules/**",)
"""Of the patterns that Trivy skips by itself, those of a common place."""
_COMMENT = r"(?P<here>)(?:trivy|tfsec):(?:(?:[^ \n]*:)?ignore:[^ \n]|[^ \n]{1000})"
"""A group of no length: the line is quoted as it is.

Files are read in pieces that share 4 KB, so what is longer than any comment needs to be is taken for one.
"""
_COMMON = re.compile(
    r"(?:^|/)(?i:test)|(?i:-test|_test|\.test)|example|\.dist-info/|(?:^|/)(?:vendor|locales?|node_modules)/|\.md$"
    r"|^usr/(?:share|include|lib|local/go|local/lib/python[\d.]+|src/wordpress)/|^opt/yarn-v[\d.]+/|^var/log/anaconda/"
)


def secret_config(*, everywhere: bool) -> bytes:
    """The file for `--secret-config`; `everywhere`: in common places, too."""
    comment = {
        "id": SILENCER,
        "category": "Comment",
        "title": "A comment silences checks of this file",
        "severity": "CRITICAL",
        "regex": _COMMENT,
        "keywords": ["trivy:", "tfsec:"],
        "secret-group-name": "here",
    }
    lifted, skipped = (_ALLOW_RULES, ()) if everywhere else ((), _COMMON_PATTERNS)
    document = {"disable-allow-rules": lifted, "skip-patterns": skipped, "rules": [comment]}
    return json.dumps(document).encode() + b"\n"


def is_common_place(path: str) -> bool:
    """True for tests, examples, texts and installed packages, which hold keys that open nothing."""
    return _COMMON.search(path) is not None
