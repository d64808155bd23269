"""What a code host knows a finding of lint by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_toolkit.report.identity import hashed

if TYPE_CHECKING:
    from ci_toolkit.model.lint import LintFinding

_TAG_AND_DIGEST = re.compile(r"(?::[\w.-]*)?(?:@.*)?$", re.DOTALL)


def known_by(finding: LintFinding, file: str) -> str:
    """Rule, file and image, whatever its line, its tag and its digest: 32 hexadecimal digits."""
    return hashed(finding.rule, file, _TAG_AND_DIGEST.sub("", finding.image))
