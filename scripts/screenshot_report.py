"""docs/images/report.png: the HTML report of one of the images that the tests look at, as Chromium shows it.

scripts/screenshot_report.py, after `make dev` and `scripts/stack up --tests`.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.harness.browser import running_browser  # noqa: E402
from tests.harness.html_reports import sample, written  # noqa: E402

IMAGE = ROOT / "docs" / "images" / "report.png"


def main() -> None:
    """Write the picture."""
    IMAGE.parent.mkdir(exist_ok=True)
    run = sample()
    with tempfile.TemporaryDirectory() as scratch, running_browser() as browser:
        browser.show_as(width=1100, height=1700, still=True)
        browser.open(written(replace(run, images=run.images[:1]), Path(scratch) / "report.html"))
        browser.run("document.querySelector('#list summary').click()")
        browser.driver.save_screenshot(str(IMAGE))
    print(f"wrote {IMAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
