"""Agencies and people: checked, recorded, apart from each other."""

from __future__ import annotations

import pytest

from levelhead.accounts.actions import (
    add_member,
    change_agency_settings,
    change_own_settings,
    create_agency,
)
from levelhead.accounts.domain import Role
from levelhead.accounts.models import Agency, default_schedule
from levelhead.kernel.errors import Invalid, NotAllowed
from levelhead.records.models import RecordEvent
from tests.base import DeskTestCase


class AccountsTest(DeskTestCase):
    def change(self, **given: object) -> Agency:
        return change_agency_settings(
            **{
                "agency": self.agency, "by": self.bob, "name": "Riverton Police",
                "zone": "America/Denver", "schedule": default_schedule(), **given,
            }
        )  # type: ignore[arg-type]  # fmt: skip

    def test_an_administrator_changes_the_agency_on_the_record(self) -> None:
        assert self.change().zone == "America/Denver"
        event = RecordEvent.objects.order_by("-id").first()
        assert event is not None
        assert event.action == "person:agency:settings_changed"

    def test_nobody_else_does(self) -> None:
        for person in (self.alice, self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                self.change(by=person)

    def test_nonsense_is_refused_with_a_sentence(self) -> None:
        for given in (
            {"zone": "Mars/Olympus"},
            {"zone": "../../etc/passwd"},
            {"name": "   "},
            {"schedule": {"hours": {"monday": [["25:00", "26:00"]]}, "holidays": []}},
            {"schedule": {"hours": {"someday": []}, "holidays": []}},
            {"schedule": {"hours": {"monday": [["08:00", "17:00"]]}, "holidays": ["yesterday"]}},
        ):
            with pytest.raises(Invalid):
                self.change(**given)

    def test_a_short_name_is_given_once(self) -> None:
        with pytest.raises(Invalid):
            create_agency(name="Another", slug=self.agency.slug)

    def test_an_address_of_the_installation_is_no_short_name(self) -> None:
        for slug in ("accounts", "static", "live", "Upper", "with space", "", "ü"):
            with pytest.raises(Invalid):
                create_agency(name="Another", slug=slug)

    def test_a_person_of_two_agencies_signs_in_once(self) -> None:
        member = add_member(
            agency=self.other_agency, email="ALICE@example.org", name="ignored",
            role=Role.VIEWER, password="x" * 20, by=self.charlie,
        )  # fmt: skip
        assert member.user == self.alice
        self.alice.refresh_from_db()
        assert not self.alice.check_password("x" * 20)

    def test_only_administrators_add_people(self) -> None:
        for person in (self.alice, self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                add_member(
                    agency=self.agency, email="eve@example.org", name="Eve", role=Role.VIEWER,
                    password=None, by=person,
                )  # fmt: skip

    def test_own_language(self) -> None:
        assert change_own_settings(user=self.alice, language="es").language == "es"
        with pytest.raises(Invalid):
            change_own_settings(user=self.alice, language="xx")
