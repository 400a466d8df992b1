"""The people of every test: Alice and Bob share a desk, Charlie sits at another."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.db import connection
from django.test import TestCase, TransactionTestCase

from levelhead.accounts.actions import add_member, create_agency
from levelhead.accounts.domain import Role
from levelhead.accounts.models import Agency, User
from levelhead.channels.actions import receive
from levelhead.channels.domain import IncomingPost, ReceiveReport
from levelhead.channels.models import Channel
from levelhead.inbox.copies import copy_memory
from levelhead.inbox.lookup import author_memory
from levelhead.inbox.models import Case, Post
from levelhead.kernel import clock

# A Monday, 9:20 in Chicago.
MONDAY = datetime(2026, 3, 16, 14, 20, tzinfo=UTC)
PASSWORD = "a long enough pass phrase"


def forget_what_was_filed() -> None:
    """Empty what filing remembers between batches."""
    author_memory.clear()
    copy_memory.clear()


class People:
    """Makes two agencies with their people, and posts for them."""

    agency: ClassVar[Agency]
    other_agency: ClassVar[Agency]
    alice: ClassVar[User]  # writer
    bob: ClassVar[User]  # Alice's team mate: administrator
    victor: ClassVar[User]  # may only look
    charlie: ClassVar[User]  # administrator of the other agency
    channel: ClassVar[Channel]
    other_channel: ClassVar[Channel]
    _numbers: ClassVar[Iterator[int]] = itertools.count(1)

    @classmethod
    def make_people(cls) -> None:
        """Fill the attributes above."""
        forget_what_was_filed()
        cls.agency = create_agency(name="Riverton Police Department", slug="riverton")
        cls.other_agency = create_agency(name="Maple County Sheriff", slug="maple")
        cls.alice = cls._person(cls.agency, "alice", Role.WRITER)
        cls.bob = cls._person(cls.agency, "bob", Role.ADMINISTRATOR)
        cls.victor = cls._person(cls.agency, "victor", Role.VIEWER)
        cls.charlie = cls._person(cls.other_agency, "charlie", Role.ADMINISTRATOR)
        cls.channel = cls.make_channel(cls.agency, "Town square")
        cls.other_channel = cls.make_channel(cls.other_agency, "County square")

    @staticmethod
    def _person(agency: Agency, name: str, role: Role) -> User:
        return add_member(
            agency=agency,
            email=f"{name}@example.org",
            name=name.title(),
            role=role,
            password=PASSWORD,
            by=None,
        ).user

    @staticmethod
    def make_channel(agency: Agency, name: str, platform: str = "memory", **fields: Any) -> Channel:
        """A channel of an agency."""
        return Channel.objects.create(
            agency=agency, name=name, platform=platform, next_pull_at=clock.now(), **fields
        )

    @classmethod
    def incoming(cls, **fields: Any) -> IncomingPost:
        """A post as a connector hands it over, of the first channel unless said otherwise."""
        number = next(cls._numbers)
        given: dict[str, Any] = {
            "channel_id": cls.channel.pk,
            "external_id": f"post-{number}",
            "text": f"When does desk {number} open?",
            "created_at": clock.now(),
            "author_external_id": f"author-{number % 7}",
            "author_handle": f"resident{number % 7}",
            **fields,
        }
        given.setdefault("raw", json.dumps({"id": given["external_id"], "text": given["text"]}))
        return IncomingPost(**given)

    @classmethod
    def receive(cls, *posts: IncomingPost) -> ReceiveReport:
        """Receive posts."""
        return receive(posts)

    @classmethod
    def file_post(cls, **fields: Any) -> Post:
        """Receive one post and give its row."""
        incoming = cls.incoming(**fields)
        receive([incoming])
        return Post.objects.get(channel_id=incoming.channel_id, external_id=incoming.external_id)

    @classmethod
    def file_case(cls, **fields: Any) -> Case:
        """Receive one post and give its case."""
        return Case.objects.get(pk=cls.file_post(**fields).pk)


class DeskTestCase(People, TestCase):
    """A test that sees its own changes only."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.make_people()

    def setUp(self) -> None:
        super().setUp()
        forget_what_was_filed()


class CommittedDeskTestCase(People, TransactionTestCase):
    """A test whose changes are committed: for threads, other processes and a browser."""

    def setUp(self) -> None:
        super().setUp()
        self.make_people()

    def _fixture_teardown(self) -> None:
        forget_what_was_filed()
        with records_may_go():
            super()._fixture_teardown()


@contextmanager
def records_may_go() -> Iterator[None]:
    """Take the record's guard off for the block, to empty the test database."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' "
                "AND tbl_name = 'records_recordevent'"
            )
            triggers = cursor.fetchall()
            for name, _ in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
        else:
            cursor.execute("SET session_replication_role = replica")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                for _, sql in triggers:
                    cursor.execute(sql)
                cursor.execute(
                    "INSERT INTO inbox_postwords (inbox_postwords) VALUES ('delete-all')"
                )
            else:
                cursor.execute("SET session_replication_role = origin")
