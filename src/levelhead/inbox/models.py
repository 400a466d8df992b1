"""Posts, the conversations they stand in, and the work on them."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.channels.models import Channel
from levelhead.inbox.domain import CaseState, Queue, Visibility
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id


class Author(AgencyOwned):
    """Who wrote, as far as the platform says; kept minimal and never beyond the channel."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    external_id = models.TextField()
    handle = models.CharField(max_length=300, default="", blank=True)
    name = models.CharField(max_length=300, default="", blank=True)
    followers = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="one_author_per_id")
        ]

    def __str__(self) -> str:
        return self.name or self.handle or self.external_id


class Conversation(AgencyOwned):
    """A thread: all posts that hang together."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    # The platform's id of the first post known or named; later parents find it by this.
    key = models.TextField()
    # Set when a parent came late and showed that this is part of another conversation.
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Where it shows, since a person joined it with another; none where it shows as itself.
    joined_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Grows whenever a person joins or splits it; 0 where nobody ever did.
    shape = models.PositiveIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "key"], name="one_conversation_per_key")
        ]

    def __str__(self) -> str:
        return self.key


class Post(AgencyOwned):
    """What somebody wrote. Its newest words are here; older ones are its revisions."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    external_id = models.TextField()
    conversation = models.ForeignKey(
        Conversation, on_delete=models.PROTECT, related_name="posts", db_index=False
    )
    # The platform's own thread, where a person's joining or splitting shows the post elsewhere.
    thread = models.ForeignKey(
        Conversation, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        db_index=False,
    )  # fmt: skip
    author = models.ForeignKey(
        Author, null=True, blank=True, on_delete=models.PROTECT, related_name="posts"
    )
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="answers"
    )
    parent_external_id = models.TextField(default="", blank=True)
    text = models.TextField()
    lang = models.CharField(max_length=8, default="und")
    url = models.TextField(default="", blank=True)
    from_agency = models.BooleanField(default=False)
    # As the platform says; the time of receipt where it says nothing or nonsense.
    created_at = models.DateTimeField()
    # When its author last edited it, where the platform says so.
    edited_at = models.DateTimeField(null=True, blank=True)
    # What the platform said, where it was not usable: kept to be seen.
    doubtful_time = models.CharField(max_length=64, default="", blank=True)
    received_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=1)
    visibility = models.CharField(
        max_length=10,
        choices=[(v.value, v.value) for v in Visibility],
        default=Visibility.VISIBLE,
    )
    # SHA-256 over what makes a revision: text and kind of author.
    content_hash = models.CharField(max_length=64)
    # The platform's own words, as they came.
    raw = models.TextField(default="{}")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="one_post_per_id")
        ]
        indexes = [
            models.Index(fields=["conversation", "id"], name="post_in_conversation"),
            models.Index(fields=["agency", "received_at", "id"], name="post_by_arrival"),
            models.Index(
                fields=["channel", "parent_external_id"],
                name="post_waiting_for_parent",
                condition=models.Q(parent__isnull=True) & ~models.Q(parent_external_id=""),
            ),
            models.Index(
                fields=["thread"],
                name="post_shown_elsewhere",
                condition=models.Q(thread__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def thread_id_on_platform(self) -> str:
        """The platform's name of its thread, however people joined or split it here."""
        return (self.thread or self.conversation).key


class PostRevision(AgencyOwned):
    """Words that an edit replaced."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    content_hash = models.CharField(max_length=64)
    raw = models.TextField()
    replaced_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["post", "number"], name="one_revision_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.post_id} revision {self.number}"


class VisibilityChange(AgencyOwned):
    """When a post disappeared from the platform, or came back."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="visibility_changes")
    visibility = models.CharField(max_length=10, choices=[(v.value, v.value) for v in Visibility])
    seen_at = models.DateTimeField()
    # What the platform said with it.
    raw = models.TextField(default="{}")

    def __str__(self) -> str:
        return f"{self.post_id} {self.visibility}"


class Assessment(AgencyOwned):
    """What the analysis said of the newest revision of a post."""

    post = models.OneToOneField(
        Post, primary_key=True, on_delete=models.PROTECT, related_name="assessment"
    )
    model = models.CharField(max_length=60)
    revision = models.PositiveIntegerField(default=1)
    # JSON text: label_scores, reply, urgency, hostility, crisis, safety, spans.
    scores = models.TextField()

    def __str__(self) -> str:
        return f"{self.post_id} by {self.model}"


class Case(AgencyOwned):
    """The decision on a post, and the work that follows from it."""

    post = models.OneToOneField(
        Post, primary_key=True, on_delete=models.PROTECT, related_name="case"
    )
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.PROTECT, related_name="cases", db_index=False
    )
    state = models.CharField(max_length=10, choices=[(s.value, s.value) for s in CaseState])
    queue = models.CharField(max_length=8, choices=[(q.value, q.value) for q in Queue])
    label = models.CharField(max_length=12)
    disposition = models.CharField(max_length=10)
    priority = models.PositiveSmallIntegerField()
    urgency = models.PositiveSmallIntegerField()
    hostility = models.FloatField()
    rule = models.CharField(max_length=60)
    rule_version = models.CharField(max_length=40)
    waits_for = models.CharField(max_length=40)
    show_911 = models.BooleanField(default=False)
    ack_due = models.DateTimeField(null=True, blank=True)
    substance_due = models.DateTimeField(null=True, blank=True)
    # When each clock was met or ended; what ended it is kept in clocks.ClockMark.
    ack_met_at = models.DateTimeField(null=True, blank=True)
    substance_met_at = models.DateTimeField(null=True, blank=True)
    # Since when the clocks stand still, and what for; clocks.ClockPause has the rest.
    paused_at = models.DateTimeField(null=True, blank=True)
    waiting_on = models.CharField(max_length=8, default="", db_default="", blank=True)
    # The next clock that runs: acknowledge, then substance; none once it is done.
    due_at = models.DateTimeField(null=True, blank=True)
    # When somebody is told of it next: none until that is worked out, for each due time anew.
    alarm_at = models.DateTimeField(null=True, blank=True)
    # Whom it concerns was told: 0 nothing, 1 that it runs out soon, 2 that it ran out.
    alarm_stage = models.PositiveSmallIntegerField(default=0, db_default=0)
    owner = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # Until when it was put aside, and when it comes back: then, when its clock runs out, or as
    # soon as somebody writes in its conversation.
    snoozed_until = models.DateTimeField(null=True, blank=True)
    wake_at = models.DateTimeField(null=True, blank=True)
    # The first post of those that say nearly the same; none where nothing is like it.
    cluster = models.BigIntegerField(null=True, blank=True)
    # It, or something in it, is of the kind that a clause of the policy may be about.
    may_break = models.BooleanField(default=False)
    # Set where a person changed the decision.
    corrected = models.BooleanField(default=False)
    # Set where a reply could not be sent; loud on every screen.
    reply_failed = models.BooleanField(default=False)
    # Set while an approved answer is still to be looked for; knowledge.fitting takes it from here.
    answer_due = models.BooleanField(default=False, db_default=False)
    # The approved answer that fits best, and the probability that it does, in whole percents.
    answer = models.ForeignKey(
        "knowledge.Answer", null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        db_index=False,
    )  # fmt: skip
    answer_percent = models.PositiveSmallIntegerField(default=0, db_default=0)
    # Grows with every change: a person who saw an older one is told.
    version = models.PositiveIntegerField(default=1)
    decided_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            # What waits for a person, by clock: most posts can stand and pay for neither index.
            models.Index(
                fields=["agency", "due_at", "post"],
                name="case_needs_by_clock",
                condition=models.Q(state="open", queue="needs", answer__isnull=True),
            ),
            models.Index(
                fields=["agency", "due_at", "post"],
                name="case_fits_by_clock",
                condition=models.Q(state="open", queue="needs", answer__isnull=False),
            ),
            models.Index(
                fields=["post"],
                name="case_answer_due",
                condition=models.Q(answer_due=True),
            ),
            models.Index(fields=["agency", "state", "queue", "post"], name="case_by_queue"),
            models.Index(fields=["agency", "state", "label", "post"], name="case_by_label"),
            models.Index(fields=["conversation", "post"], name="case_in_conversation"),
            models.Index(
                fields=["agency", "due_at", "post"],
                name="case_by_clock",
                condition=models.Q(due_at__isnull=False),
            ),
            models.Index(
                fields=["alarm_at"],
                name="case_by_alarm",
                condition=models.Q(due_at__isnull=False, alarm_stage__lt=2),
            ),
            models.Index(
                fields=["agency", "post"],
                name="case_by_clause",
                condition=models.Q(may_break=True),
            ),
            models.Index(
                fields=["cluster", "state", "post"],
                name="case_by_copies",
                condition=models.Q(cluster__isnull=False),
            ),
            models.Index(
                fields=["wake_at"],
                name="case_by_waking",
                condition=models.Q(wake_at__isnull=False),
            ),
            models.Index(
                fields=["conversation"],
                name="case_asleep_in",
                condition=models.Q(wake_at__isnull=False),
            ),
            models.Index(
                fields=["agency", "owner", "state", "post"],
                name="case_by_owner",
                condition=models.Q(owner__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"case {self.pk}: {self.disposition}"


class DecisionChange(AgencyOwned):
    """A person decided otherwise: kept, and the models may learn from it."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="changes")
    label_before = models.CharField(max_length=12)
    label_after = models.CharField(max_length=12)
    disposition_before = models.CharField(max_length=10)
    disposition_after = models.CharField(max_length=10)
    reason = models.TextField(default="", blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.case_id}: {self.label_before} to {self.label_after}"


class Note(AgencyOwned):
    """What colleagues tell each other about a conversation; never leaves."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="notes")
    text = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    # Earlier words are on the record.
    edited_at = models.DateTimeField(null=True, blank=True)
    # Whom it names, and where: {"at": [start, end], "people": [ids], "desk": bool}.
    mentions = models.JSONField(default=list, blank=True)

    def __str__(self) -> str:
        return self.text[:60]


class Shaping(AgencyOwned):
    """What a person did to conversations and may take back: kept, with why."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    reason = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    undone_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_reason = models.TextField(default="", blank=True)

    class Meta:
        abstract = True


class Joining(Shaping):
    """Two conversations are about one matter; while it holds, they show as one."""

    # The one that was added, and the one that it shows under. Where a parent that comes late makes
    # one of them part of another thread, that one stands here.
    part = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="joined_as_part")
    whole = models.ForeignKey(
        Conversation, on_delete=models.PROTECT, related_name="joined_as_whole"
    )
    # The posts from whose pages it was done: what a screen shows of either.
    part_post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+")
    whole_post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.part_id} into {self.whole_id}"


class Splitting(Shaping):
    """From a post on, it is a matter of its own."""

    source = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="splittings")
    made = models.OneToOneField(Conversation, on_delete=models.PROTECT, related_name="split_by")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.made_id} out of {self.source_id}"


class SplitMark(AgencyOwned):
    """From this post down, a branch goes with a splitting, or stays behind."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    splitting = models.ForeignKey(Splitting, on_delete=models.PROTECT, related_name="marks")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="split_marks")
    goes = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["splitting", "post"], name="one_mark_per_post")
        ]

    def __str__(self) -> str:
        return f"{self.post_id} {'goes with' if self.goes else 'stays out of'} {self.splitting_id}"


class Tally(AgencyOwned):
    """How many cases stand where: kept with every change, so that no screen counts rows."""

    state = models.CharField(max_length=10)
    queue = models.CharField(max_length=8)
    label = models.CharField(max_length=12)
    cases = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "state", "queue", "label"], name="one_tally_per_place"
            )
        ]
        verbose_name_plural = "tallies"

    def __str__(self) -> str:
        return f"{self.state}/{self.queue}/{self.label}: {self.cases}"
