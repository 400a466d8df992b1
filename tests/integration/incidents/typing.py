"""A form as a browser sends it back: what stands in its fields."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any


class _Fields(HTMLParser):
    def __init__(self, mark: str) -> None:
        super().__init__()
        self.mark = mark
        self.inside = False
        self.found: dict[str, Any] = {}
        self.several: dict[str, list[str]] = {}
        self.text: tuple[str, list[str]] | None = None
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = self.mark in (given.get("id", ""), *given.get("class", "").split())
        if not self.inside:
            return
        name = given.get("name", "")
        if tag == "textarea":
            self.text = (name, [])
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select:
            if "selected" in given or self.select not in self.found:
                self.found[self.select] = given.get("value", "")
        elif tag == "input" and name:
            kind = given.get("type", "text")
            if kind in ("checkbox", "radio") and "checked" not in given:
                return
            if name in ("channel", "fact", "picture"):
                self.several.setdefault(name, []).append(given.get("value", ""))
            elif name != "csrfmiddlewaretoken":
                self.found[name] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self.text is not None:
            self.text[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.select = ""
        elif tag == "textarea" and self.text is not None:
            name, parts = self.text
            # A browser leaves out the first line feed, and sends the others with a return.
            self.found[name] = "".join(parts).removeprefix("\n").replace("\n", "\r\n")
            self.text = None


def sent_form(page: str, mark: str) -> dict[str, Any]:
    """The fields of the form with this id or class."""
    fields = _Fields(mark)
    fields.feed(page)
    assert fields.found, f"no form {mark}"
    return {**fields.found, **fields.several}
