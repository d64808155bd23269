"""`make bench`: every measurement, ratios in one run; exit 1 if one is over its limit."""

from __future__ import annotations

import sys
from importlib import import_module

PARTS = ("startup", "push", "copy", "tags", "promote", "pin", "scan", "run", "image", "html_report", "reports")


def main() -> int:
    """Run the parts named on the command line, or all."""
    print(f"{'':<44} {'ours':>10}  {'peer':>10}  {'ratio':>6} {'':>15} {'peak':>9}")
    rows = [row for part in (sys.argv[1:] or PARTS) for row in import_module(f"bench.{part}").rows()]
    return 1 if any(row.too_slow for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
