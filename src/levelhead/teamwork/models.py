"""What people of a desk share with each other while they work."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.teamwork.domain import ADDRESS_LIMIT, NAME_LIMIT


class SavedView(AgencyOwned):
    """A filter of the list under a name: one person's, or shared with the agency."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=NAME_LIMIT)
    # The query of the list's address, without its question mark.
    address = models.CharField(max_length=ADDRESS_LIMIT)
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    # Kept when it is deleted, so that it can be brought back.
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "owner", "name"],
                condition=models.Q(shared=False, deleted_at__isnull=True),
                name="one_own_view_per_name",
            ),
            models.UniqueConstraint(
                fields=["agency", "name"],
                condition=models.Q(shared=True, deleted_at__isnull=True),
                name="one_shared_view_per_name",
            ),
        ]

    def __str__(self) -> str:
        return self.name
