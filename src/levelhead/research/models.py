"""Questions to colleagues without an account, what was sent to them, and what came back."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import Agency, AgencyOwned, User
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.replies.models import Reply
from levelhead.research.domain import (
    RECORDS_DAYS,
    Arrival,
    Kind,
    MailKind,
    MailState,
    RequestState,
)


class ResearchPolicy(AgencyOwned):
    """How an agency asks: its days for records requests, and what "not mine" leads to."""

    agency = models.OneToOneField(
        Agency, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    # Working days that the law gives for a records request.
    records_days = models.PositiveSmallIntegerField(default=RECORDS_DAYS)
    # Who says that counsel checked the number; nobody until then.
    checked_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    checked_at = models.DateTimeField(null=True, blank=True)
    # Whether a question goes on to the address that the colleague names without the desk's word.
    passes_on = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "research policies"

    def __str__(self) -> str:
        return f"research of {self.agency_id}"


class ResearchRequest(AgencyOwned):
    """One question to one colleague, with the link that lets them answer it."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="research")
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in Kind])
    question = models.TextField()
    to_name = models.CharField(max_length=120, default="", blank=True)
    to_email = models.CharField(max_length=254)
    # The language of the mails: the asking person's.
    language = models.CharField(max_length=8, default="en")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=[(s.value, s.value) for s in RequestState])
    # False where mail was not set up: the person passes the link on.
    by_mail = models.BooleanField(default=False)

    # Grows with each new link: the older ones open nothing any more.
    link_number = models.PositiveIntegerField(default=1)
    # SHA-256 of the link's token; the token itself is kept nowhere.
    token_hash = models.CharField(max_length=64, unique=True)
    link_expires_at = models.DateTimeField()
    link_revoked_at = models.DateTimeField(null=True, blank=True)

    # "Not mine: ask ...", with the colleague's words.
    proposed_email = models.CharField(max_length=254, default="", blank=True)
    proposed_note = models.TextField(default="", blank=True)

    answer = models.TextField(default="", blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    # The address that answered; by the link it is the one that was asked.
    answered_by = models.CharField(max_length=254, default="", blank=True)
    # What may be said in public: the answer, as the releasing person put it.
    released_text = models.TextField(default="", blank=True)
    released_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField(null=True, blank=True)
    reply = models.ForeignKey(
        Reply, null=True, blank=True, on_delete=models.PROTECT, related_name="research"
    )
    closing_note = models.TextField(default="", blank=True)

    # When it was reminded before the due date, and when it went on the record as overdue.
    reminded_at = models.DateTimeField(null=True, blank=True)
    overdue_at = models.DateTimeField(null=True, blank=True)
    # A mail to the colleague came back: loud until they are asked in another way.
    bounced_at = models.DateTimeField(null=True, blank=True)
    # Grows with every change: a person who saw an older one is told.
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "state", "due_at", "id"], name="research_by_due"),
            models.Index(fields=["agency", "state", "-id"], name="research_by_state"),
            models.Index(
                fields=["due_at"],
                name="research_not_yet_late",
                condition=models.Q(state=RequestState.WAITING.value, overdue_at__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="released_research_says_by_whom",
                condition=models.Q(released_by__isnull=False, released_at__isnull=False)
                | ~models.Q(state__in=[RequestState.RELEASED, RequestState.POSTED]),
            )
        ]

    def __str__(self) -> str:
        return self.question[:60]

    @property
    def to(self) -> str:
        """Who is asked, as screens name them."""
        return self.to_name or self.to_email

    @property
    def link_is_live(self) -> bool:
        """Whether the link opens the question now."""
        return (
            self.state in (RequestState.WAITING, RequestState.NOT_MINE)
            and self.link_revoked_at is None
            and self.link_expires_at > clock.now()
        )


class ResearchFile(AgencyOwned):
    """A file that a colleague sent with an answer; its bytes lie in the data folder."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    request = models.ForeignKey(ResearchRequest, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=200)
    # As its first bytes say, not as it was named.
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name


class MailOut(AgencyOwned):
    """A mail that leaves: written with the decision, sent once, never silently not.

    Its words are put together when it is sent: they carry the link, which is kept nowhere.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id)
    request = models.ForeignKey(ResearchRequest, on_delete=models.PROTECT, related_name="mails")
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in MailKind])
    to_email = models.CharField(max_length=254)
    link_number = models.PositiveIntegerField()
    # What the desk adds, where it asks again.
    note = models.TextField(default="", blank=True)
    state = models.CharField(
        max_length=10, choices=[(s.value, s.value) for s in MailState], default=MailState.QUEUED
    )
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=clock.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    # A new value at each claim: only its holder may write the outcome.
    claim = models.BigIntegerField(default=0)
    last_error = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "mails out"
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="mail_due",
                condition=models.Q(state__in=["queued", "sending"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class MailIn(AgencyOwned):
    """A mail that came to a question: kept once, whatever the mailbox says."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    request = models.ForeignKey(ResearchRequest, on_delete=models.PROTECT, related_name="arrivals")
    # SHA-256 over its Message-ID, or over all of it where it has none.
    digest = models.CharField(max_length=64)
    arrival = models.CharField(max_length=10, choices=[(a.value, a.value) for a in Arrival])
    sender = models.CharField(max_length=254, default="", blank=True)
    subject = models.CharField(max_length=300, default="", blank=True)
    # What the person wrote, and all of it with what was quoted.
    text = models.TextField(default="", blank=True)
    whole_text = models.TextField(default="", blank=True)
    # What was left out, and why: attachments too large or of a kind that is not taken.
    left_out = models.TextField(default="", blank=True)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name_plural = "mails in"
        constraints = [
            models.UniqueConstraint(fields=["request", "digest"], name="one_arrival_per_mail")
        ]

    def __str__(self) -> str:
        return self.subject[:60]


class MailboxPlace(models.Model):
    """How far the installation's mailbox was read. It serves all agencies."""

    # SHA-256 of server, account and folder.
    mailbox = models.CharField(primary_key=True, max_length=64)
    uid_validity = models.BigIntegerField(default=0)
    last_uid = models.BigIntegerField(default=0)
    checked_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(default="", blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    # Mails that belong to no question: they stay in the mailbox, for a person to look at.
    unmatched = models.PositiveBigIntegerField(default=0)
    unmatched_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.mailbox[:12]
