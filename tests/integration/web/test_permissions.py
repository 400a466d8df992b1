"""Who may open which address: every address has a row, and a new one without a row fails."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from levelhead.accounts.domain import Role
from levelhead.accounts.models import User
from levelhead.approvals.models import ApprovalRequest, ApprovalRule
from levelhead.channels.models import OutboxItem
from levelhead.commitments.actions import add_commitment
from levelhead.drafts.several import start_draft
from levelhead.inbox.choice import Choice
from levelhead.inbox.models import Case
from levelhead.incidents.actions import declare
from levelhead.incidents.domain import IncidentKind
from levelhead.issues.actions import open_issue
from levelhead.kernel import clock
from levelhead.knowledge.actions import write_answer
from levelhead.ledger.actions import add_fact as write_fact
from levelhead.pictures.keeping import keep_picture
from levelhead.presence.models import Presence
from levelhead.replies.actions import send_reply
from levelhead.replies.models import Reply
from levelhead.research.answering import answer_by_link
from levelhead.research.links import link_token
from levelhead.teamwork.models import SavedView
from levelhead.teamwork.saving import save_view
from tests.base import DeskTestCase
from tests.integration.knowledge.answering import Answering
from tests.integration.research.asking import Asking
from tests.integration.topics.talking import Talking
from tests.integration.updates.drawing import street_map

PEOPLE = ("signed out", "outsider", "viewer", "writer", "records", "administrator")
LOGIN, MISSING, NO, YES, MOVED, BAD, CONFLICT = "login", 404, 403, 200, 302, 400, 409


@dataclass(frozen=True)
class Row:
    """What each of PEOPLE gets, in their order."""

    expected: tuple[int | str, ...]
    method: str = "get"
    args: tuple[str, ...] = ("agency",)
    data: dict[str, str] = field(default_factory=dict)


def everybody(status: int) -> tuple[int | str, ...]:
    return (status,) * len(PEOPLE)


READ = (LOGIN, MISSING, YES, YES, YES, YES)
POST_OF_CASE = ("agency", "post")
COMMITTED = ("agency", "commitment")
NUMBERED = ("agency", "number")
ANSWER = ("agency", "answer")
TOPIC = ("agency", "topic")
ISSUE = ("agency", "issue")
# A part of an issue that is not there.
PART = ("agency", "issue", "number")
INCIDENT = ("agency", "incident")
FACT = ("agency", "incident", "fact")
QUESTION = ("agency", "question")
VIEW = ("agency", "view")
DRAFT = ("agency", "draft")
OWN_DRAFT = (LOGIN, MISSING, NO, MOVED, NO, MISSING)
RULE = ("agency", "rule")
# One of Rita's that waits for an administrator; nobody else may decide.
APPROVAL = ("agency", "approval")
DECIDE = (LOGIN, MISSING, NO, NO, NO, MOVED)
OWN_VIEW = (LOGIN, MISSING, MISSING, MOVED, MISSING, MISSING)
WRITE = (LOGIN, MISSING, NO, YES, NO, YES)
WORK_BAD = (LOGIN, MISSING, NO, BAD, BAD, BAD)
WORK_LATE = (LOGIN, MISSING, NO, CONFLICT, CONFLICT, CONFLICT)
WORK_DONE = (LOGIN, MISSING, NO, MOVED, MOVED, MOVED)
# There is none of that number: those who may are told so.
NONE_SUCH = (LOGIN, MISSING, NO, MISSING, MISSING, MISSING)
READ_DONE = (LOGIN, MISSING, MOVED, MOVED, MOVED, MOVED)
NOT_OURS = (LOGIN, MISSING, MISSING, MISSING, MISSING, MISSING)
MANAGE_DONE = (LOGIN, MISSING, NO, NO, NO, MOVED)
REPLY_NONE = (LOGIN, MISSING, NO, MISSING, NO, MISSING)
REPLY_DONE = (LOGIN, MISSING, NO, MOVED, NO, MOVED)
REPLY_BAD = (LOGIN, MISSING, NO, BAD, NO, BAD)
NO_SUCH_REPLY = (LOGIN, MISSING, NO, MISSING, NO, MISSING)

MATRIX: dict[str, Row] = {
    "health": Row(everybody(YES), args=()),
    # From elsewhere than this machine: for who manages an agency, and of that agency only.
    "metrics": Row((NO, YES, NO, NO, NO, YES), args=()),
    "home": Row((LOGIN, MOVED, MOVED, MOVED, MOVED, MOVED), args=()),
    "own-password": Row((LOGIN, YES, YES, YES, YES, YES), args=()),
    "people": Row((LOGIN, MISSING, NO, NO, NO, YES)),
    "person-add": Row((LOGIN, MISSING, NO, NO, NO, BAD), method="post"),
    "person-role": Row(
        (LOGIN, MISSING, NO, NO, NO, MISSING), method="post", args=("agency", "stranger")
    ),
    "person-end": Row(
        (LOGIN, MISSING, NO, NO, NO, MISSING), method="post", args=("agency", "stranger")
    ),
    "person-back": Row(
        (LOGIN, MISSING, NO, NO, NO, MISSING), method="post", args=("agency", "stranger")
    ),
    "person-password": Row(
        (LOGIN, MISSING, NO, NO, NO, MISSING), method="post", args=("agency", "stranger")
    ),
    "me": Row((LOGIN, YES, YES, YES, YES, YES), args=()),
    "account_login": Row((YES, MOVED, MOVED, MOVED, MOVED, MOVED), args=()),
    "account_logout": Row((MOVED, YES, YES, YES, YES, YES), args=()),
    "account_inactive": Row(everybody(YES), args=()),
    "account_signup": Row(everybody(NO), args=()),
    # Signed by the platform, not by a person: without a signature nobody gets in.
    "hook": Row(everybody(401), method="post", args=("channel",)),
    "agency": Row((LOGIN, MISSING, MOVED, MOVED, MOVED, MOVED)),
    "strip": Row(READ),
    "inbox": Row(READ),
    "conversation": Row(READ, args=POST_OF_CASE),
    "channels": Row(READ),
    "records": Row((LOGIN, MISSING, NO, NO, YES, YES)),
    "agency-settings": Row((LOGIN, MISSING, NO, NO, NO, YES)),
    "learning": Row((LOGIN, MISSING, NO, NO, NO, YES)),
    # Nothing to learn from, nothing to decide on: the page says so to those who may.
    "learning-try": Row((LOGIN, MISSING, NO, NO, NO, BAD), method="post"),
    "learning-revert": Row((LOGIN, MISSING, NO, NO, NO, CONFLICT), method="post"),
    "learning-accept": Row((LOGIN, MISSING, NO, NO, NO, BAD), method="post", args=NUMBERED),
    "learning-decline": Row((LOGIN, MISSING, NO, NO, NO, BAD), method="post", args=NUMBERED),
    "api-tokens": Row((LOGIN, MISSING, NO, NO, NO, YES)),
    "api-token-revoke": Row((LOGIN, MISSING, NO, NO, NO, MISSING), method="post", args=NUMBERED),
    "webhooks": Row((LOGIN, MISSING, NO, NO, NO, YES)),
    "webhook-pause": Row((LOGIN, MISSING, NO, NO, NO, MISSING), method="post", args=NUMBERED),
    "webhook-resume": Row((LOGIN, MISSING, NO, NO, NO, MISSING), method="post", args=NUMBERED),
    "webhook-remove": Row((LOGIN, MISSING, NO, NO, NO, MISSING), method="post", args=NUMBERED),
    "knowledge": Row(READ),
    "answer-new": Row(WRITE),
    "answer": Row(READ, args=ANSWER),
    "answer-edit": Row(WRITE, args=ANSWER),
    # Written by Alice, so that she may not approve it herself.
    "answer-approve": Row(
        (LOGIN, MISSING, NO, BAD, NO, MOVED),
        method="post",
        args=ANSWER,
        data={"version": "1", "review_on": "soon"},
    ),
    "answer-retire": Row(REPLY_DONE, method="post", args=ANSWER, data={"version": "1"}),
    "answer-still-true": Row(
        (LOGIN, MISSING, NO, BAD, NO, BAD), method="post", args=ANSWER, data={"version": "1"}
    ),
    "asked": Row(READ),
    # None is asked: those who may are told so.
    "asked-one": Row((LOGIN, MISSING, MISSING, MISSING, MISSING, MISSING), args=NUMBERED),
    "asked-aside": Row(REPLY_NONE, method="post", args=NUMBERED),
    "asked-back": Row(REPLY_NONE, method="post", args=NUMBERED),
    "asked-part": Row(REPLY_NONE, method="post", args=NUMBERED),
    "own-posts": Row(READ),
    "own-post": Row((LOGIN, MISSING, MISSING, MISSING, MISSING, MISSING), args=NUMBERED),
    # A draft is not said to everybody: back to its page.
    "own-post-say": Row(REPLY_DONE, args=ANSWER),
    "own-post-withdraw": Row(REPLY_NONE, method="post", args=NUMBERED),
    "own-post-retry": Row(REPLY_NONE, method="post", args=NUMBERED),
    "own-post-give-up": Row(REPLY_NONE, method="post", args=NUMBERED),
    "today": Row(READ),
    "today-part": Row(READ, args=("agency", "section")),
    "today-let-stand": Row((LOGIN, MISSING, NO, BAD, BAD, BAD), method="post"),
    "today-undo": Row((LOGIN, MISSING, NO, BAD, BAD, BAD), method="post"),
    "views": Row(READ),
    # Without a filter to keep there is nothing wrong: the view holds what the list shows.
    "view-save": Row(
        (LOGIN, MISSING, MOVED, MOVED, MOVED, MOVED), method="post", data={"name": "x"}
    ),
    # Alice's own: nobody else has it.
    "view-change": Row(OWN_VIEW, method="post", args=VIEW, data={"name": "y"}),
    "view-delete": Row(OWN_VIEW, method="post", args=VIEW),
    "view-restore": Row(OWN_VIEW, method="post", args=VIEW),
    "let-stand": Row(WORK_DONE, method="post"),
    "assign-many": Row(WORK_DONE, method="post"),
    "label-many": Row(WORK_DONE, method="post"),
    "undo-many": Row(WORK_DONE, method="post"),
    "like": Row(READ, args=("agency", "number")),
    "undo-let-stand": Row(WORK_DONE, method="post"),
    # Without a post to join: back to the list.
    "join": Row(WORK_DONE),
    "join-undo": Row(NONE_SUCH, method="post", args=NUMBERED),
    "join-apart": Row(NONE_SUCH, args=NUMBERED),
    "split": Row((LOGIN, MISSING, NO, YES, YES, YES), args=POST_OF_CASE),
    "split-undo": Row(NONE_SUCH, method="post", args=NUMBERED),
    "split-back": Row(NONE_SUCH, args=NUMBERED),
    "assign": Row(WORK_DONE, method="post", args=POST_OF_CASE),
    "decide": Row(
        WORK_DONE, method="post", args=POST_OF_CASE, data={"label": "press", "reason": "asked"}
    ),
    "note": Row(WORK_DONE, method="post", args=POST_OF_CASE, data={"note": "called them"}),
    # Of a note that is not there.
    "note-edit": Row(NONE_SUCH, args=("agency", "post", "number")),
    "notes": Row(READ, args=POST_OF_CASE),
    "notifications": Row(READ),
    "notifications-read-all": Row(READ_DONE, method="post"),
    "notifications-unread-all": Row(READ_DONE, method="post"),
    "notification-preferences": Row(READ),
    "notification-duty": Row(MANAGE_DONE, method="post"),
    # Everybody has their own only.
    "notification": Row(NOT_OURS, args=NUMBERED),
    "notification-read": Row(NOT_OURS, method="post", args=NUMBERED),
    "notification-again": Row(NOT_OURS, method="post", args=NUMBERED),
    "handovers": Row(READ),
    "handover-new": Row((LOGIN, MISSING, NO, YES, YES, YES)),
    "handover": Row(NOT_OURS, args=NUMBERED),
    "handover-take": Row(NONE_SUCH, method="post", args=NUMBERED),
    "handover-withdraw": Row(NONE_SUCH, method="post", args=NUMBERED),
    "snooze": Row(WORK_DONE, method="post", args=POST_OF_CASE, data={"preset": "monday"}),
    # Awake already: the page says so to those who may.
    "wake": Row((LOGIN, MISSING, NO, BAD, BAD, BAD), method="post", args=POST_OF_CASE),
    "close": Row(WORK_DONE, method="post", args=POST_OF_CASE, data={"reason": "by phone"}),
    # Open already: the page says so to those who may.
    "reopen": Row((LOGIN, MISSING, NO, BAD, BAD, BAD), method="post", args=POST_OF_CASE),
    "reply": Row(
        REPLY_DONE, method="post", args=POST_OF_CASE, data={"text": "At 8.", "form_token": "t"}
    ),
    "reply-check": Row(
        (LOGIN, MISSING, NO, YES, NO, YES), method="post", args=POST_OF_CASE, data={"text": "Hi"}
    ),
    "reply-withdraw": Row(REPLY_DONE, method="post", args=("agency", "reply")),
    "reply-retry": Row((LOGIN, MISSING, NO, BAD, NO, BAD), method="post", args=("agency", "reply")),
    "presence": Row(READ, args=POST_OF_CASE),
    "presence-here": Row(READ, method="post", args=POST_OF_CASE),
    "presence-gone": Row((LOGIN, MISSING, 204, 204, 204, 204), method="post", args=POST_OF_CASE),
    "presence-marks": Row(READ),
    "drafts": Row((LOGIN, MISSING, NO, YES, YES, YES), args=POST_OF_CASE),
    "draft-save": Row(
        REPLY_DONE, method="post", args=POST_OF_CASE, data={"text": "At 8.", "form_token": "t"}
    ),
    "draft-new": Row(REPLY_DONE, method="post", args=POST_OF_CASE),
    "pen-take-over": Row(REPLY_DONE, method="post", args=POST_OF_CASE),
    # Alice's own: nobody else has it, but everybody who replies may copy it.
    "draft-open": Row(OWN_DRAFT, method="post", args=DRAFT),
    "draft-delete": Row(OWN_DRAFT, method="post", args=DRAFT),
    "draft-restore": Row(OWN_DRAFT, method="post", args=DRAFT),
    "draft-copy": Row(REPLY_DONE, method="post", args=DRAFT),
    # There is no such version.
    "draft-version": Row(
        (LOGIN, MISSING, NO, MISSING, NO, MISSING), method="post", args=DRAFT, data={"number": "9"}
    ),
    "reply-sending": Row((LOGIN, MISSING, NO, NO, NO, YES)),
    "scheduled": Row(READ),
    # Without a reason.
    "scheduled-freeze": Row(REPLY_BAD, method="post"),
    "scheduled-release": Row(REPLY_DONE, method="post"),
    "scheduled-now": Row(NO_SUCH_REPLY, method="post", args=NUMBERED),
    "scheduled-take-back": Row(NO_SUCH_REPLY, method="post", args=NUMBERED),
    "scheduled-time": Row(NO_SUCH_REPLY, method="post", args=NUMBERED),
    "unsent": Row(READ),
    # Not one that failed.
    "unsent-retry": Row(REPLY_BAD, method="post", args=("agency", "reply")),
    "reply-give-up": Row(
        REPLY_BAD, method="post", args=("agency", "reply"), data={"reason": "by phone"}
    ),
    "topics": Row(READ),
    "topic": Row(READ, args=TOPIC),
    "topic-ordinary": Row(WORK_DONE, method="post", args=TOPIC),
    # It counts already.
    "topic-again": Row(WORK_LATE, method="post", args=TOPIC),
    "issues": Row(READ),
    "issue": Row(READ, args=ISSUE),
    "issue-fact-sheet": Row(READ, args=ISSUE),
    "issue-new": Row((LOGIN, MISSING, NO, YES, YES, YES)),
    "issue-test": Row((LOGIN, MISSING, NO, YES, YES, YES), args=ISSUE),
    "issue-rename": Row(WORK_DONE, method="post", args=ISSUE, data={"name": "Drones"}),
    "issue-level": Row(
        WORK_DONE, method="post", args=ISSUE, data={"level": "2", "level_why": "asked"}
    ),
    "issue-give": Row(WORK_BAD, method="post", args=ISSUE, data={"owner": "0"}),
    "issue-findings": Row(WORK_DONE, method="post", args=ISSUE),
    "issue-add-fact": Row(
        WORK_DONE, method="post", args=ISSUE, data={"fact": "It flies", "source": "x"}
    ),
    "issue-add-theme": Row(WORK_DONE, method="post", args=ISSUE, data={"theme": "Noise"}),
    # Without root cause; and not closed.
    "issue-close": Row(WORK_BAD, method="post", args=ISSUE, data={"close_why": "quiet"}),
    "issue-reopen": Row(WORK_LATE, method="post", args=ISSUE, data={"again": "back"}),
    "issue-approve-fact": Row(WORK_BAD, method="post", args=PART),
    "issue-withdraw-fact": Row(WORK_BAD, method="post", args=PART, data={"fact_why": "x"}),
    "issue-drop-theme": Row(WORK_LATE, method="post", args=PART),
    "issue-topic-out": Row(WORK_LATE, method="post", args=PART),
    "issue-conversation-out": Row(WORK_LATE, method="post", args=PART),
    # No issue is chosen: the page says so.
    "issue-add-topic": Row(WORK_DONE, method="post", args=TOPIC),
    "issue-add-conversation": Row(WORK_BAD, method="post", args=POST_OF_CASE),
    "incidents": Row(READ),
    "incident-declare": Row(WRITE),
    "incident": Row(READ, args=INCIDENT),
    "incident-log": Row(READ, args=INCIDENT),
    "incident-log-csv": Row(READ, args=INCIDENT),
    "incident-level": Row(
        REPLY_DONE,
        method="post",
        args=INCIDENT,
        data={"level": "3", "level_why": "less", "version": "1"},
    ),
    "incident-name": Row(REPLY_DONE, method="post", args=INCIDENT, data={"title": "Fire"}),
    "incident-over": Row(
        REPLY_DONE, method="post", args=INCIDENT, data={"over_why": "done", "sure": "yes"}
    ),
    "incident-again": Row(REPLY_DONE, method="post", args=INCIDENT, data={"again_why": "more"}),
    # No colleague is chosen.
    "incident-role": Row(WORK_BAD, method="post", args=INCIDENT, data={"role": "lead"}),
    "incident-note": Row(WORK_DONE, method="post", args=INCIDENT, data={"note": "seen"}),
    "incident-release": Row(
        (LOGIN, MISSING, NO, MISSING, NO, MISSING),
        method="post",
        args=("agency", "incident", "number"),
    ),
    "incident-invite": Row(REPLY_BAD, method="post", args=INCIDENT, data={"agency": "nobody"}),
    "incident-guest-end": Row(NONE_SUCH, method="post", args=("agency", "incident", "number")),
    "incident-join": Row(NONE_SUCH, method="post", args=NUMBERED),
    "facts": Row(READ, args=INCIDENT),
    "fact-add": Row((LOGIN, MISSING, NO, YES, YES, YES), args=INCIDENT),
    "fact": Row(READ, args=FACT),
    # Of a fact that Alice added.
    "fact-confirm": Row(WORK_DONE, method="post", args=FACT, data={"version": "1", "how": "saw"}),
    "fact-change": Row(
        WORK_DONE,
        method="post",
        args=FACT,
        data={"version": "1", "text": "Closed.", "change_why": "x"},
    ),
    "fact-false": Row(
        WORK_DONE, method="post", args=FACT, data={"version": "1", "false_why": "saw"}
    ),
    "fact-supersede": Row(WORK_BAD, method="post", args=FACT, data={"version": "1"}),
    "fact-recheck": Row(
        WORK_BAD, method="post", args=FACT, data={"version": "1", "again_how": "saw"}
    ),
    "update-write": Row(WRITE, args=INCIDENT),
    "update-picture": Row(READ, args=("agency", "incident", "picture")),
    "update": Row(NOT_OURS, args=("agency", "incident", "number")),
    "update-retry": Row(REPLY_NONE, method="post", args=("agency", "incident", "number")),
    "incident-channels": Row(READ, args=INCIDENT),
    "receipt-retry": Row(REPLY_NONE, method="post", args=("agency", "incident", "number")),
    "receipt-without": Row(REPLY_NONE, method="post", args=("agency", "incident", "number")),
    "receipt-after-all": Row(REPLY_NONE, method="post", args=("agency", "incident", "number")),
    "after-action": Row(READ, args=INCIDENT),
    "after-action-csv": Row(READ, args=INCIDENT),
    "after-action-pdf": Row(READ, args=INCIDENT),
    # No colleague is chosen.
    "after-action-lesson": Row(WORK_BAD, method="post", args=INCIDENT, data={"text": "Sooner."}),
    "corrections": Row(READ, args=INCIDENT),
    "correct-replies": Row(REPLY_BAD, method="post", args=INCIDENT),
    "correction-send": Row(REPLY_NONE, method="post", args=NUMBERED),
    "correction-settle": Row(REPLY_NONE, method="post", args=NUMBERED),
    "rumors": Row(READ, args=INCIDENT),
    "rumor-add": Row(WORK_BAD, method="post", args=INCIDENT),
    "rumor-from-post": Row(NONE_SUCH, method="post", args=POST_OF_CASE),
    "rumor": Row(NOT_OURS, args=NUMBERED),
    "rumor-link": Row(NONE_SUCH, method="post", args=NUMBERED),
    "rumor-unlink": Row(NONE_SUCH, method="post", args=NUMBERED),
    "rumor-change": Row(NONE_SUCH, method="post", args=NUMBERED),
    "rumor-answer": Row(REPLY_NONE, method="post", args=NUMBERED),
    # Signed for whoever is called; this one is not.
    "alert-link": Row(everybody(MISSING), args=("token",)),
    "alerts": Row(READ),
    "alert-acknowledge": Row(NONE_SUCH, method="post", args=NUMBERED),
    "shift-add": Row(WORK_DONE, method="post"),
    "shift-end": Row(NONE_SUCH, method="post", args=NUMBERED),
    "alert-settings": Row((LOGIN, MISSING, NO, NO, NO, YES)),
    "alert-rules": Row(MANAGE_DONE, method="post", data={"life": "5", "clock": "30"}),
    "alert-person": Row(MANAGE_DONE, method="post"),
    "target-add": Row(MANAGE_DONE, method="post"),
    "target-remove": Row((LOGIN, MISSING, NO, NO, NO, MISSING), method="post", args=NUMBERED),
    "target-try": Row((LOGIN, MISSING, NO, NO, NO, MISSING), method="post", args=NUMBERED),
    "clocks": Row(READ),
    "clocks-csv": Row(READ),
    "clock-pause": Row(
        WORK_DONE,
        method="post",
        args=POST_OF_CASE,
        data={"waiting_on": "author", "until": f"{clock.now() + timedelta(days=3):%Y-%m-%dT%H:%M}"},
    ),
    # It runs already: the page says so to those who may.
    "clock-resume": Row((LOGIN, MISSING, NO, BAD, BAD, BAD), method="post", args=POST_OF_CASE),
    "approvals": Row(READ),
    "approval": Row(READ, args=APPROVAL),
    "approval-approve": Row(DECIDE, method="post", args=APPROVAL),
    "approval-send-back": Row(DECIDE, method="post", args=APPROVAL, data={"reason": "shorter"}),
    "approval-take-back": Row((LOGIN, MISSING, NO, NO, MOVED, MOVED), method="post", args=APPROVAL),
    # Nothing was decided yet, and nothing went without asking.
    "approval-undo": Row(
        (LOGIN, MISSING, CONFLICT, CONFLICT, CONFLICT, CONFLICT), method="post", args=APPROVAL
    ),
    "approval-see": Row(
        (LOGIN, MISSING, CONFLICT, CONFLICT, CONFLICT, CONFLICT), method="post", args=APPROVAL
    ),
    "approval-rules": Row((LOGIN, MISSING, NO, NO, NO, YES)),
    "approval-rule-new": Row((LOGIN, MISSING, NO, NO, NO, YES)),
    "approval-rule": Row((LOGIN, MISSING, NO, NO, NO, YES), args=RULE),
    "approval-rule-switch": Row(MANAGE_DONE, method="post", args=RULE, data={"on": "no"}),
    "approval-counsel": Row(MANAGE_DONE, method="post"),
    "commitments": Row(READ),
    "commitment": Row(READ, args=COMMITTED),
    # An open one is not asked about any more: the page says so to those who may.
    "commitment-accept": Row(
        (LOGIN, MISSING, NO, BAD, BAD, BAD), method="post", args=COMMITTED, data={"what": "x"}
    ),
    "commitment-refuse": Row(
        (LOGIN, MISSING, NO, CONFLICT, CONFLICT, CONFLICT), method="post", args=COMMITTED
    ),
    "commitment-keep": Row(WORK_DONE, method="post", args=COMMITTED, data={"evidence": "seen"}),
    "commitment-drop": Row(WORK_DONE, method="post", args=COMMITTED, data={"reason": "sold"}),
    "commitment-reopen": Row(
        (LOGIN, MISSING, NO, CONFLICT, CONFLICT, CONFLICT),
        method="post",
        args=COMMITTED,
        data={"again": "x"},
    ),
    "commitment-give": Row(
        (LOGIN, MISSING, NO, BAD, BAD, BAD), method="post", args=COMMITTED, data={"owner": "0"}
    ),
    "commitment-due": Row(WORK_DONE, method="post", args=COMMITTED, data={"why": "rain"}),
    "commitment-add": Row(
        (LOGIN, MISSING, NO, BAD, BAD, BAD), method="post", args=POST_OF_CASE, data={"what": "x"}
    ),
    "promises": Row(everybody(MISSING)),
    # For everybody, where something was said in public: here nothing was.
    "public-front": Row(everybody(MISSING)),
    "public-file": Row(everybody(MISSING), args=("agency", "rest")),
    "subscribe": Row(
        everybody(MISSING), method="post", args=("agency", "slug"), data={"email": "x"}
    ),
    "subscribe-confirm": Row(everybody(MISSING), method="post", args=("agency", "slug", "token")),
    "unsubscribe": Row(everybody(MISSING), method="post", args=("agency", "slug", "token")),
    "register-turn": Row((LOGIN, MISSING, NO, NO, NO, MOVED), method="post"),
    "commitment-publish": Row(
        REPLY_DONE, method="post", args=COMMITTED, data={"public_text": "Mow the park"}
    ),
    "commitment-unpublish": Row(REPLY_DONE, method="post", args=COMMITTED),
    # The token in the address lets in whoever has it.
    "ask": Row(everybody(YES), args=("token",)),
    "research": Row(READ),
    # Nothing is asked while it is off: the page says so to those who may.
    "drafting-ask": Row(REPLY_BAD, method="post", args=POST_OF_CASE),
    "drafting-look": Row(REPLY_DONE, args=POST_OF_CASE),
    "drafting-cancel": Row(REPLY_NONE, method="post", args=NUMBERED),
    "drafting-settings": Row((LOGIN, MISSING, NO, NO, NO, YES)),
    "drafting-try": Row((LOGIN, MISSING, NO, NO, NO, BAD), method="post"),
    "reply-posting": Row((LOGIN, MISSING, NO, NO, NO, YES)),
    "research-policy": Row((LOGIN, MISSING, NO, NO, NO, YES)),
    "question": Row(READ, args=QUESTION),
    "question-file": Row(READ, args=("agency", "file")),
    "question-ask": Row(
        (LOGIN, MISSING, NO, BAD, BAD, BAD), method="post", args=POST_OF_CASE, data={"day": "x"}
    ),
    "question-withdraw": Row(WORK_DONE, method="post", args=QUESTION, data={"reason": "found"}),
    "question-revoke": Row(WORK_DONE, method="post", args=QUESTION),
    "question-renew": Row(WORK_DONE, method="post", args=QUESTION),
    "question-pass-on": Row(
        WORK_DONE, method="post", args=QUESTION, data={"to_email": "other@example.gov"}
    ),
    # Without mail, without a reason, without an answer: the page says so to those who may.
    "question-remind": Row((LOGIN, MISSING, NO, BAD, BAD, BAD), method="post", args=QUESTION),
    "question-due": Row((LOGIN, MISSING, NO, BAD, BAD, BAD), method="post", args=QUESTION),
    "question-again": Row((LOGIN, MISSING, NO, BAD, BAD, BAD), method="post", args=QUESTION),
    "question-mail": Row((LOGIN, MISSING, NO, BAD, BAD, BAD), method="post", args=QUESTION),
    "question-release": Row(
        (LOGIN, MISSING, NO, CONFLICT, NO, CONFLICT),
        method="post",
        args=QUESTION,
        data={"text": "x"},
    ),
    "question-unrelease": Row(
        (LOGIN, MISSING, NO, CONFLICT, NO, CONFLICT), method="post", args=QUESTION
    ),
    "commitment-draft": Row(
        (LOGIN, MISSING, NO, YES, NO, YES), method="post", args=POST_OF_CASE, data={"text": "Hi"}
    ),
}


def all_names(resolver: URLResolver | None = None) -> set[str]:
    """The name of every address; an address without a name is an error."""
    names = set()
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            # Programs come with keys, and have a matrix of their own.
            names |= set() if pattern.namespace == "api" else all_names(pattern)
        else:
            assert isinstance(pattern, URLPattern)
            assert pattern.name, f"{pattern.pattern} has no name"
            names.add(pattern.name)
    return names


class PermissionTest(Answering, Talking, Asking, DeskTestCase):
    rita: ClassVar[User]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.rita = cls._person(cls.agency, "rita", Role.RECORDS)

    def setUp(self) -> None:
        super().setUp()
        # A folder of its own: other tests publish pages of an agency of the same name.
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="levelhead-matrix-"))
        environment = replace(settings.ENVIRONMENT, data=Path(folder))
        self.enterContext(override_settings(ENVIRONMENT=environment))
        self.people: dict[str, User | None] = {
            "signed out": None,
            "outsider": self.charlie,
            "viewer": self.victor,
            "writer": self.alice,
            "records": self.rita,
            "administrator": self.bob,
        }

        # Names of addresses that were made so far.
        self.paths: list[str] = []

    def client_of(self, who: str) -> Client:
        client = Client()
        person = self.people[who]
        if person is not None:
            client.force_login(person)
        return client

    def path_of(self, name: str, row: Row) -> str:
        values: dict[str, object] = {
            "agency": self.agency.slug,
            "number": 1,
            "stranger": self.charlie.pk,
            "section": "needs",
            "token": "x",
            "slug": "1-none",
            "rest": "1-none/",
        }
        if "post" in row.args or "reply" in row.args:
            case = self.file_case(text="When does the front desk open?")
            values["post"] = case.pk
            if "reply" in row.args:
                values["reply"] = send_reply(
                    case=case, text="At 8.", by=self.alice, form_token=f"form-{case.pk}",
                    expected_version=None,
                ).pk  # fmt: skip
        if "view" in row.args:
            values["view"] = save_view(
                agency=self.agency, name=f"Mine {len(self.paths)}", choice=Choice(), shared=False,
                by=self.alice,
            ).pk  # fmt: skip
            SavedView.objects.exclude(pk=values["view"]).delete()
        if "answer" in row.args:
            values["answer"] = self.write().pk
        if "draft" in row.args:
            values["draft"] = start_draft(
                case=self.file_case(text="When will you mow?"), by=self.alice
            ).pk
        if "commitment" in row.args:
            values["commitment"] = add_commitment(
                case=self.file_case(text="When will you mow?"), what="Mow", due_at=None,
                owner=self.alice, by=self.alice,
            ).pk  # fmt: skip
        if "topic" in row.args:
            values["topic"] = self.make_topic().pk
        if "issue" in row.args:
            values["issue"] = open_issue(
                agency_id=self.agency.pk, name="Noise", owner=self.alice, by=self.alice
            ).pk
        if "incident" in row.args:
            incident = declare(
                agency=self.agency, kind=IncidentKind.FIRE, title="Fire", why="Smoke",
                by=self.alice, form_token=f"i{len(self.paths)}",
            )  # fmt: skip
            values["incident"] = incident.pk
            if "fact" in row.args:
                values["fact"] = write_fact(incident=incident, text="Open.", by=self.alice).pk
            if "picture" in row.args:
                values["picture"] = keep_picture(
                    agency=self.agency, given=io.BytesIO(street_map()), by=self.alice
                ).pk
        if "rule" in row.args:
            values["rule"] = self.make_rule().pk
        if "approval" in row.args:
            asked = ApprovalRequest.objects.create(
                agency=self.agency, case=self.file_case(text="When do you open?"),
                author=self.rita, text="At 8.", sending_token=f"t{len(self.paths)}",
                post_revision=1, case_state="open",
            )  # fmt: skip
            rule = self.make_rule()
            asked.demands.create(
                agency=self.agency, rule=rule, rule_version=1, name=rule.name,
                who="ability:manage", then="ability:manage",
            )  # fmt: skip
            values["approval"] = asked.pk
        if {"question", "token", "file"} & set(row.args):
            asked = self.ask()
            values["question"] = asked.pk
            values["token"] = link_token(asked.pk, asked.link_number)
            if "file" in row.args:
                sent = [SimpleUploadedFile("log.pdf", b"%PDF-1.7")]
                answer_by_link(request=asked, link_number=1, text="See", files=sent)
                values["file"] = asked.files.get().pk
        if "channel" in row.args:
            hooked = self.make_channel(
                self.agency, f"Hook {Case.objects.count()} {len(self.paths)}", platform="memory"
            )
            values["channel"] = hooked.pk
        self.paths.append(name)
        return reverse(name, args=[values[arg] for arg in row.args])

    def make_rule(self) -> ApprovalRule:
        return ApprovalRule.objects.create(
            agency=self.agency, name="Everything", on=False,
            content={"who": "ability:manage", "then": "ability:manage", "when": {}},
        )  # fmt: skip

    def test_every_address_has_a_row(self) -> None:
        assert all_names() == set(MATRIX)

    def test_each_person_gets_what_the_matrix_says(self) -> None:
        for name, row in MATRIX.items():
            for who, expected in zip(PEOPLE, row.expected, strict=True):
                path = self.path_of(name, row)
                client = self.client_of(who)
                with self.subTest(name=name, who=who):
                    data = dict(row.data)
                    if data.get("review_on") == "soon":
                        data["review_on"] = (clock.now() + timedelta(days=30)).date().isoformat()
                    response = getattr(client, row.method)(path, data)
                    if expected == LOGIN:
                        assert response.status_code == 302, response.status_code
                        assert response["Location"].startswith("/accounts/login/?next=")
                    else:
                        assert response.status_code == expected, response.status_code

    def test_what_a_person_may_not_do_changes_nothing(self) -> None:
        case = self.file_case(text="When does the front desk open?")
        version = case.version
        for who in ("signed out", "outsider", "viewer"):
            client = self.client_of(who)
            for name in ("assign", "decide", "note", "close", "reply"):
                row = MATRIX[name]
                client.post(reverse(name, args=[self.agency.slug, case.pk]), row.data)
            client.post(reverse("let-stand", args=[self.agency.slug]), {"case": case.pk})
        case.refresh_from_db()
        assert case.version == version
        assert not OutboxItem.objects.exists()

    def test_objects_of_another_agency_are_not_there(self) -> None:
        theirs = self.file_case(channel_id=self.other_channel.pk, text="When do you open?")
        reply = send_reply(
            case=theirs, text="At 9.", by=self.charlie, form_token="f", expected_version=None
        )
        client = self.client_of("administrator")
        slug = self.agency.slug
        assert client.get(reverse("conversation", args=[slug, theirs.pk])).status_code == 404
        for name in ("assign", "decide", "note", "close", "reopen", "reply"):
            path = reverse(name, args=[slug, theirs.pk])
            assert client.post(path, MATRIX[name].data).status_code == 404, name
        for name in MATRIX:
            if name.startswith(("presence", "draft", "pen")) and MATRIX[name].args == POST_OF_CASE:
                path = reverse(name, args=[slug, theirs.pk])
                method = getattr(client, MATRIX[name].method)
                assert method(path, MATRIX[name].data).status_code == 404, name
        draft = start_draft(case=theirs, by=self.charlie)
        for name in ("draft-open", "draft-delete", "draft-restore", "draft-copy", "draft-version"):
            path = reverse(name, args=[slug, draft.pk])
            assert client.post(path, MATRIX[name].data).status_code == 404, name
        assert not Presence.objects.exists()
        for name in ("reply-withdraw", "reply-retry"):
            assert client.post(reverse(name, args=[slug, reply.pk])).status_code == 404, name
        answer = write_answer(
            agency=self.other_agency, fields=self.fields(), owner=self.charlie, by=self.charlie
        )
        for name in ("answer", "answer-edit"):
            assert client.get(reverse(name, args=[slug, answer.pk])).status_code == 404, name
        for name in ("answer-edit", "answer-approve", "answer-retire"):
            path = reverse(name, args=[slug, answer.pk])
            assert client.post(path, {"version": "1"}).status_code == 404, name
        promised = add_commitment(
            case=theirs, what="Mow", due_at=None, owner=self.charlie, by=self.charlie
        )
        assert client.get(reverse("commitment", args=[slug, promised.pk])).status_code == 404
        for name in MATRIX:
            if MATRIX[name].args == COMMITTED and MATRIX[name].method == "post":
                path = reverse(name, args=[slug, promised.pk])
                assert client.post(path, MATRIX[name].data).status_code == 404, name
        for name in ("commitment-add", "commitment-draft"):
            path = reverse(name, args=[slug, theirs.pk])
            assert client.post(path, MATRIX[name].data).status_code == 404, name
        promised.refresh_from_db()
        assert promised.version == 1
        client.post(reverse("let-stand", args=[slug]), {"case": theirs.pk})
        theirs.refresh_from_db()
        assert theirs.state == "answering"
        assert Reply.objects.get().outbox_item.state == "queued"
        page = client.get(reverse("inbox", args=[slug]), {"view": "all", "q": "open"})
        assert str(theirs.pk) not in page.content.decode()

    def test_an_unknown_agency_looks_like_one_that_is_not_ours(self) -> None:
        client = self.client_of("writer")
        unknown = client.get("/nowhere/inbox/")
        foreign = client.get(f"/{self.other_agency.slug}/inbox/")
        assert unknown.status_code == foreign.status_code == 404
        assert self.other_agency.name not in foreign.content.decode()

    def test_a_member_who_left_is_an_outsider(self) -> None:
        self.alice.memberships.update(active=False)
        assert self.client_of("writer").get("/riverton/inbox/").status_code == 404
