"""The HTML report in a real browser: what it tells, how it is searched, and that no text of an image acts in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from ci_toolkit.model.findings import Finding, Severity
from tests.harness.findings import URLLIB3, image, platform
from tests.harness.html_reports import KEY, PACKAGES, of_image, sample, written
from tests.harness.reports import crowded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ci_toolkit.report.run_report import RunReport
    from tests.harness.browser import Browser

RUN = sample()


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Browser:
    browser.open(written(RUN, tmp_path / "report.html"))
    return browser


def ids(browser: Browser) -> list[str]:
    """What is listed, each as often as an image has it."""
    return sorted(browser.texts("#list .id"))


def expected(run: RunReport, wanted: Callable[[Finding, list[str], str], bool]) -> list[str]:
    """The ids of findings that are wanted, told their platforms and their image."""
    return sorted(
        each.finding.id
        for report in run.images
        if report.findings
        for each in report.findings.distinct
        if wanted(each.finding, [p.platform for p in each.platforms], report.name)
    )


def choose(browser: Browser, name: str, text: str) -> None:
    """Choose the option that begins like this."""
    select = Select(browser.one(f"select[name={name}]"))
    [option] = [option.text for option in select.options if option.text.startswith(text)]
    select.select_by_visible_text(option)


def test_it_opens_from_disk_asks_no_network_and_complains_of_nothing(browser: Browser, tmp_path: Path) -> None:
    file = written(RUN, tmp_path / "report.html")
    browser.open(file)
    browser.one("#list summary").click()
    assert browser.one("#list dl").is_displayed()
    assert (browser.requested(), browser.complaints()) == ([file.as_uri()], [])


def test_what_it_counts_is_what_was_found(page: Browser) -> None:
    counted = [report.findings.counts() for report in RUN.images if report.findings]
    total = sum(counts.total for counts in counted)
    assert page.one("#status").text.startswith(f"{total} of {total} findings")
    by_severity = dict(zip(page.texts("#severities .dot"), page.texts("#severities b"), strict=True))
    for severity in ("critical", "high", "medium", "low"):
        assert int(by_severity[severity]) == sum(counts.as_json()[severity] for counts in counted)
    assert ids(page) == expected(RUN, lambda *_: True)


def test_the_verdict_its_reasons_and_the_way_out_come_first(page: Browser) -> None:
    assert page.one("h1").text == "1 of 2 images is refused by the gate"
    card = page.one(".card").text
    decision = RUN.images[0].decision
    assert decision
    for reason in next(iter(decision.platforms.values())).reasons:
        assert reason in card
    assert "Upgrade urllib3 in /app/urllib3-1.24.1.dist-info/METADATA to 1.24.2" in card
    assert "Remove the secret in /" in card
    assert "deploy/production/backend.yaml" in card


def test_on_paper_nothing_touches_an_image_s_edge_and_nothing_closed_is_left(page: Browser) -> None:
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    left = "return document.querySelector(arguments[0]).getBoundingClientRect().left"
    assert page.run(left, ".card h2") - page.run(left, ".card") > 10
    assert not page.one(".acts details").is_displayed()
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_a_long_line_of_what_blocks_stays_beside_its_severity(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(of_image(image(platform(replace(URLLIB3, package="urllib3-" * 40)))), tmp_path / "long.html"))
    browser.show_as(width=700)
    beside = "const box = (name) => document.querySelector(name).getBoundingClientRect();"
    assert browser.run(f"{beside} return box('.acts .pill').right <= box('.acts li > div').left")


def test_an_id_stays_in_one_piece_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    several = [replace(URLLIB3, id=f"CVE-2025-1000{n}") for n in range(3)]
    browser.open(written(of_image(image(platform(*several))), tmp_path / "phone.html"))
    browser.show_as(width=390)
    lines = "return [...document.querySelectorAll('.acts div > span > span')].map((id) => id.offsetHeight)"
    assert len(set(browser.run(lines))) == 1
    assert browser.run("return document.documentElement.scrollWidth") == 390


def test_what_is_ignored_is_there_with_reason_owner_and_end(page: Browser) -> None:
    ignored = page.one("section[aria-labelledby=ignored]").text
    for entry in ("CVE-2023-45853 zlib1g", "minizip isn't built", "platform", "2027-03-31"):
        assert entry in ignored


def test_search_by_keyboard(page: Browser) -> None:
    page.send("/", "netrc requests")
    assert ids(page) == ["CVE-2026-25645"]
    page.send(Keys.ARROW_DOWN, Keys.ENTER)
    assert "blocks from 2026-12-05 on" in page.one("#list details[open]").text
    page.send(Keys.ARROW_UP)
    assert page.run("return document.activeElement.id") == "search"
    page.send("no such thing")
    assert page.one("#status").text == "No finding matches: clear the search or a filter."
    page.send(Keys.ESCAPE)
    assert ids(page) == expected(RUN, lambda *_: True)


def test_a_slash_in_the_search_is_a_slash(page: Browser) -> None:
    page.send("/", "app/settings")
    assert ids(page) == ["private-key"]


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("standing", "blocking", ["CVE-2019-11324", "private-key"]),
        ("standing", "waiting", ["CVE-2026-25645"]),
        ("standing", "deployed", ["CVE-2024-0003"]),
        ("standing", "ignored", ["CVE-2023-45853", "CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0002"]),
        ("standing", "doesn", ["AGPL-3.0", "CVE-2024-0100", "DS002"]),
        ("image", "frontend", ["CVE-2024-0002"]),
    ],
)
def test_the_gates_word_filters(page: Browser, name: str, text: str, wanted: list[str]) -> None:
    choose(page, name, text)
    assert ids(page) == wanted


def test_fix_platform_and_layer_filter(page: Browser) -> None:
    choose(page, "fix", "there is one")
    assert ids(page) == expected(RUN, lambda finding, *_: finding.fixable)
    choose(page, "platform", "backend: linux/arm64")
    on_arm64 = expected(RUN, lambda f, platforms, name: f.fixable and "linux/arm64" in platforms and name == "backend")
    assert ids(page) == on_arm64
    page.one("button[type=reset]").click()
    choose(page, "layer", "backend: RUN pip")
    assert ids(page) == expected(RUN, lambda f, _, name: f.layer == PACKAGES and name == "backend")


def test_severities_and_kinds_add_up(page: Browser) -> None:
    page.one("input[value=critical]").click()
    page.one("input[value=low]").click()
    both = (Severity.CRITICAL, Severity.LOW)
    assert ids(page) == expected(RUN, lambda finding, *_: finding.severity in both)
    page.one("input[value=license]").click()
    assert ids(page) == ["AGPL-3.0"]


def test_platforms_and_layers_lead_to_their_findings(page: Browser) -> None:
    page.one("section[aria-labelledby=platforms] tr:nth-child(2) a").click()
    assert ids(page) == expected(RUN, lambda _, platforms, name: "linux/arm64" in platforms and name == "backend")
    assert page.run("return document.activeElement.id") == "findings"
    page.one("section[aria-labelledby=platforms] td[data-label='Only here'] a").click()
    assert ids(page) == expected(RUN, lambda _, platforms, name: platforms == ["linux/amd64"] and name == "backend")
    page.one("section[aria-labelledby=layers] tr:nth-child(3) a").click()
    assert ids(page) == [KEY.id]
    assert "Dockerfile:12" in page.one("section[aria-labelledby=layers]").text


def test_packages_are_sorted(page: Browser) -> None:
    def packages() -> list[str]:
        return [text.split()[0] for text in page.texts("#list h3")]

    assert packages()[0] in ("libc6", "zlib1g")
    choose(page, "sort", "package")
    assert packages() == sorted(packages())
    choose(page, "sort", "publication")
    assert packages()[0] == "requests"


def test_the_digest_is_copied(page: Browser) -> None:
    grant = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    page.driver.execute_cdp_cmd("Browser.grantPermissions", grant)
    page.one("[data-copy]").click()
    copied = page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert RUN.images[0].findings
    assert copied == str(RUN.images[0].findings.digest)


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "<!--<script>",
    "\x1b[31mred\x1b[0m\u202e evil",
    "$data ${script}",
)


@pytest.mark.parametrize("words", HOSTILE)
def test_no_text_of_an_image_acts(browser: Browser, tmp_path: Path, words: str) -> None:
    finding = replace(
        URLLIB3, id=words, package=words, installed=words, fixed=words, title=words, path=words, severity_source=words,
        url="javascript:alert(3)", aliases=(words,), purl=words, resolution=words, excerpt=words, layer=words,
    )  # fmt: skip
    found = image(platform(finding, os=words), image=words, scanner=words)
    browser.open(written(of_image(found), tmp_path / "report.html"))
    browser.one("#list summary").click()
    assert browser.complaints() == []
    assert browser.run("return document.querySelectorAll('img, iframe, a[href^=javascript]').length") == 0
    assert browser.run("return document.scripts.length") == 2
    seen = browser.one("#list .id").text
    assert seen == (words if words.isprintable() else "red evil")


def test_thousands_are_drawn_piece_by_piece(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(crowded(5000), tmp_path / "report.html"))
    assert browser.one("#status").text.startswith("2,500 of 2,500 findings")
    first = len(ids(browser))
    assert first < 1100
    browser.one("#more button").click()
    assert len(ids(browser)) > first
    assert browser.run("return document.activeElement.tagName") == "H3"
    browser.send("/", "CVE-2025-2499")
    assert ids(browser) == ["CVE-2025-2499"]


def test_without_scripts_the_worst_are_there(browser: Browser, tmp_path: Path) -> None:
    browser.let_scripts_run(run=False)
    try:
        browser.open(written(RUN, tmp_path / "report.html"))
        text = browser.one("#list").text
        assert "CVE-2024-0003" in text
        assert "The worst 11 findings" in text
        assert not browser.one("#filters").is_displayed()
        assert not browser.one("[data-copy]").is_displayed()
    finally:
        browser.let_scripts_run(run=True)
