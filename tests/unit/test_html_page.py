"""The HTML report's text, without a browser: what it allows itself, what it escapes, what a script would read."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ci_toolkit.report.html.page import html_page
from ci_toolkit.state import Source
from tests.harness.findings import URLLIB3, ZLIB, image, platform
from tests.harness.html_reports import of_image, page, sample
from tests.harness.reports import POLICY, report, scanned

if TYPE_CHECKING:
    from ci_toolkit.model.findings import ImageFindings


def text_of(findings: ImageFindings) -> str:
    return page(of_image(findings)).decode()


def data_of(text: str) -> Any:
    [data] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(data)


def test_it_allows_itself_its_own_style_and_script_and_nothing_else() -> None:
    text = page(sample()).decode()
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    allowed = dict(part.split(maxsplit=1) for part in policy.split("; "))
    assert {name for name, value in allowed.items() if value == "'none'"} == {"default-src", "base-uri", "form-action"}
    for element, name in (("style", "style-src"), ("script", "script-src")):
        [inline] = re.findall(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
        assert allowed[name] == f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'"
    assert not re.search(r" (?:style|on\w+)=", text)


@settings(max_examples=60, deadline=None)
@given(words=st.text(min_size=1) | st.text(alphabet="<>&\"'/!-script\u2028\u2029\x1b\ud800", min_size=1))
def test_any_text_leaves_the_page_what_it_is(words: str) -> None:
    plain = replace(URLLIB3, title="plain")
    whole = re.compile(r"<(/?[a-z]+[0-9]?)\b", re.IGNORECASE)
    hostile = replace(URLLIB3, title=words, excerpt=words, severity_source=words)
    expected = whole.findall(text_of(image(platform(plain))))
    found = text_of(image(platform(hostile)))
    assert whole.findall(found) == expected
    [row] = data_of(found)[0]["findings"]
    assert row["id"] == URLLIB3.id


def test_the_data_is_what_was_found() -> None:
    both = image(platform(URLLIB3, ZLIB), platform(URLLIB3, name="linux/arm64"))
    [told] = data_of(text_of(both))
    assert told["platforms"] == ["linux/amd64", "linux/arm64"]
    zlib, urllib3 = told["findings"]
    assert (zlib["id"], zlib["platforms"], zlib["status"], zlib["standing"]) == (
        *(ZLIB.id, [0]),
        *("will not fix", "ignored"),
    )
    assert zlib["why"] == "minizip isn't built (platform, until 2027-03-31)"
    assert (urllib3["fixed"], urllib3["standing"], "platforms" in urllib3) == ("1.24.2", "blocking", False)


def test_only_addresses_of_the_web_are_links() -> None:
    text = text_of(image(platform(replace(URLLIB3, url="javascript:alert(1)"))))
    assert "javascript:" not in text
    assert 'href="javascript:' not in html_page([], Source(images_hash="i", run_url="javascript:alert(1)")).decode()


def test_a_platform_in_which_nothing_was_found() -> None:
    text = text_of(image(platform()))
    assert "Nothing found." in text
    assert "backend passes the gate" in text


def test_what_refuses_besides_findings_has_its_way_out() -> None:
    text = text_of(image(platform(os="", packages=0)))
    assert text.count("Is the image built as it should be?") == 1


def test_only_where_there_are_several_platforms_one_can_have_its_own() -> None:
    assert "Only here" not in text_of(image(platform(URLLIB3)))
    both = text_of(image(platform(URLLIB3), platform(name="linux/arm64")))
    assert 'data-label="Only here"><a' in both
    assert 'data-label="Only here">none</td>' in both


def test_the_policy_does_not_read_like_a_result() -> None:
    text = text_of(image(platform()))
    assert "<dt>Nothing recognised in the image</dt><dd>would fail the gate</dd>" in text


def test_one_upgrade_is_told_once() -> None:
    later = replace(URLLIB3, id="CVE-2026-21441", fixed="2.6.3")
    text = text_of(image(platform(URLLIB3, later)))
    assert text.count('class="act"') == 1
    assert "Upgrade urllib3 in /app/urllib3-1.24.1.dist-info/METADATA to the highest of 1.24.2, 2.6.3." in text


def test_the_page_above_the_list_stays_short_however_much_blocks_or_waits() -> None:
    blocking = [replace(URLLIB3, id=f"CVE-2025-{n}", package=f"old-{n}") for n in range(60)]
    waiting = [replace(f, id=f"CVE-2026-{n}", published="2026-11-20T00:00:00Z") for n, f in enumerate(blocking)]
    found = image(platform(*blocking, *waiting))
    policy = replace(POLICY, grace=timedelta(days=14))
    text = page(report(scanned(found, policy), policy=policy)).decode()
    above = text.partition('<h2 id="findings"')[0]
    assert above.count('class="act"') == 20
    assert "40 more: see every finding that blocks" in above
    assert "60 findings wait in grace" in above
    assert above.count("<time") == 20
