"""Writing, changing, approving and retiring answers: by a person, on the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, Membership, User
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.kernel.text import clean_name
from levelhead.knowledge.channel_forms import Form
from levelhead.knowledge.domain import (
    LANGUAGES,
    LONGEST_REVIEW_DAYS,
    MOST_PARTS,
    MOST_QUESTIONS,
    PART_LIMIT,
    REASON_LIMIT,
    REVIEW_DAYS,
    AnswerFields,
    AnswerState,
    clip_question,
    find_mistakes,
    find_question_mistake,
    fold,
    may_approve_own,
    review_date_fits,
)
from levelhead.knowledge.models import Answer, AnswerUse, AnswerVersion, KnowledgeHead
from levelhead.knowledge.outcomes import EVERY, measure_change, originals_of
from levelhead.knowledge.queries import count_approvers, today_of
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord
from levelhead.replies.models import Reply

MISTAKES: Final = {
    "no_title": gettext_lazy("Give the answer a title."),
    "no_text": gettext_lazy("Write the answer in at least one language."),
    "questions_only": gettext_lazy("There are questions in this language, but no answer. Write it, "
                                   "or take the questions out."),
    "form_only": gettext_lazy("There is a form for a channel in this language, but no answer. "
                              "Write the answer, or take the form out."),
    "no_source": gettext_lazy("Say where the fact is from: a page, a rule, a person."),
    "no_date": gettext_lazy("Say until when the answer can stand, as in 2026-12-31."),
    "no_owner": gettext_lazy("Choose an owner: a colleague of your agency."),
    "too_long": gettext_lazy("This is too long; shorten it."),
    "too_many_questions": gettext_lazy("There are more than %(questions)d questions; keep those "
                                       "that people ask most."),
    "no_question": gettext_lazy("There is no question in it that could be added."),
    "hidden_characters": gettext_lazy("There are characters in it that cannot be seen or that "
                                      "turn the order of others around. Type it anew."),
    "broken_part": gettext_lazy("A part to fill in is not whole. Write it as [[greeting]], on one "
                                "line, with at most %(part)d characters."),
    "too_many_parts": gettext_lazy("There are more than %(parts)d parts to fill in; nobody fills "
                                   "in so many."),
    "date_out_of_reach": gettext_lazy("The review date must be after today and at most two years "
                                      "away."),
}  # fmt: skip
# Answers that a reply can be written from.
MOST_USED: Final = 5


def write_answer(*, agency: Agency, fields: AnswerFields, owner: User | None, by: User) -> Answer:
    """A new answer, as a draft. Raises NotAllowed, Invalid (data: errors, by field)."""
    require(by, agency.pk, Ability.REPLY)
    fields = _checked(agency, fields, owner)
    now = clock.now()
    with transaction.atomic():
        answer = Answer(agency=agency, edited_by=by, edited_at=now)
        _fill(answer, fields, owner)
        answer.save(force_insert=True)
        _record(answer, "person:answer:written", by, {**_content(answer)})
    return answer


def edit_answer(
    *, answer: Answer, fields: AnswerFields, owner: User | None, by: User, expected_version: int
) -> Answer:
    """Change an answer: what it said before is kept, and it is a draft until approved again.

    Raises NotAllowed, Conflict (somebody else changed it), Invalid (data: errors, by field).
    """
    require(by, answer.agency_id, Ability.REPLY)
    fields = _checked(answer.agency, fields, owner)
    with transaction.atomic():
        locked = _lock(answer, expected_version)
        before = _content(locked)
        kept = _copy(locked)
        _fill(locked, fields, owner)
        if _content(locked) == before and locked.state != AnswerState.RETIRED:
            return locked
        kept.save(force_insert=True)
        locked.version += 1
        locked.state = AnswerState.DRAFT.value
        locked.edited_by, locked.edited_at = by, clock.now()
        locked.approved_by = locked.approved_at = None
        locked.save()
        _record(locked, "person:answer:edited", by, _content(locked))
    return locked


def approve_answer(*, answer: Answer, review_on: date, by: User, expected_version: int) -> Answer:
    """Let an answer be offered until its review date; one that is approved stands longer.

    Raises NotAllowed, Conflict, Invalid (by the last editor where somebody else could; retired).
    """
    require(by, answer.agency_id, Ability.REPLY)
    if not review_date_fits(review_on, today_of(answer.agency)):
        raise _mistaken({"review_on": "date_out_of_reach"})
    with transaction.atomic():
        locked = _lock(answer, expected_version)
        if locked.state == AnswerState.RETIRED:
            raise Invalid(_("This answer is retired. Edit it first; then it can be approved."))
        own = locked.edited_by_id == by.pk
        if own and not may_approve_own(count_approvers(locked.agency)):
            raise Invalid(
                _(
                    "You changed this answer last, so somebody else must approve it. Nothing was "
                    "done; ask a colleague who may reply."
                )
            )
        locked.state = AnswerState.APPROVED.value
        locked.review_on = review_on
        locked.approved_by, locked.approved_at = by, clock.now()
        locked.save()
        _record(
            locked, "person:answer:approved", by,
            {"title": locked.title, "version": locked.version, "own": own,
             "review_on": review_on.isoformat()},
        )  # fmt: skip
    return locked


def confirm_still_true(*, answer: Answer, by: User, expected_version: int) -> Answer:
    """Let an approved answer stand as it is for another REVIEW_DAYS.

    Raises NotAllowed, Conflict, Invalid (as approve_answer; one that is not approved).
    """
    if answer.state != AnswerState.APPROVED:
        raise Invalid(_("Only an approved answer can be confirmed. Look at what it says now."))
    review_on = today_of(answer.agency) + timedelta(days=REVIEW_DAYS)
    return approve_answer(
        answer=answer, review_on=review_on, by=by, expected_version=expected_version
    )


def add_question(*, answer: Answer, question: str, lang: str, by: User) -> Answer:
    """Add a question, in people's own words, to those that an answer is found by.

    What the answer says is not touched, so it stays approved; what it was found by before is kept.
    Raises NotAllowed, Invalid (retired, nothing to add, no text in that language, too many).
    """
    require(by, answer.agency_id, Ability.REPLY)
    question = clip_question(question)
    with transaction.atomic():
        locked = (
            Answer.objects.select_for_update(of=("self",))
            .select_related("agency")
            .get(pk=answer.pk, agency_id=answer.agency_id)
        )
        if locked.state == AnswerState.RETIRED:
            raise Invalid(_("This answer is retired. Edit it first to bring it back."))
        if lang not in locked.texts:
            raise Invalid(
                _("The answer has no text in the language of this question. Write it first.")
            )
        asked = list(locked.questions.get(lang, ()))
        if question in asked:
            return locked
        if len(asked) >= MOST_QUESTIONS:
            raise Invalid(str(MISTAKES["too_many_questions"]) % {"questions": MOST_QUESTIONS})
        wrong = find_question_mistake(question)
        if wrong:
            raise _mistaken({f"questions_{lang}": wrong})
        _copy(locked).save(force_insert=True)
        locked.questions = {**locked.questions, lang: [*asked, question]}
        locked.words = fold(f"{locked.words} {question}")
        locked.version += 1
        locked.save(update_fields=["questions", "words", "version"])
        _record(
            locked, "person:answer:question_added", by,
            {"title": locked.title, "version": locked.version, "question": question,
             "language": lang},
        )  # fmt: skip
    return locked


def retire_answer(*, answer: Answer, reason: str, by: User, expected_version: int) -> Answer:
    """Take an answer out of use; its words stay. Raises NotAllowed, Conflict, Invalid."""
    require(by, answer.agency_id, Ability.REPLY)
    reason = clean_name(reason, REASON_LIMIT)
    with transaction.atomic():
        locked = _lock(answer, expected_version)
        if locked.state == AnswerState.RETIRED:
            raise Invalid(_("This answer is retired already."))
        locked.state = AnswerState.RETIRED.value
        locked.save()
        _record(
            locked, "person:answer:retired", by,
            {"title": locked.title, "version": locked.version, "reason": reason},
        )  # fmt: skip
    return locked


def count_use(*, answer_ids: Sequence[int], reply: Reply, by: User) -> None:
    """Count the answers that a reply was written from. In the transaction that sends the reply.

    What is not an answer of the agency is passed over: a reply must not fail for its count.
    """
    found = Answer.objects.filter(agency_id=reply.agency_id, pk__in=list(answer_ids)[:MOST_USED])
    for answer in found.order_by("pk"):
        AnswerUse.objects.create(
            agency_id=reply.agency_id,
            answer=answer,
            reply=reply,
            answer_version=answer.version,
            by=by,
            at=reply.at,
            changed_percent=measure_change(reply.text, originals_of(answer)),
            look_at=reply.at + EVERY,
        )
        _append(
            answer, "person:answer:used", by,
            {"title": answer.title, "version": answer.version, "reply": reply.pk},
        )  # fmt: skip


def _checked(agency: Agency, fields: AnswerFields, owner: User | None) -> AnswerFields:
    """The fields without blanks around them. Raises Invalid."""
    fields = replace(
        fields,
        title=" ".join(fields.title.split()),
        questions={
            lang: lines for lang in LANGUAGES if (lines := _tidy(fields.questions.get(lang, ())))
        },
        texts={
            lang: text
            for lang in LANGUAGES
            if (text := fields.texts.get(lang, "").replace("\r\n", "\n").strip())
        },
        forms={
            lang: kinds
            for lang in LANGUAGES
            if (kinds := _tidy_forms(fields.forms.get(lang, MappingProxyType({}))))
        },
        source=" ".join(fields.source.split()),
    )
    wrong = find_mistakes(fields)
    if fields.review_on is not None and not review_date_fits(fields.review_on, today_of(agency)):
        wrong["review_on"] = "date_out_of_reach"
    if (
        owner is None
        or not Membership.objects.filter(
            agency=agency, user=owner, active=True, user__is_active=True
        ).exists()
    ):
        wrong["owner"] = "no_owner"
    if wrong:
        raise _mistaken(wrong)
    return fields


def _tidy(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tidy for line in lines if (tidy := " ".join(line.split()))))


def _tidy_forms(kinds: Mapping[str, str]) -> dict[str, str]:
    return {
        form.value: text
        for form in Form
        if (text := kinds.get(form, "").replace("\r\n", "\n").strip())
    }


def _mistaken(wrong: Mapping[str, str]) -> Invalid:
    numbers = {"questions": MOST_QUESTIONS, "part": PART_LIMIT, "parts": MOST_PARTS,
               "days": LONGEST_REVIEW_DAYS}  # fmt: skip
    errors = {name: str(MISTAKES[key]) % numbers for name, key in wrong.items()}
    return Invalid(" ".join(dict.fromkeys(errors.values())), errors=errors)


def _lock(answer: Answer, expected_version: int) -> Answer:
    locked = (
        Answer.objects.select_for_update(of=("self",))
        .select_related("agency")
        .get(pk=answer.pk, agency_id=answer.agency_id)
    )
    if locked.version != expected_version:
        raise Conflict(
            _("Somebody changed this answer while you looked at it. Look at what it says now.")
        )
    return locked


def _fill(answer: Answer, fields: AnswerFields, owner: User | None) -> None:
    if owner is None or fields.review_on is None:
        raise ValueError("the fields were not checked")
    answer.title, answer.source = fields.title, fields.source
    answer.questions = {lang: list(lines) for lang, lines in fields.questions.items()}
    answer.texts = dict(fields.texts)
    answer.forms = {lang: dict(kinds) for lang, kinds in fields.forms.items()}
    answer.owner, answer.review_on = owner, fields.review_on
    asked = [line for lines in fields.questions.values() for line in lines]
    shorter = [text for kinds in fields.forms.values() for text in kinds.values()]
    said = [fields.title, *asked, *fields.texts.values(), *shorter, fields.source]
    answer.words = fold(" ".join(said))


def _copy(answer: Answer) -> AnswerVersion:
    return AnswerVersion(
        agency_id=answer.agency_id,
        answer=answer,
        number=answer.version,
        title=answer.title,
        questions=answer.questions,
        texts=answer.texts,
        forms=answer.forms,
        source=answer.source,
        edited_by_id=answer.edited_by_id,
        edited_at=answer.edited_at,
        approved_by_id=answer.approved_by_id,
        approved_at=answer.approved_at,
        replaced_at=clock.now(),
    )


def _content(answer: Answer) -> dict[str, object]:
    return {
        "title": answer.title,
        "questions": answer.questions,
        "texts": answer.texts,
        "forms": answer.forms,
        "source": answer.source,
        "owner": answer.owner_id,
        "review_on": answer.review_on.isoformat(),
    }


def _append(answer: Answer, action: str, by: User, payload: Mapping[str, object]) -> None:
    append_events(
        agency_id=answer.agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"answer:{answer.pk}",
                action=action,
                actor=f"user:{by.pk}",
                payload=payload,
            )
        ],
    )


def _record(answer: Answer, action: str, by: User, payload: Mapping[str, object]) -> None:
    KnowledgeHead.objects.get_or_create(agency_id=answer.agency_id)
    KnowledgeHead.objects.filter(agency_id=answer.agency_id).update(version=F("version") + 1)
    _append(answer, action, by, payload)
    announce(
        agency_id=answer.agency_id, kind="knowledge.changed", payload={"answer": str(answer.pk)}
    )
