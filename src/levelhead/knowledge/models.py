"""Approved answers, their earlier texts, and where they were used."""

from __future__ import annotations

from datetime import date

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.knowledge.channel_forms import Form, Missing, find_missing
from levelhead.knowledge.domain import (
    SOURCE_LIMIT,
    TITLE_LIMIT,
    AnswerState,
    find_parts,
    is_stale,
)
from levelhead.replies.models import Reply


class AnswerText(AgencyOwned):
    """The words of an answer, as it is or as it was."""

    title = models.CharField(max_length=TITLE_LIMIT)
    # Language -> what people ask, a list.
    questions = models.JSONField(default=dict, blank=True)
    # Language -> text.
    texts = models.JSONField(default=dict)
    # Language -> kind of channel -> the same in fewer words.
    forms = models.JSONField(default=dict, blank=True)
    # Where the fact is from.
    source = models.CharField(max_length=SOURCE_LIMIT)
    edited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    edited_at = models.DateTimeField(default=clock.now)
    approved_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def texts_in_order(self) -> list[tuple[str, str]]:
        """(language, text), always in the same order."""
        return sorted(self.texts.items())

    @property
    def forms_in_order(self) -> list[tuple[str, str, str]]:
        """(language, kind of channel, text), the shortest kind first."""
        return [
            (lang, form.value, kinds[form])
            for lang, kinds in sorted(self.forms.items())
            for form in Form
            if kinds.get(form)
        ]

    @property
    def missing_forms(self) -> list[Missing]:
        """The kinds of channel for which it is too long."""
        return find_missing(self.texts, self.forms)

    @property
    def questions_in_order(self) -> list[tuple[str, str]]:
        """(language, question), in the order in which they were written."""
        return [(lang, one) for lang, all_ in sorted(self.questions.items()) for one in all_]


class Answer(AnswerText):
    """What the agency says to a question that people ask again and again."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in AnswerState],
        default=AnswerState.DRAFT.value,
    )
    # After this day it is stale.
    review_on = models.DateField()
    # Grows with every change of its words.
    version = models.PositiveIntegerField(default=1)
    # The review date that passed and that its owner was told of.
    stale_told_for = models.DateField(null=True, blank=True)
    # Everything that it is searched by, as domain.fold has it.
    words = models.TextField(default="", blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "state", "-id"], name="answers_by_state"),
            models.Index(
                fields=["review_on"],
                name="answers_by_review",
                condition=models.Q(state=AnswerState.APPROVED.value),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="approved_by_somebody",
                condition=~models.Q(state=AnswerState.APPROVED.value)
                | models.Q(approved_by__isnull=False, approved_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def parts(self) -> list[str]:
        """What whoever sends it must fill in."""
        said = [text for _, text in self.texts_in_order]
        return find_parts("\n".join([*said, *(text for _, _, text in self.forms_in_order)]))

    def stale_on(self, today: date) -> bool:
        """Whether it is past its review date."""
        return is_stale(self.state, self.review_on, today)


class AnswerVersion(AnswerText):
    """What an answer said before it was changed."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    replaced_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["answer", "number"], name="one_row_per_answer_version")
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.answer_id}"


class AnswerUse(AgencyOwned):
    """A reply that was written from an answer."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, related_name="uses")
    reply = models.ForeignKey(Reply, on_delete=models.PROTECT, related_name="answers_used")
    answer_version = models.PositiveIntegerField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    # How much of the words the person changed, in whole percents; None where it is not known.
    changed_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    # What came after within a week: the case was opened again, the same person asked again, the
    # thread turned on somebody, the person said thanks.
    reopened = models.BooleanField(default=False)
    asked_again = models.BooleanField(default=False)
    derailed = models.BooleanField(default=False)
    thanked = models.BooleanField(default=False)
    # When it is looked at next; None once a week has passed, and for uses before this was kept.
    look_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["answer", "reply"], name="one_use_per_reply")
        ]
        indexes = [
            models.Index(
                fields=["look_at"],
                name="use_to_look_at",
                condition=models.Q(look_at__isnull=False),
            ),
            models.Index(
                fields=["agency", "answer"],
                name="use_asked_again",
                condition=models.Q(asked_again=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.answer_id} in {self.reply_id}"


class KnowledgeHead(AgencyOwned):
    """A number for each agency that grows whenever one of its answers changes."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    version = models.PositiveBigIntegerField(default=0)
    # The version and the day for which the open questions were, or are being, looked at again.
    fitted_version = models.PositiveBigIntegerField(default=0)
    fitted_on = models.DateField(null=True, blank=True)
    # The open questions below this id are still to be looked at again; None where all were.
    fitted_below = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency"], name="one_knowledge_head")]

    def __str__(self) -> str:
        return f"{self.agency_id} at {self.version}"
