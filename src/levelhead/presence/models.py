"""Who has a conversation open, and who holds the pen of its reply. Both short-lived."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.inbox.models import Case
from levelhead.kernel import clock


class Presence(AgencyOwned):
    """A window in which a person has a case open. It dies when it is not told of any more."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    # Drawn by the page; "page" where it works without scripts.
    window = models.CharField(max_length=40)
    opened_at = models.DateTimeField(default=clock.now)
    seen_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "user", "window"], name="one_row_per_window")
        ]
        indexes = [
            models.Index(fields=["seen_at"], name="presence_by_sign"),
            models.Index(fields=["user"], name="presence_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.case_id}"


class Pen(AgencyOwned):
    """Who writes the reply to a case: one person at a time.

    It lapses by itself once its holder is silent; the row then only says who had it last.
    """

    case = models.OneToOneField(Case, primary_key=True, on_delete=models.PROTECT, related_name="+")
    # None once it was laid down.
    holder = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    since = models.DateTimeField(default=clock.now)
    # When its holder last wrote something.
    active_at = models.DateTimeField(default=clock.now)
    # From whom the holder took it, so that they are told.
    taken_from = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    def __str__(self) -> str:
        return f"{self.holder_id} writes at {self.case_id}"
