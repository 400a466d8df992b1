"""Having a kept request carried out, in a thread of its own; no transaction is open meanwhile."""

from __future__ import annotations

import threading
from dataclasses import replace

import structlog
from django.db import close_old_connections, connections, transaction
from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency, User
from levelhead.drafting import calling, guarding
from levelhead.drafting.answers import read_answer
from levelhead.drafting.asking import Asked, ask_for_draft, name_of
from levelhead.drafting.budget import correct
from levelhead.drafting.choosing import choice_of, endpoint_of
from levelhead.drafting.domain import (
    NEVER_ASKED,
    Answered,
    Crowded,
    MadeState,
    NoDraftError,
    Source,
    SourceKind,
    Trouble,
    Verdict,
)
from levelhead.drafting.models import DraftingChoice, MadeDraft
from levelhead.drafting.prompting import hash_of
from levelhead.drafting.recording import record
from levelhead.drafting.verifying import verify
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import LevelheadError
from levelhead.kernel.text import clean_text

log = structlog.get_logger(__name__)
_ANSWER_KEPT = 20_000


def ask_and_start(*, case: Case, agency: Agency, by: User) -> MadeDraft:
    """Ask for a draft; it is made once the transaction is over. Raises as `ask_for_draft` does."""
    if not guarding.has_room():
        raise Crowded(
            _(
                "Other drafts are being made right now. Nothing was asked. Try again in a few "
                "seconds."
            )
        )
    asked = ask_for_draft(case=case, agency=agency, by=by)
    if asked.made.state == MadeState.ASKING:
        transaction.on_commit(lambda: start(asked))
    return asked.made


def start(asked: Asked) -> None:
    """Carry it out beside the page that asked."""
    slot = guarding.take_slot()
    if slot is None:
        _fail(asked.made, Trouble.CROWDED, "")
        return

    def run() -> None:
        close_old_connections()
        try:
            make(asked)
        except Exception:
            # The row ends by its deadline, and says so; nobody waits for this thread.
            log.exception("a draft could not be made", draft=asked.made.pk)
        finally:
            slot.give_back()
            connections.close_all()

    threading.Thread(target=run, name=f"draft-{asked.made.pk}", daemon=True).start()


def make(asked: Asked) -> None:
    """Ask the model, look at what it wrote, and keep what is left."""
    made_id = asked.made.pk
    made = MadeDraft.objects.select_related("case__post", "agency").get(pk=made_id)
    if made.state != MadeState.ASKING:
        return
    choice = choice_of(made.agency)
    name = name_of(choice)
    try:
        endpoint = replace(endpoint_of(choice), model=made.model)
        seconds = (made.deadline_at - clock.now()).total_seconds()
        answered = calling.ask(
            endpoint,
            asked.messages,
            seconds=max(0.1, min(seconds, choice.seconds)),
            is_cancelled=lambda: _is_cancelled(made_id),
        )
    except NoDraftError as failed:
        guarding.went_wrong(name, failed.trouble, failed.retry_after)
        _fail(made, failed.trouble, failed.said)
        return
    except LevelheadError as error:
        guarding.was_cancelled(name)
        _fail(made, Trouble.KEY, error.message)
        return
    except BaseException:
        guarding.was_cancelled(name)
        _fail(made, Trouble.STOPPED, "")
        raise
    if answered is None:
        guarding.was_cancelled(name)
        return
    guarding.went_well(name)
    _keep_ways(choice, answered)
    _settle(made, answered)


def _is_cancelled(made_id: int) -> bool:
    return not MadeDraft.objects.filter(pk=made_id, state=MadeState.ASKING.value).exists()


def _keep_ways(choice: DraftingChoice, answered: Answered) -> None:
    ways = answered.ways.as_json()
    if choice.ways != ways:
        DraftingChoice.objects.filter(
            agency_id=choice.agency_id, base_url=choice.base_url, model=choice.model
        ).update(ways=ways)


def _end(made: MadeDraft, **fields: object) -> bool:
    """Only what still waits is ended: a person may have cancelled meanwhile."""
    changed = MadeDraft.objects.filter(pk=made.pk, state=MadeState.ASKING.value).update(
        ended_at=clock.now(), **fields
    )
    return bool(changed)


def _fail(made: MadeDraft, trouble: Trouble, said: str) -> None:
    said = clean_text(said, 300)
    with transaction.atomic():
        if _end(made, state=MadeState.FAILED.value, trouble=trouble.value, said=said):
            _record(made, "system:drafting:failed", {"trouble": trouble.value})
        if trouble in NEVER_ASKED:
            correct(made, 0)


def _settle(made: MadeDraft, answered: Answered) -> None:
    text = clean_text(answered.text, _ANSWER_KEPT)
    written, missing = read_answer(text)
    sources = sources_of(made)
    verdict = verify(
        written, {one.number: one for one in sources}, post=made.case.post.text[:4_000],
        lang=made.lang, now=clock.now(), missing=missing,
    )  # fmt: skip
    state = MadeState.READY if verdict.text else MadeState.NOTHING
    trouble = "" if written or missing else Trouble.GARBLED.value
    with transaction.atomic():
        ended = _end(
            made,
            state=(MadeState.FAILED if trouble else state).value,
            trouble=trouble,
            model=clean_text(answered.model, 200),
            answer_sha256=hash_of(text),
            sentences=[one.as_json() for one in verdict.sentences],
            missing=list(verdict.missing),
            text=verdict.text,
            tokens_told=answered.tokens,
        )
        if ended:
            _record(made, "system:drafting:made", _told(verdict, text))
        if answered.tokens is not None:
            correct(made, answered.tokens)


def _told(verdict: Verdict, answer: str) -> dict[str, object]:
    return {
        "answer_sha256": hash_of(answer),
        "kept": sum(one.struck is None for one in verdict.sentences),
        "struck": [one.struck.value for one in verdict.sentences if one.struck is not None],
    }


def _record(made: MadeDraft, action: str, payload: dict[str, object]) -> None:
    record(
        agency_id=made.agency_id, subject=f"case:{made.case_id}", action=action, by=None,
        payload={"draft": made.pk, "model": made.model, **payload},
    )  # fmt: skip


def sources_of(made: MadeDraft) -> list[Source]:
    """What it was told it may stand on."""
    return [
        Source(
            number=one["number"], kind=SourceKind(one["kind"]), id=int(one["id"]),
            title=one["title"], text=one["text"], version=one["version"], within=int(one["within"]),
        )
        for one in made.sources
    ]  # fmt: skip
