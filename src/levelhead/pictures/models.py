"""Pictures that people of the desk gave: kept by their hash, without what cameras add."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.pictures.domain import SUFFIXES


class Picture(AgencyOwned):
    """One picture in two sizes. What it shows is said where it is used."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    sha256 = models.CharField(max_length=64)
    content_type = models.CharField(max_length=20, choices=[(one, one) for one in SUFFIXES])
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    # For pages that many load; always image/jpeg.
    small_sha256 = models.CharField(max_length=64)
    small_width = models.PositiveIntegerField()
    small_height = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.sha256[:12]
