"""Where an answer may send us, and what of a URL may be shown."""

from __future__ import annotations

import pytest

from ci_toolkit.trust import joined, refusal, same_origin, without_query

PUBLIC = {"registry.example.com": ["93.184.216.34"], "auth.example.com": ["93.184.216.35"], "inner.test": ["10.1.2.3"]}


def resolve(host: str) -> list[str]:
    return PUBLIC.get(host, [])


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("https://registry.example.com/v2/", "https://auth.example.com/token"),
        ("https://registry.example.com/v2/", "https://unknown.test/token"),
        ("http://127.0.0.1:5000/v2/", "http://127.0.0.1:5001/token"),
        ("http://10.0.0.1/v2/", "http://10.0.0.2/token"),
        ("http://inner.test/v2/", "https://10.0.0.2/token"),
        ("https://registry.example.com/a", "https://registry.example.com:8443/b"),
        ("http://registry.example.com/a", "https://registry.example.com/b"),
    ],
)
def test_allowed(source: str, target: str) -> None:
    assert refusal(source, target, resolve=resolve) == ""


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("http://registry.example.com/token", "from https to http"),
        ("http://auth.example.com/token", "from https to http"),
        ("file:///etc/passwd", "'file'"),
        ("ftp://auth.example.com/token", "'ftp'"),
        ("javascript:alert(1)", "'javascript'"),
        ("/token", "missing"),
        ("", "missing"),
        ("https:///token", "not https"),
        ("https://user:password@auth.example.com/token", "carries credentials"),
        ("https://registry.example.com@evil.test/token", "carries credentials"),
        ("https://127.0.0.1/token", "private address"),
        ("https://[::1]/token", "private address"),
        ("https://[::ffff:127.0.0.1]/token", "private address"),
        ("https://10.0.0.1/token", "private address"),
        ("https://192.168.1.1/token", "private address"),
        ("https://169.254.169.254/latest", "private address"),
        ("https://100.64.0.1/token", "private address"),
        ("https://0.0.0.0/token", "private address"),
        ("https://localhost/token", "private address"),
        ("https://x.localhost/token", "private address"),
        ("https://inner.test/token", "private address"),
        ("https://[bad/token", "no URL"),
        ("https://auth.example.com:port/token", "no URL"),
    ],
)
def test_refused(target: str, why: str) -> None:
    assert why in refusal("https://registry.example.com/v2/", target, resolve=resolve)


def test_origin_is_scheme_host_and_port() -> None:
    assert same_origin("https://a.test/x", "https://A.test:443/y")
    assert not same_origin("https://a.test/x", "http://a.test/x")
    assert not same_origin("https://a.test/x", "https://a.test:444/x")
    assert not same_origin("https://a.test/x", "https://a.test.evil/x")


def test_what_is_shown_of_a_url() -> None:
    assert without_query("https://u:p@h.test:1/path?sig=secret#f") == "https://h.test:1/path"
    assert without_query("http://[::1]:5000/x") == "http://[::1]:5000/x"
    assert without_query("http://h/\x1b[31m\n") == "http://h/?[31m"
    assert without_query("http://[") == "<unreadable URL>"


def test_what_is_no_url_stays_to_be_refused() -> None:
    assert joined("https://a.test/x/y", "../z?q=1") == "https://a.test/z?q=1"
    assert joined("https://a.test/x", "http://[") == "http://["
