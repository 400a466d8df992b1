"""Two people on one case, in any order: plans drawn from a seed, and what must hold after each.

A plan is a list of steps. `ClientDesk` does them with two sessions against the real views and the
real outbox; the browser test does some of them in two real windows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

from django.test import Client
from django.urls import reverse

from levelhead.accounts.models import User
from levelhead.channels import outbox
from levelhead.channels.accounts import account_of
from levelhead.channels.models import OutboxItem, OutboxState
from levelhead.connectors.memory import MemoryPlatform, platform_of
from levelhead.drafts.models import Draft, DraftVersion
from levelhead.inbox.models import Case, Note
from levelhead.kernel import clock
from levelhead.presence.actions import look_at_pen
from levelhead.presence.domain import PenState
from levelhead.replies.forms import new_reply_form
from levelhead.replies.models import Reply

STEPS = 14
# How often each action is drawn; what people do most is drawn most.
WEIGHTS = {
    "open": 4,
    "type": 12,
    "autosave": 6,
    "send": 5,
    "send_twice": 2,
    "take_over": 2,
    "take_over_and_send": 2,
    "withdraw": 3,
    "note": 2,
    "assign": 1,
    "snooze": 1,
    "close": 1,
    "reload": 3,
    "crash": 2,
    "leave": 1,
    "beat": 2,
    "silence": 2,
    "claim": 3,
    "deliver": 3,
    "trouble": 1,
    "new_draft": 1,
    "delete_draft": 1,
    "copy": 1,
    "lost_answer": 1,
    "sign_out": 1,
}


@dataclass(frozen=True)
class Step:
    """One thing that one of two people does, or that happens."""

    who: int
    action: str
    words: str


def plan(seed: int, *, steps: int = STEPS, leave_out: frozenset[str] = frozenset()) -> list[Step]:
    """The same seed gives the same steps. Both have the page open at first."""
    random = Random(seed)
    actions = [action for action in WEIGHTS if action not in leave_out]
    drawn = random.choices(actions, [WEIGHTS[action] for action in actions], k=steps)
    found = [Step(0, "open", ""), Step(1, "open", "")]
    for number, action in enumerate(drawn):
        how = random.choice(("more", "more", "more", "other"))
        found.append(Step(random.randrange(2), action, f"{how} word{seed}x{number}"))
    return found


def type_into(text: str, words: str) -> str:
    """Some people write on; some begin anew."""
    how, word = words.split(" ", 1)
    return f"{text} {word}".strip() if how == "more" else f"Instead {word}"


@dataclass
class Known:
    """What the server has said yes to: all of it must be found again."""

    texts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    # Why replies were refused, counted.
    refused: Counter[str] = field(default_factory=Counter)
    # For each reply: when its page was made, and when it was sent.
    replies: dict[int, tuple[int, int]] = field(default_factory=dict)


def assert_nothing_lost_nothing_double(case: Case, platform: Accepts, known: Known) -> None:
    """The promises, after everything was delivered that could be."""
    replies = list(Reply.objects.filter(case=case).select_related("outbox_item"))
    kept = [reply.text for reply in replies]
    drafts = Draft.objects.filter(case=case)
    kept += drafts.values_list("text", flat=True)
    kept += DraftVersion.objects.filter(draft__case=case).values_list("text", flat=True)
    for text in filter(str.strip, known.texts):
        assert any(text.strip() in one for one in kept), f"lost: {text!r}; there is {kept!r}"
    notes = Counter(Note.objects.filter(conversation=case.conversation).values_list("text", flat=1))
    assert not Counter(known.notes) - notes, "a note is lost"
    markers = {reply.outbox_item.marker: reply for reply in replies}
    for marker, reply in markers.items():
        times = platform.times[marker]
        expected = 1 if reply.outbox_item.state == OutboxState.SENT else 0
        assert times == expected, (
            f"{reply.text!r} is there {times} times, {reply.outbox_item.state}"
        )
    ordered = sorted((sent, made) for made, sent in known.replies.values())
    for (sent_before, _), (_, made) in pairwise(ordered):
        assert made > sent_before, "answered from a page that had not seen the reply before it"
    assert len(known.replies) == len(replies)
    assert Case.objects.get(pk=case.pk).state != "answering"


class Accepts:
    """Counts how often the platform was made to publish each message."""

    def __init__(self, platform: MemoryPlatform) -> None:
        self.times: Counter[str] = Counter()
        accept = platform.accept

        def counted(message: Any, *rest: Any) -> Any:
            self.times[message.marker] += 1
            return accept(message, *rest)

        platform.accept = counted  # type: ignore[method-assign]


@dataclass
class Window:
    """A page as a person has it open: what it shows, and what was typed since."""

    name: str
    made: int
    version: int
    token: str
    draft: str
    draft_version: str
    text: str


class ClientDesk:
    """Does the steps with two sessions against the real views."""

    def __init__(
        self, case: Case, people: tuple[User, User], now: clock.ManualClock, *, whole_pages: bool
    ) -> None:
        self.case, self.people, self.clock = case, people, now
        # A whole page costs forty queries; its part that tells of drafts and pen costs ten, and
        # comes from the same functions.
        self.whole_pages = whole_pages
        self.slug = case.agency.slug
        self.known = Known()
        self.clients = (Client(), Client())
        for client, person in zip(self.clients, people, strict=True):
            client.force_login(person)
        self.windows: list[Window | None] = [None, None]
        self.platform = platform_of(account_of(case.channel))
        self.accepts = Accepts(self.platform)
        self.claimed: list[OutboxItem] = []
        self.at = 0

    def run(self, steps: list[Step]) -> None:
        """Do all steps, then let everything be delivered, and look whether the promises hold."""
        for self.at, step in enumerate(steps, 1):
            self.clock.advance(timedelta(seconds=1))
            act: Callable[[int, str], None] = getattr(self, step.action)
            act(step.who, step.words)
        self.deliver(0, "")
        for _ in range(12):
            self.clock.advance(timedelta(minutes=6))
            outbox.deliver_due()
        assert_nothing_lost_nothing_double(self.case, self.accepts, self.known)

    # What people do -------------------------------------------------------------------------
    def open(self, who: int, words: str) -> None:
        if not self.whole_pages:
            self._look(who)
            return
        response = self.clients[who].get(
            self._path("conversation"), headers={"HX-Request": "true", "HX-Target": "work"}
        )
        assert response.status_code == 200
        self._show(who, response)

    def reload(self, who: int, words: str) -> None:
        self.open(who, words)

    def type(self, who: int, words: str) -> None:
        window = self.windows[who]
        if window is not None:
            window.text = type_into(window.text, words)

    def autosave(self, who: int, words: str, *, answer_lost: bool = False, **more: str) -> None:
        window = self.windows[who]
        if window is None:
            return
        response = self.clients[who].post(
            self._path("draft-save"),
            {**self._form(window), **more},
            headers={"Accept": "application/json"},
        )
        assert response.status_code == 200, response.content
        self.known.texts.append(window.text)
        if answer_lost or more:
            return
        told = response.json()
        window.draft = told["draft"] or window.draft
        window.draft_version = str(told["version"] or window.draft_version)

    def lost_answer(self, who: int, words: str) -> None:
        self.type(who, words)
        self.autosave(who, words, answer_lost=True)

    def send(self, who: int, words: str, **more: str) -> None:
        window = self.windows[who]
        if window is None:
            return
        if not window.text.strip():
            self.type(who, words)
        held = look_at_pen(self.case, self.people[who]) is PenState.THEIRS
        before = Reply.objects.count()
        response = self.clients[who].post(
            self._path("reply"),
            {**self._form(window), "all_the_same": "checked by hand", **more},
            headers={"HX-Request": "true", "HX-Target": "work"},
        )
        if response.status_code == 302:
            if Reply.objects.count() > before:
                assert not held or more, "sent while somebody else was writing"
                reply = Reply.objects.get(form_token=window.token)
                self.known.replies[reply.pk] = (window.made, self.at)
            self.known.texts.append(window.text)
            return
        assert response.status_code in (400, 409), response.status_code
        assert Reply.objects.count() == before
        self.known.refused[response.context["error"].code] += 1
        text = window.text
        self._show(who, response)
        shown = self.windows[who]
        if shown is not None:
            assert shown.text == text, "a refused reply came back without its words"
        if text.strip():
            self.known.texts.append(text)

    def send_twice(self, who: int, words: str) -> None:
        window = self.windows[who]
        self.send(who, words)
        if window is not None and self.windows[who] is window:
            self.send(who, words)

    def take_over(self, who: int, words: str) -> None:
        self._with_form(who, self._path("pen-take-over"))

    def take_over_and_send(self, who: int, words: str) -> None:
        self.send(who, words, take_over="yes")

    def new_draft(self, who: int, words: str) -> None:
        self._with_form(who, self._path("draft-new"))

    def delete_draft(self, who: int, words: str) -> None:
        window = self.windows[who]
        if window is not None and window.draft:
            self._with_form(who, reverse("draft-delete", args=[self.slug, window.draft]))

    def copy(self, who: int, words: str) -> None:
        theirs = Draft.objects.filter(case=self.case, owner=self.people[1 - who]).first()
        if theirs is not None:
            self._with_form(who, reverse("draft-copy", args=[self.slug, theirs.pk]))

    def withdraw(self, who: int, words: str) -> None:
        reply = Reply.objects.filter(case=self.case).order_by("-pk").first()
        if reply is not None:
            path = reverse("reply-withdraw", args=[self.slug, reply.pk])
            assert self.clients[who].post(path).status_code in (302, 400, 409)

    def note(self, who: int, words: str) -> None:
        response = self.clients[who].post(self._path("note"), {"note": words})
        assert response.status_code == 302
        self.known.notes.append(words)

    def assign(self, who: int, words: str) -> None:
        self._on_case(who, "assign", owner=str(self.people[who].pk))

    def snooze(self, who: int, words: str) -> None:
        self._on_case(who, "snooze", preset="hour")

    def close(self, who: int, words: str) -> None:
        self._on_case(who, "close", reason="by phone")

    def beat(self, who: int, words: str) -> None:
        window = self.windows[who]
        if window is not None:
            path = self._path("presence-here")
            assert self.clients[who].post(path, {"window": window.name}).status_code == 200

    # What happens to them -------------------------------------------------------------------
    def crash(self, who: int, words: str) -> None:
        self.windows[who] = None

    def leave(self, who: int, words: str) -> None:
        window = self.windows[who]
        if window is not None:
            self.autosave(who, words, leaving="yes")
            path = self._path("presence-gone")
            assert self.clients[who].post(path, {"window": window.name}).status_code == 204
            self.windows[who] = None

    def sign_out(self, who: int, words: str) -> None:
        self.clients[who].post("/accounts/logout/")
        self.windows[who] = None
        self.clients[who].force_login(self.people[who])

    def silence(self, who: int, words: str) -> None:
        self.clock.advance(timedelta(seconds=130))

    def claim(self, who: int, words: str) -> None:
        self.claimed += outbox.claim_next()

    def deliver(self, who: int, words: str) -> None:
        late, self.claimed = self.claimed, []
        for item in late:
            outbox.deliver(item)
        outbox.deliver_due()

    def trouble(self, who: int, words: str) -> None:
        failures = ("busy", "unclear_accepted", "unclear_lost")
        self.platform.fail_next(failures[len(words) % 3], on="send")

    # ----------------------------------------------------------------------------------------
    def _path(self, name: str) -> str:
        return reverse(name, args=[self.slug, self.case.pk])

    def _form(self, window: Window) -> dict[str, str]:
        return {
            "text": window.text,
            "version": str(window.version),
            "form_token": window.token,
            "draft": window.draft,
            "draft_version": window.draft_version,
            "window": window.name,
        }

    def _show(self, who: int, response: Any) -> None:
        """The page of a response, as a window has it; None where there is no form to write in."""
        seen = response.context
        if not seen["writing"].form_open:
            self.windows[who] = None
            return
        current = seen["writing"].current
        self.windows[who] = Window(
            name=f"w{self.at}of{who}",
            made=self.at,
            version=seen["case"].version,
            token=seen["reply_form"].token,
            draft=str(current.pk) if current else "",
            draft_version=str(current.version) if current else "",
            text=seen["reply_form"].text,
        )

    def _look(self, who: int) -> None:
        """What a window shows, from the part of the page that tells who is here."""
        response = self.clients[who].get(self._path("presence"))
        assert response.status_code == 200
        writing = response.context["writing"]
        self.windows[who] = None
        if not writing.form_open:
            return
        form = writing.resume() or new_reply_form()
        current = writing.current
        self.windows[who] = Window(
            name=f"w{self.at}of{who}",
            made=self.at,
            version=response.context["case"].version,
            token=form.token,
            draft=str(current.pk) if current else "",
            draft_version=str(current.version) if current else "",
            text=form.text,
        )

    def _with_form(self, who: int, path: str) -> None:
        window = self.windows[who]
        if window is None:
            return
        response = self.clients[who].post(path, self._form(window))
        assert response.status_code in (302, 400), response.status_code
        self.known.texts.append(window.text)
        if response.status_code == 302:
            self.open(who, "")

    def _on_case(self, who: int, name: str, **given: str) -> None:
        window = self.windows[who]
        version = window.version if window is not None else 1
        response = self.clients[who].post(self._path(name), {"version": version, **given})
        assert response.status_code in (302, 400, 409), response.status_code


def told_of(seed: int, steps: list[Step]) -> str:
    """What to print when a plan fails: enough to do it again."""
    listed = [[step.who, step.action, step.words] for step in steps]
    return f"seed {seed}: {json.dumps(listed)}"
