"""What Trivy's secret scanner is told to do: look everywhere, and find the comments that silence checks.

Sources, of Trivy 0.76: `pkg/fanal/secret/builtin-allow-rules.go` and `scanner.go` for what it leaves out by itself,
`pkg/iac/ignore/parse.go` for comments. Where it wouldn't look by itself, a secret is found, and counts as low.
"""

from __future__ import annotations

import json
import re

from ci_toolkit.model.findings import SILENCER

_ALLOW_RULES = (
    *("dist-info", "tests", "examples", "vendor", "usr-dirs", "locale-dir", "markdown", "node.js", "golang", "python"),
    *("rubygems", "wordpress", "anaconda-log"),
)
_COMMENT = r"(?P<here>)(?:trivy|tfsec):(?:(?:[^ \n]*:)?ignore:[^ \n]|[^ \n]{1000})"
"""A group of no length: the line is quoted as it is.

Files are read in pieces that share 4 KB, so what is longer than any comment needs to be is taken for one.
"""
_COMMON = re.compile(
    r"(?:^|/)(?i:test)|(?i:-test|_test|\.test)|example|\.dist-info/|(?:^|/)(?:vendor|locales?|node_modules)/|\.md$"
    r"|^usr/(?:share|include|lib|local/go|local/lib/python[\d.]+|src/wordpress)/|^opt/yarn-v[\d.]+/|^var/log/anaconda/"
)


def secret_config() -> bytes:
    """The file for `--secret-config`."""
    comment = {
        "id": SILENCER,
        "category": "Comment",
        "title": "A comment silences checks of this file",
        "severity": "CRITICAL",
        "regex": _COMMENT,
        "keywords": ["trivy:", "tfsec:"],
        "secret-group-name": "here",
    }
    document = {"disable-allow-rules": _ALLOW_RULES, "skip-patterns": [], "rules": [comment]}
    return json.dumps(document).encode() + b"\n"


def is_common_place(path: str) -> bool:
    """True for tests, examples, texts and installed packages, which hold keys that open nothing."""
    return _COMMON.search(path) is not None
