"""The HTML report for everyone: on a phone, in the dark, by keyboard, read aloud, printed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.harness.findings import URLLIB3, image, platform
from tests.harness.html_reports import LAYERS, of_image, sample, written

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.browser import Browser

CONTRASTS = """
const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
const light = (color) => {
  const [r, g, b] = numbers(color).slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = getComputedStyle(at).backgroundColor;
    const [, , , alpha = 1] = numbers(color);
    if (alpha === 1) return color;
    if (alpha > 0) throw new Error(`half transparent: ${at.outerHTML}`);
  }
  return "rgb(255, 255, 255)";
};
const ratio = (one, other) => {
  const [more, less] = [one, other].map(light).sort((a, b) => b - a);
  return (more + 0.05) / (less + 0.05);
};
const search = document.querySelector("input[placeholder]");
const found = [[ratio(getComputedStyle(search, "::placeholder").color, behind(search)), "placeholder"]];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  const element = node.parentElement;
  if (!node.data.trim() || !element.checkVisibility({ contentVisibilityAuto: false })) continue;
  found.push([ratio(getComputedStyle(element).color, behind(element)), element.className || element.tagName]);
}
return found;
"""
"""The ratio of WCAG 2.2, 1.4.3, of every text that shows."""

UNNAMED = """
return [...document.querySelectorAll("a, button, input, select, summary, table, section, nav, form")]
  .filter((found) => found.checkVisibility())
  .filter((found) => {
    const named = (found.getAttribute("aria-labelledby") || "").split(" ").filter(Boolean);
    if (named.length) return named.some((id) => !document.getElementById(id)?.textContent.trim());
    return !(found.getAttribute("aria-label") || found.labels?.[0]?.textContent.trim()
      || (found.matches("a, button, summary") && found.textContent.trim()));
  })
  .map((found) => found.outerHTML.slice(0, 120));
"""
FOCUSED = """
const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
return { name: at.tagName + (at.name ? `[${at.name}]` : ""), outline: style.outlineStyle,
  seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight };
"""
LOOKS = {"light": {}, "dark": {"dark": True}, "phone": {"width": 360}, "dark phone": {"width": 360, "dark": True}}


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Browser:
    browser.open(written(sample(), tmp_path / "report.html"))
    for summary in browser.driver.find_elements("css selector", "summary"):
        browser.run("arguments[0].click()", summary)
    return browser


@pytest.mark.parametrize("look", LOOKS)
def test_every_text_stands_out(page: Browser, look: str) -> None:
    page.show_as(**LOOKS[look])  # type: ignore[arg-type]
    found: list[list[Any]] = page.run(CONTRASTS)
    assert len(found) > 100
    assert [(name, round(ratio, 2)) for ratio, name in found if ratio < 4.5] == []


def test_the_dark_page_is_dark(page: Browser) -> None:
    background = "return getComputedStyle(document.body).backgroundColor"
    light = page.run(background)
    page.show_as(dark=True)
    assert (light, page.run(background)) == ("rgb(244, 245, 247)", "rgb(18, 21, 27)")


@pytest.mark.parametrize("width", [320, 360, 600, 900, 1000, 1200])
def test_nothing_scrolls_sideways(browser: Browser, tmp_path: Path, width: int) -> None:
    long = "x" * 300
    finding = replace(URLLIB3, id=long, package=long, title=long, path=long, purl=long, fixed=long, layer="")
    layers = tuple(replace(layer, created_by=f"RUN {long}") for layer in LAYERS)
    several = image(platform(finding, os=long, layers=layers), platform(name="linux/arm64/v8"), image=long)
    browser.show_as(width=width)
    for run in (sample(), of_image(several)):
        browser.open(written(run, tmp_path / "report.html"))
        browser.run("document.querySelector('#list summary').click()")
        assert browser.run("return document.documentElement.scrollWidth") == width


def test_everything_has_a_name(page: Browser) -> None:
    assert page.run(UNNAMED) == []
    assert page.run("return [...document.querySelectorAll('[id]')].map((found) => found.id)") == page.run(
        "return [...new Set([...document.querySelectorAll('[id]')].map((found) => found.id))]"
    )


def test_headings_and_landmarks_are_an_outline(page: Browser) -> None:
    levels = page.run("return [...document.querySelectorAll('h1, h2, h3, h4')].map((found) => +found.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert page.run("return document.querySelectorAll('main, header, nav, footer').length") == 4
    assert page.run("return document.documentElement.lang") == "en"


@pytest.mark.parametrize("look", ["light", "phone"])
def test_tab_goes_everywhere_and_is_seen(page: Browser, look: str) -> None:
    page.show_as(**LOOKS[look])  # type: ignore[arg-type]
    stops = []
    for _ in range(34):
        page.send(Keys.TAB)
        stops.append(page.run(FOCUSED))
    assert [stop for stop in stops if stop["outline"] == "none" or not stop["seen"]] == []
    names = [stop["name"] for stop in stops]
    for name in ("A", "BUTTON", "INPUT[text]", "INPUT[severity]", "SELECT[platform]", "SUMMARY"):
        assert name in names


def test_the_first_stop_skips_to_the_findings(page: Browser) -> None:
    page.send(Keys.TAB, Keys.ENTER)
    assert page.run("return document.activeElement.id") == "findings"


def test_who_wants_less_motion_gets_none(page: Browser) -> None:
    moving = "return getComputedStyle(document.querySelector('.finding summary'), '::before').transitionDuration"
    assert page.run(moving) != "0s"
    page.show_as(still=True)
    assert page.run(moving) == "0s"


def test_paper_has_the_findings_and_no_buttons(page: Browser) -> None:
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not page.one("#filters").is_displayed()
        assert not page.one("[data-copy]").is_displayed()
        assert page.one("#list summary").is_displayed()
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
