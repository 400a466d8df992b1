"""Incidents: what happened, how grave it is, who does what, and the log."""

from __future__ import annotations

import json
from typing import Any

from django.db import models

from levelhead.accounts.models import Agency, AgencyOwned, User
from levelhead.incidents.domain import IncidentKind, IncidentState, RoomRole, Silence
from levelhead.issues.models import Issue
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id


class Incident(AgencyOwned):
    """Something that people must hear about from the agency, now and until it is over."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    # Counted from 1 in each agency.
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=[(k.value, k.value) for k in IncidentKind])
    # As the public reads it.
    title = models.CharField(max_length=120)
    place = models.CharField(max_length=200, default="", blank=True)
    # One word, phrase or hashtag a line: posts with one of them show in the room.
    watched = models.TextField(default="", db_default="", blank=True)
    # Of the public page's address; never changes.
    slug = models.CharField(max_length=80)
    # The language that updates are written in first.
    lang = models.CharField(max_length=8, default="en")
    state = models.CharField(
        max_length=7, choices=[(s.value, s.value) for s in IncidentState],
        default=IncidentState.RUNNING,
    )  # fmt: skip
    level = models.PositiveSmallIntegerField()
    # When the desk noticed it: the clock of the first word counts from here.
    detected_at = models.DateTimeField()
    declared_at = models.DateTimeField(default=clock.now)
    declared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    declared_why = models.TextField()
    issue = models.ForeignKey(
        Issue, null=True, blank=True, on_delete=models.PROTECT, related_name="incidents"
    )
    first_word_at = models.DateTimeField(null=True, blank=True)
    last_word_at = models.DateTimeField(null=True, blank=True)
    # Number of the last update; 0 before the first.
    updates_count = models.PositiveIntegerField(default=0)
    next_word_due = models.DateTimeField(null=True, blank=True)
    over_at = models.DateTimeField(null=True, blank=True)
    over_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    over_why = models.TextField(default="", blank=True)
    form_token = models.CharField(max_length=40)
    # Grows with every change of the incident itself.
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "number"], name="one_incident_per_number"),
            models.UniqueConstraint(fields=["agency", "slug"], name="one_incident_per_slug"),
            models.UniqueConstraint(fields=["agency", "form_token"], name="one_incident_per_form"),
            # The promise of this room: while it runs, a next word is due.
            models.CheckConstraint(
                name="running_incident_owes_a_word",
                condition=models.Q(state=IncidentState.OVER.value)
                | models.Q(next_word_due__isnull=False),
            ),
            models.CheckConstraint(
                name="incident_level_in_range", condition=models.Q(level__gte=2, level__lte=4)
            ),
            models.CheckConstraint(
                name="ended_incident_says_by_whom",
                condition=models.Q(state=IncidentState.RUNNING.value)
                | models.Q(over_at__isnull=False, over_by__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["agency", "state", "-id"], name="incident_by_state")]

    def __str__(self) -> str:
        return self.title

    @property
    def watched_terms(self) -> list[str]:
        """What posts about it are found by."""
        return self.watched.splitlines()

    @property
    def runs(self) -> bool:
        """Whether it goes on."""
        return self.state == IncidentState.RUNNING

    @property
    def silence(self) -> Silence | None:
        """The clock of silence; None when it is over."""
        if self.next_word_due is None or not self.runs:
            return None
        return Silence(
            since=self.last_word_at or self.detected_at,
            due=self.next_word_due,
            first=self.last_word_at is None,
        )


class Duty(AgencyOwned):
    """Who has a role in an incident, and until when."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="duties")
    role = models.CharField(max_length=8, choices=[(r.value, r.value) for r in RoomRole])
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "role"],
                condition=models.Q(until__isnull=True),
                name="one_person_per_room_role",
            )
        ]
        verbose_name_plural = "duties"

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.role}"


class LogEntry(AgencyOwned):
    """One line of the log: what was done or noted, by whom and when (as in ICS 214)."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="log")
    at = models.DateTimeField(default=clock.now)
    # None where the desk itself did it.
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # The record's action, as in `person:incident:declared`.
    action = models.CharField(max_length=80)
    # In the words of whoever did it.
    text = models.TextField(default="", blank=True)
    # JSON object: what belongs to it.
    details = models.TextField(default="{}")

    class Meta:
        indexes = [models.Index(fields=["incident", "-id"], name="incident_log")]
        verbose_name_plural = "log entries"

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.action}"

    @property
    def told(self) -> dict[str, Any]:
        """What belongs to it."""
        found: dict[str, Any] = json.loads(self.details)
        return found


class Guest(AgencyOwned):
    """An agency that shares the room with the one whose incident it is."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="guests")
    guest = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    # Nobody sits down unasked: a person there says yes first.
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "guest"], name="one_seat_per_guest")
        ]

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.guest_id}"
