"""A person asks a model for a draft: grounded, counted and kept before anything leaves."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.drafting import guarding
from levelhead.drafting.budget import month_of, reserve
from levelhead.drafting.choosing import choice_of, endpoint_of
from levelhead.drafting.domain import (
    ANSWER_TOKENS,
    GRACE,
    MadeState,
    OverCeiling,
    SourceKind,
    Trouble,
)
from levelhead.drafting.grounding import Grounds, draft_language, find_grounds
from levelhead.drafting.models import DraftingChoice, DraftingMonth, MadeDraft
from levelhead.drafting.prompting import hash_of, make_messages, most_tokens, text_of
from levelhead.drafting.recording import record
from levelhead.inbox.domain import Visibility
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request that was kept, and what is to be sent for it; the words are kept nowhere."""

    made: MadeDraft
    messages: Sequence[dict[str, str]]


def ask_for_draft(*, case: Case, agency: Agency, by: User) -> Asked:
    """Keep a request for a draft, which `making.make` then carries out.

    Where nothing approved fits, nothing is sent: the row says at once that no source says it.
    Raises NotAllowed, Invalid (off, another language, ceiling), Conflict (one is being made, the
    endpoint is given a rest).
    """
    require(by, case.agency_id, Ability.REPLY)
    choice = choice_of(agency)
    _check(case, choice)
    endpoint = endpoint_of(choice)
    resting = guarding.is_open(name_of(choice))
    if resting is not None:
        raise Conflict(
            _(
                "The model has failed several times in a row and is given a rest until %(at)s. "
                "Nothing was asked. Write the reply yourself, or use an approved answer."
            )
            % {"at": formats.time_format(timezone.localtime(resting), "H:i:s")}
        )
    made = None
    try:
        asked = _keep(case, agency, choice, by, host=urlsplit(endpoint.base_url).netloc)
        made = asked.made
        return asked
    except OverCeiling:
        _say_ceiling_reached(agency, choice)
        raise
    except IntegrityError as error:
        raise Conflict(_("Your draft for this post is being made already.")) from error
    finally:
        if made is None or made.state != MadeState.ASKING:
            guarding.was_cancelled(name_of(choice))


def name_of(choice: DraftingChoice) -> str:
    """Under what an endpoint's health is kept."""
    return f"{choice.agency_id} {choice.base_url} {choice.model}"


def _check(case: Case, choice: DraftingChoice) -> None:
    if not choice.on:
        raise Invalid(_("Drafting by a model is off. An administrator can turn it on."))
    if draft_language(case) not in choice.languages:
        raise Invalid(_("No drafts are made in the language of this post."))
    if case.post.visibility != Visibility.VISIBLE:
        raise Invalid(_("The post was deleted by its author; there is nothing to reply to."))


def _keep(case: Case, agency: Agency, choice: DraftingChoice, by: User, *, host: str) -> Asked:
    grounds = find_grounds(case, agency, choice)
    messages = make_messages(
        agency=agency.name, lang=grounds.lang, posts=grounds.posts, sources=grounds.sources,
        fence=f"=== {secrets.token_hex(8)} ===",
    )  # fmt: skip
    prompt = text_of(messages)
    # The agency's telephone number alone answers no concern.
    grounded = any(one.kind is not SourceKind.CONTACT for one in grounds.sources)
    tokens = most_tokens(prompt, ANSWER_TOKENS) if grounded else 0
    now = clock.now()
    with transaction.atomic():
        _end_dead(case, by)
        made = MadeDraft.objects.create(
            agency=agency, case=case, by=by, asked_at=now,
            deadline_at=now + timedelta(seconds=choice.seconds) + GRACE,
            host=host, model=choice.model, lang=grounds.lang,
            prompt_sha256=hash_of(prompt),
            sources=[one.as_json() for one in grounds.sources],
            month=reserve(agency, choice, tokens), tokens=tokens,
            state=(MadeState.ASKING if grounded else MadeState.NOTHING).value,
            ended_at=None if grounded else now,
        )  # fmt: skip
        record(
            agency_id=agency.pk, subject=f"case:{case.pk}", action="person:drafting:asked", by=by,
            payload=_told(made, grounds),
        )  # fmt: skip
    return Asked(made=made, messages=messages)


def _told(made: MadeDraft, grounds: Grounds) -> dict[str, object]:
    return {
        "draft": made.pk, "model": made.model, "host": made.host,
        "prompt_sha256": made.prompt_sha256, "tokens_counted": made.tokens,
        "sources": [f"{one.kind.value}:{one.id}" for one in grounds.sources],
    }  # fmt: skip


def _end_dead(case: Case, by: User) -> None:
    """One whose process died is over; what was counted for it stays counted."""
    MadeDraft.objects.filter(
        case=case, by=by, state=MadeState.ASKING.value, deadline_at__lt=clock.now()
    ).update(state=MadeState.FAILED.value, trouble=Trouble.STOPPED.value, ended_at=clock.now())


def _say_ceiling_reached(agency: Agency, choice: DraftingChoice) -> None:
    """On the record once a month; the settings and the reply form show it all the time."""
    with transaction.atomic():
        month, _made = DraftingMonth.objects.get_or_create(agency=agency, month=month_of(agency))
        first = DraftingMonth.objects.filter(pk=month.pk, stopped_at__isnull=True).update(
            stopped_at=clock.now()
        )
        if first:
            record(
                agency_id=agency.pk, subject=f"agency:{agency.pk}",
                action="system:drafting:ceiling_reached", by=None,
                payload={"month": month.month, "ceiling": choice.monthly_tokens},
            )  # fmt: skip


def cancel(*, made: MadeDraft, by: User) -> None:
    """Wait for it no longer; the request is ended as soon as its process looks."""
    require(by, made.agency_id, Ability.REPLY)
    with transaction.atomic():
        ended = MadeDraft.objects.filter(pk=made.pk, by=by, state=MadeState.ASKING.value).update(
            state=MadeState.CANCELLED.value, ended_at=clock.now()
        )
        if ended:
            record(
                agency_id=made.agency_id, subject=f"case:{made.case_id}",
                action="person:drafting:cancelled", by=by, payload={"draft": made.pk},
            )  # fmt: skip
