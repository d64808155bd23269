"""Markdown as GitHub renders it, looked at tag by tag."""

from __future__ import annotations

from html.parser import HTMLParser

from markdown_it import MarkdownIt

GITHUB = MarkdownIt("commonmark", {"html": True}).enable("table")
"""What GitHub renders, as far as it matters here: raw HTML and tables."""
TAGS = {"h2", "h3", "p", "ul", "li", "blockquote", "strong", "em", "code", "pre", "a", "br", "hr", "table", "thead"}
TAGS |= {"tbody", "tr", "th", "td", "details", "summary"}
VOID = frozenset({"br", "hr"})


class Page(HTMLParser):
    """A rendered summary: every tag, the text that isn't code, whether all that opens closes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.spoken = ""
        self.links: list[str] = []
        self.fences: list[str] = []
        self.feed(GITHUB.render(text))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.spoken += " "
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.fences += [value or "" for name, value in attrs if name == "class"]
        assert {name for name, _ in attrs} <= {"href", "class", "style"}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "code" not in self.open:
            self.spoken += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)
