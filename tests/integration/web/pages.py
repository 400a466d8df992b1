"""A test that looks at pages as one of the people."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from levelhead.accounts.models import User
from levelhead.inbox.models import Case
from tests.base import DeskTestCase


class Elements(HTMLParser):
    """The elements of a page, as a browser would find them: (tag, attributes)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def with_attribute(self, name: str) -> list[str | None]:
        """The values of an attribute, in order."""
        return [attributes[name] for _, attributes in self.found if name in attributes]


class PagesTestCase(DeskTestCase):
    """Signs Alice in, unless told otherwise."""

    def setUp(self) -> None:
        super().setUp()
        self.sign_in(self.alice)

    def sign_in(self, person: User) -> None:
        self.client.force_login(person)

    def path(self, name: str, *args: object) -> str:
        return reverse(name, args=[self.agency.slug, *args])

    def look(self, name: str, *args: object, **query: Any) -> str:
        """A page that must be there."""
        response = self.client.get(self.path(name, *args), query)
        assert response.status_code == 200, response.status_code
        return response.content.decode()

    def act(self, name: str, case: Case, status: int = 302, **data: Any) -> HttpResponse:
        """Send a form of a case, as the page has it."""
        given = {"version": case.version, **data}
        response: HttpResponse = self.client.post(self.path(name, case.pk), given)  # type: ignore[assignment]
        assert response.status_code == status, response.status_code
        return response

    def case_ids(self, page: str) -> list[int]:
        """The cases of the list, in order."""
        return [
            int(attributes["data-case"] or 0)
            for tag, attributes in Elements(page).found
            if tag == "li" and "data-case" in attributes
        ]
