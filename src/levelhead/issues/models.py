"""What the agency works on before it becomes a crisis."""

from __future__ import annotations

import json
from typing import Any

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.inbox.models import Conversation, Post
from levelhead.issues.domain import FactState, IssueState
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.topics.models import Topic


class Issue(AgencyOwned):
    """Topics and conversations that are one matter, with somebody who sees to it."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    name = models.CharField(max_length=200)
    state = models.CharField(
        max_length=6, choices=[(s.value, s.value) for s in IssueState], default=IssueState.OPEN
    )
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    # What a person decided, 0 to 4; None until somebody did. What is proposed is the topics'.
    level = models.PositiveSmallIntegerField(null=True, blank=True)
    level_why = models.TextField(default="", blank=True)
    level_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    level_at = models.DateTimeField(null=True, blank=True)
    root_cause = models.TextField(default="", blank=True)
    done = models.TextField(default="", blank=True)
    outcome = models.TextField(default="", blank=True)
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=clock.now)
    closed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_why = models.TextField(default="", blank=True)
    # Grows with every change: a person who saw an older one is told.
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "state", "level"], name="issue_by_level"),
            models.Index(fields=["agency", "state", "id"], name="issue_by_age"),
        ]
        constraints = [
            models.CheckConstraint(
                name="issue_level_says_by_whom",
                condition=models.Q(level__isnull=True)
                | models.Q(level__lte=4, level_by__isnull=False, level_at__isnull=False),
            ),
            models.CheckConstraint(
                name="closed_issue_says_by_whom",
                condition=~models.Q(state=IssueState.CLOSED.value)
                | models.Q(closed_by__isnull=False, closed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class IssueTopic(AgencyOwned):
    """A topic that belongs to an issue; to one open issue at a time."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    issue = models.ForeignKey(
        Issue, on_delete=models.PROTECT, related_name="topic_links", db_index=False
    )
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="issue_links")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issue", "topic"], name="one_link_per_issue_and_topic")
        ]
        indexes = [models.Index(fields=["issue", "id"], name="topic_of_issue")]

    def __str__(self) -> str:
        return f"{self.issue_id}: topic {self.topic_id}"


class IssueConversation(AgencyOwned):
    """A conversation that belongs to an issue."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    issue = models.ForeignKey(
        Issue, on_delete=models.PROTECT, related_name="conversation_links", db_index=False
    )
    conversation = models.ForeignKey(
        Conversation, on_delete=models.PROTECT, related_name="issue_links"
    )
    # The post from which it was added: what the list shows of it.
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["issue", "conversation"], name="one_link_per_issue_and_conversation"
            )
        ]
        indexes = [models.Index(fields=["issue", "id"], name="conversation_of_issue")]

    def __str__(self) -> str:
        return f"{self.issue_id}: conversation {self.conversation_id}"


class Theme(AgencyOwned):
    """One of the things that people say about an issue."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    issue = models.ForeignKey(Issue, on_delete=models.PROTECT, related_name="themes")
    name = models.CharField(max_length=200)
    # JSON list of post ids that show it.
    examples = models.TextField(default="[]")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name

    @property
    def example_ids(self) -> list[int]:
        """Posts that show it."""
        return [int(post_id) for post_id in json.loads(self.examples)]


class EscalationTest(AgencyOwned):
    """Whether it is an issue or a crisis, as a person answered, with what was on the screen."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    issue = models.ForeignKey(Issue, on_delete=models.PROTECT, related_name="tests")
    # JSON: name of the question -> true or false; doctrine/escalation.py has the names.
    answers = models.TextField()
    catalysts = models.TextField(default="{}")
    crisis = models.BooleanField()
    why = models.TextField(default="", blank=True)
    # JSON: the figures and posts that the person saw when answering.
    evidence = models.TextField(default="{}")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.issue_id}: {'crisis' if self.crisis else 'issue'}"

    @property
    def seen(self) -> dict[str, Any]:
        """What was on the screen."""
        found: dict[str, Any] = json.loads(self.evidence)
        return found

    @property
    def answered(self) -> dict[str, bool]:
        """Question -> yes or no."""
        found: dict[str, bool] = json.loads(self.answers)
        return found

    @property
    def catalysts_named(self) -> list[str]:
        """The catalysts that hold."""
        return [name for name, holds in json.loads(self.catalysts).items() if holds]


class IssueFact(AgencyOwned):
    """A statement about an issue, with where it comes from."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    issue = models.ForeignKey(Issue, on_delete=models.PROTECT, related_name="facts")
    text = models.TextField()
    source = models.TextField()
    state = models.CharField(
        max_length=10, choices=[(s.value, s.value) for s in FactState], default=FactState.UNCHECKED
    )
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    # Why it was withdrawn.
    why = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="decided_fact_says_by_whom",
                condition=models.Q(state=FactState.UNCHECKED.value)
                | models.Q(decided_by__isnull=False, decided_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.text[:60]
