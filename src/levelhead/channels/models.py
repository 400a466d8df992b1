"""Accounts on platforms, what they sent that is not filed yet, and what waits to leave."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from levelhead.accounts.models import AgencyOwned, User
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.pictures.models import Picture


class ChannelState(models.TextChoices):
    """Whether a channel is at work."""

    ON = "on", _("on")
    PAUSED = "paused", _("paused")
    SIGNED_OUT = "signed_out", _("must be connected again")


class Channel(AgencyOwned):
    """An account on a platform."""

    platform = models.CharField(max_length=40)
    name = models.CharField(_("name"), max_length=120)
    settings = models.JSONField(default=dict, blank=True)
    # Encrypted; see channels.secrets.
    sealed_secrets = models.TextField(default="", blank=True)
    state = models.CharField(max_length=12, choices=ChannelState.choices, default=ChannelState.ON)
    # Opaque to everybody but the connector.
    cursor = models.TextField(null=True, blank=True)  # noqa: DJ001  # None is "never asked"
    next_pull_at = models.DateTimeField(default=clock.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    # What is true of its health; shown as it is.
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_post_at = models.DateTimeField(null=True, blank=True)
    last_sent_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.TextField(default="", blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "name"], name="one_channel_of_a_name")
        ]
        indexes = [models.Index(fields=["state", "next_pull_at"], name="channel_next_pull")]

    def __str__(self) -> str:
        return self.name


class Inbound(AgencyOwned):
    """A webhook call that was verified and kept; intake takes it from here."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    channel = models.ForeignKey(
        Channel, on_delete=models.PROTECT, related_name="inbound", db_index=False
    )
    # SHA-256 of the body: the same call ten times is kept once.
    digest = models.CharField(max_length=64)
    body = models.BinaryField()
    received_at = models.DateTimeField(default=clock.now)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "digest"], name="one_inbound_per_body")
        ]
        indexes = [
            models.Index(
                fields=["id"], name="inbound_waiting", condition=models.Q(done_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel_id}:{self.digest[:8]}"


class SetAside(AgencyOwned):
    """An item that could not be understood: kept as it came, with the reason."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    channel = models.ForeignKey(
        Channel, on_delete=models.PROTECT, related_name="set_aside", db_index=False
    )
    # Where it stood: "file posts.jsonl, line 17" or "pull" or "webhook".
    place = models.CharField(max_length=300)
    # SHA-256 over place and raw: the same bad item again is not kept again.
    digest = models.CharField(max_length=64)
    reason = models.TextField()
    # Bounded; `raw_cut` says whether something is missing at the end.
    raw = models.TextField()
    raw_cut = models.BooleanField(default=False)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "digest"], name="one_set_aside_per_item")
        ]
        verbose_name_plural = "set aside"

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class ImportRun(AgencyOwned):
    """How far the import of a file has come; survives a kill."""

    channel = models.ForeignKey(
        Channel, on_delete=models.PROTECT, related_name="imports", db_index=False
    )
    file_name = models.CharField(max_length=300)
    # SHA-256 of the file and of the mapping: the same file again is a new run from the start.
    digest = models.CharField(max_length=64)
    lines_done = models.BigIntegerField(default=0)
    received = models.BigIntegerField(default=0)
    new = models.BigIntegerField(default=0)
    revised = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    started_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["channel", "digest"], name="import_by_file")]

    def __str__(self) -> str:
        return f"{self.file_name} to {self.channel_id}"


class OutboxState(models.TextChoices):
    """Where something that leaves stands."""

    QUEUED = "queued", _("waiting to be sent")
    SENDING = "sending", _("being sent")
    UNCLEAR = "unclear", _("being looked up on the platform")
    SENT = "sent", _("sent")
    FAILED = "failed", _("not sent")
    WITHDRAWN = "withdrawn", _("taken back before it left")
    GIVEN_UP = "given_up", _("given up")


class OutboxItem(AgencyOwned):
    """Something that leaves: written with the decision, sent once, never silently not."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="outbox")
    # The same at every attempt; the platform or our look-up recognises it.
    marker = models.CharField(max_length=13, unique=True)
    text = models.TextField()
    parent_external_id = models.TextField(default="", blank=True)
    thread_external_id = models.TextField(default="", blank=True)
    # Leaves only when that one has arrived, as an answer to it. One follows one: a chain never
    # forks.
    after = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="follower"
    )
    # What must arrive in order on a channel shares a lane (updates of an incident); the place
    # grows. None where nothing waits for it.
    lane = models.BigIntegerField(null=True, blank=True)
    lane_place = models.PositiveIntegerField(default=0, db_default=0)
    # Sent by threads of its own, before everything that is not.
    urgent = models.BooleanField(default=False, db_default=False)
    lang = models.CharField(max_length=8, default="", blank=True)
    state = models.CharField(max_length=10, choices=OutboxState.choices, default=OutboxState.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=clock.now)
    # Not before then: it can still be taken back. None where it goes at once.
    leaves_at = models.DateTimeField(null=True, blank=True)
    hold_seconds = models.PositiveSmallIntegerField(default=0, db_default=0)
    claimed_until = models.DateTimeField(null=True, blank=True)
    # A new value at each claim: only its holder may write the outcome.
    claim = models.BigIntegerField(default=0)
    last_error = models.TextField(default="", blank=True)
    # The code of that error, such as "channel_refused".
    error_code = models.CharField(max_length=40, default="", db_default="", blank=True)
    external_id = models.TextField(default="", blank=True)
    url = models.TextField(default="", blank=True)
    receipt = models.TextField(default="", blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # No two can both be next.
            models.UniqueConstraint(
                fields=["channel", "lane", "lane_place"],
                condition=models.Q(lane__isnull=False),
                name="one_outbox_item_per_lane_place",
            )
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="outbox_due",
                condition=models.Q(state__in=["queued", "sending", "unclear"]),
            ),
            models.Index(fields=["agency", "state"], name="outbox_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.marker} {self.state}"


class OutboxPicture(AgencyOwned):
    """A picture that leaves with an item."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    item = models.ForeignKey(OutboxItem, on_delete=models.PROTECT, related_name="pictures")
    picture = models.ForeignKey(Picture, on_delete=models.PROTECT, related_name="+")
    place = models.PositiveSmallIntegerField()
    # In the language of the item's text.
    alt = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "place"], name="one_picture_per_place")
        ]

    def __str__(self) -> str:
        return self.alt[:60]
