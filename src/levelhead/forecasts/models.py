"""Branches of threads that may turn into an attack on somebody."""

from __future__ import annotations

import json

from django.db import models

from levelhead.accounts.models import AgencyOwned
from levelhead.forecasts.domain import KeptCue
from levelhead.inbox.models import Conversation, Post
from levelhead.kernel import clock


class BranchForecast(AgencyOwned):
    """A branch by its last post; gone as soon as somebody writes below it."""

    post = models.OneToOneField(
        Post, primary_key=True, on_delete=models.CASCADE, related_name="branch_forecast"
    )
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="branch_forecasts"
    )
    percent = models.PositiveSmallIntegerField()
    # JSON list of [cue, post, start, end], the strongest first.
    cues = models.TextField(default="[]")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["agency", "at"], name="forecast_by_time")]

    def __str__(self) -> str:
        return f"{self.post_id}: {self.percent}%"

    @property
    def cue_list(self) -> list[KeptCue]:
        """What warned."""
        return [
            KeptCue(cue=cue, post_id=post, start=start, end=end)
            for cue, post, start, end in json.loads(self.cues)
        ]
