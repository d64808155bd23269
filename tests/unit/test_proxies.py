"""Which proxy, by the environment given."""

from __future__ import annotations

import pytest

from ci_toolkit.proxies import proxies_for

ENV = {"HTTPS_PROXY": "http://secure:3128", "http_proxy": "http://plain:3128"}


@pytest.mark.parametrize(
    ("url", "env", "proxy"),
    [
        ("https://ghcr.io/v2/", ENV, "http://secure:3128"),
        ("http://ghcr.io/v2/", ENV, "http://plain:3128"),
        ("https://ghcr.io/v2/", {"ALL_PROXY": "http://all:1"}, "http://all:1"),
        ("https://ghcr.io/v2/", {}, None),
        ("https://ghcr.io/v2/", {"HTTPS_PROXY": ""}, None),
        ("http://127.0.0.1:5000/", ENV, None),
        ("http://localhost:5000/", ENV, None),
        ("http://[::1]:5000/", ENV, None),
        ("http://app.localhost/", ENV, None),
    ],
)
def test_the_proxy_of_a_url(url: str, env: dict[str, str], proxy: str | None) -> None:
    assert proxies_for(url, env) == ({url.partition(":")[0]: proxy} if proxy else {})


@pytest.mark.parametrize(
    ("no_proxy", "excepted"),
    [("ghcr.io", True), (".ghcr.io", True), ("io", True), ("*", True), ("a.test, ghcr.io", True),
     ("ghcr.io:443", False), ("ghcr.io:8443", True), ("hcr.io", False), ("ghcr.io.test", False),
     ("10.0.0.0/8", False), ("", False)],
)  # fmt: skip
def test_exceptions(no_proxy: str, *, excepted: bool) -> None:
    env = {**ENV, "NO_PROXY": no_proxy}
    assert (proxies_for("https://ghcr.io:8443/v2/", env) == {}) is excepted


def test_networks_are_exceptions_for_addresses() -> None:
    env = {**ENV, "no_proxy": "10.0.0.0/8"}
    assert proxies_for("https://10.1.2.3/", env) == {}
    assert proxies_for("https://11.1.2.3/", env) != {}
