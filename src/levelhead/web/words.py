"""The words that screens use for the program's own terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = Mapping[str, Promise | str]

VIEWS: Final[Words] = {
    "needs": _("Needs you"),
    "now": _("Life safety"),
    "clause": _("May break a clause"),
    "stand": _("Can stand"),
    "mine": _("Mine"),
    "snoozed": _("Snoozed"),
    "answered": _("Answered"),
    "all": _("All"),
}
# What an empty view teaches.
EMPTY: Final[Words] = {
    "needs": _(
        "Nothing waits for an answer. Questions, complaints and requests show here as they come."
    ),
    "now": _("Nobody is in danger, as far as the posts say. Signs of danger show here first."),
    "clause": _(
        "No post looks as if it breaks a clause of your policy. A person decides on each that does."
    ),
    "stand": _("Nothing here. Posts that need no answer wait here until you let them stand."),
    "mine": _("You own no open case. Take one with “Assign to me” and it shows here."),
    "snoozed": _(
        "Nothing is put aside. Snooze a case and it waits here until its time, and never longer "
        "than its clock runs."
    ),
    "answered": _("No case is answered yet. Answered ones show here with their replies."),
    "all": _("No post has come in yet. See on the channels page whether the channels are at work."),
}
DISPOSITIONS: Final[Words] = {
    "alert": _("Alert the duty officer"),
    "answer": _("Answer"),
    "route": _("Pass on"),
    "research": _("Research, then answer"),
    "correct": _("Correct the facts"),
    "let_stand": _("Let stand"),
    "moderate": _("Look at the policy"),
}
STATES: Final[Words] = {
    "open": _("open"),
    "snoozed": _("put aside"),
    "answering": _("reply on its way"),
    "answered": _("answered"),
    "stood": _("let stand"),
    "closed": _("closed"),
    "own": _("our own post"),
}
SNOOZES: Final[Words] = {
    "hour": _("In an hour"),
    "afternoon": _("This afternoon"),
    "morning": _("The next morning"),
    "monday": _("Monday"),
}
WAITS_FOR: Final[Words] = {
    "duty_officer": _("duty officer"),
    "information_officer": _("information officer"),
    "records": _("records"),
    "service": _("the service concerned"),
    "owner": _("its owner"),
    "none": _("nobody"),
}
LANGUAGES: Final[Words] = {
    "en": _("English"),
    "es": _("Spanish"),
    "und": _("language unknown"),
    "fr": _("French"),
    "pt": _("Portuguese"),
    "zh": _("Chinese"),
    "vi": _("Vietnamese"),
    "ar": _("Arabic"),
    "de": _("German"),
    "tl": _("Tagalog"),
    "ko": _("Korean"),
    "ru": _("Russian"),
}
ANSWERS_SHOWN: Final[Words] = {
    "in_use": _("In use"),
    "draft": _("Drafts"),
    "approved": _("Approved"),
    "stale": _("Past review date"),
    "again": _("Used and asked again"),
    "retired": _("Retired"),
    "all": _("All"),
}
ANSWER_STATES: Final[Words] = {
    "draft": _("draft"),
    "approved": _("approved"),
    "retired": _("retired"),
}
ANSWER_FORMS: Final[Words] = {
    "short": _("Short post"),
    "comment": _("Comment"),
    "message": _("Direct message or e-mail"),
    "full": _("Full text"),
}
ANSWER_FORM_HINTS: Final[Words] = {
    "short": _("For Bluesky and X: at most 300 characters."),
    "comment": _("For Mastodon, Threads, Facebook and others: at most 500 characters."),
    "message": _("To one person, by e-mail or message: at most 3,000 characters."),
}
ASKED_SHOWN: Final[Words] = {
    "open": _("To be answered"),
    "in_work": _("Answer being written"),
    "aside": _("Set aside"),
}
ASKED_STATES: Final[Words] = {
    "open": _("to be answered"),
    "mixed": _("Not one question"),
    "unneeded": _("Not needed"),
}
SCOPES: Final[Words] = {
    "read": _("see cases, conversations, answers and commitments"),
    "work": _("assign, note, decide, let stand, close"),
    "reply": _("answer in public in your name"),
    "records": _("see the record"),
}
SEVERITIES: Final[Words] = {
    "stop": _("Holds the reply"),
    "warn": _("Should change"),
    "note": _("Worth a thought"),
}
TOPICS: Final[Words] = {
    "cases": _("cases and notes"),
    "replies": _("replies and whether they arrived"),
    "answers": _("approved answers"),
    "commitments": _("commitments"),
    "posts": _("posts that come in, change or go"),
    "settings": _("settings, people, channels, keys"),
}
PROPOSALS: Final[Words] = {
    "waiting": _("waits for the worker"),
    "at_work": _("being tried"),
    "failed": _("the try broke"),
    "nothing": _("nothing to gain"),
    "ready": _("waits for your decision"),
    "declined": _("set aside"),
    "accepted": _("in force"),
    "replaced": _("replaced by a later one"),
    "reverted": _("taken back"),
}
FIGURES: Final[Words] = {
    "corrections": _("Posts you corrected"),
    "kept": _("Posts you left as labelled"),
    "suite": _("Built-in suite"),
    "grave": _("Emergencies and removable posts in the suite"),
}
ROLES: Final[Words] = {
    "viewer": _("viewer"),
    "writer": _("writer"),
    "records": _("records officer"),
    "administrator": _("administrator"),
}
ROLES_MAY: Final[Words] = {
    "viewer": _("sees posts, issues and incidents, and changes nothing"),
    "writer": _("works on posts, answers in the agency’s name, declares incidents, approves"),
    "records": _("works on posts without answering; sees and proves the record"),
    "administrator": _("all of that, and settings, channels and people"),
}
WEEKDAYS: Final[Words] = {
    "monday": _("Monday"),
    "tuesday": _("Tuesday"),
    "wednesday": _("Wednesday"),
    "thursday": _("Thursday"),
    "friday": _("Friday"),
    "saturday": _("Saturday"),
    "sunday": _("Sunday"),
}


def of(table: Words, term: str) -> str:
    """The words for a term; the term itself where there are none."""
    return str(table.get(term, term))


WAITING_ON: Final[Words] = {
    "author": _("the author"),
    "research": _("research"),
}
# What ended a clock.
ENDED_BY: Final[Words] = {
    "reply": _("by a reply"),
    "holding": _("by a holding reply"),
    "stood": _("let stand, no answer needed"),
    "closed": _("closed without a reply"),
}
ALERTS: Final[Words] = {
    "life": _("A life may be at stake"),
    "clock_soon": _("Answers are due soon"),
    "clock_out": _("Answers are late"),
    "approval": _("A reply waits for approval"),
    "declared": _("An incident was declared"),
    "word_soon": _("The next word is due soon"),
    "word_out": _("The promised word did not come"),
}
ALERT_STATES: Final[Words] = {
    "open": _("nobody has answered yet"),
    "acknowledged": _("somebody sees to it"),
    "over": _("dealt with before anybody answered"),
    "unanswered": _("everybody was called, nobody answered"),
    "nobody": _("nobody was rung: no place to call"),
}
RINGS: Final[Words] = {
    "queued": _("is being called"),
    "sending": _("is being called"),
    "sent": _("called"),
    "failed": _("could not be called"),
    "unclear": _("perhaps called"),
    "withdrawn": _("not called any more"),
}
