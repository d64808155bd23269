"""A real browser, without a window: Debian's Chromium, driven as a person would, by keys and clicks."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver.remote.webelement import WebElement

_OPTIONS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking",
            "--hide-scrollbars", "--force-device-scale-factor=1", "--window-size=1200,900")  # fmt: skip


class Browser:
    """One window. What it asks of a network and what it complains of is remembered."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def open(self, page: Path) -> None:
        """Show a file, and return when it is there: the driver may say so while a large one is still being read."""
        self.driver.get(page.as_uri())
        read = WebDriverWait(self.driver, 30, poll_frequency=0.02)
        read.until(lambda _: self.run("return document.readyState") == "complete")

    def show_as(self, *, width: int = 1200, height: int = 900, dark: bool = False, still: bool = False) -> None:
        """Have this size, the system's light or dark appearance, and its wish for less motion."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        wishes = {
            "prefers-color-scheme": "dark" if dark else "light",
            "prefers-reduced-motion": "reduce" if still else "no-preference",
        }
        features = [{"name": name, "value": value} for name, value in wishes.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns that runs in the page."""
        return self.driver.execute_script(script, *arguments)

    def complaints(self) -> list[str]:
        """The console's errors and warnings since the last call; what the page's policy stops is among them."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def requested(self) -> list[str]:
        """Every address asked for since the last call."""
        entries = self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        events = [json.loads(entry["message"])["message"] for entry in entries]
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]

    def send(self, *keys: str) -> None:
        """Press keys, one after the other, wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def one(self, selector: str) -> WebElement:
        """The first element that a CSS selector finds."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """What all of them show, from the top."""
        found: list[str] = self.run(
            "return [...document.querySelectorAll(arguments[0])].map((found) => found.textContent)", selector
        )
        return found

    def let_scripts_run(self, *, run: bool) -> None:
        """For the pages that are opened from now on."""
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not run})


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A browser with a profile of its own."""
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    if missing := [name for name, path in programs.items() if path is None]:
        pytest.fail(f"{' and '.join(missing)} are missing: run `scripts/stack up --tests`", pytrace=False)
    options = ChromeOptions()
    options.binary_location = programs["chromium"] or ""
    for option in _OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(programs["chromedriver"]))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
