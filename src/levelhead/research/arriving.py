"""A mail that came in: matched to its question, kept once, and an answer if it is one."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.research.answering import COLLEAGUE, take_answer
from levelhead.research.domain import Arrival, RequestState
from levelhead.research.files import KeptFile, add_rows, keep_files
from levelhead.research.links import find_mail_token
from levelhead.research.models import MailIn, ResearchRequest
from levelhead.research.reading import Letter, read_letter
from levelhead.research.recording import lock_row, save

_TAKES = (RequestState.WAITING, RequestState.NOT_MINE)


def take_mail(raw: bytes, *, cut: bool = False) -> bool:
    """Keep a mail where it belongs; gives False where it belongs to no question.

    In the caller's transaction, with the place in the mailbox: so each is processed once.
    `cut`: the mail was too large and ends before its end.
    """
    letter = read_letter(raw)
    found = find_mail_token(letter.marks)
    if found is None:
        return False
    request_id, link_number = found
    agency_id = (
        ResearchRequest.objects.filter(pk=request_id).values_list("agency_id", flat=True).first()
    )
    if agency_id is None:
        return False
    with transaction.atomic():
        request = lock_row(request_id, agency_id=agency_id)
        if not MailIn.objects.filter(request=request, digest=letter.digest).exists():
            _keep(request, letter, link_number, cut=cut)
    return True


def _keep(request: ResearchRequest, letter: Letter, link_number: int, *, cut: bool) -> None:
    # Whoever holds an older token was asked before and is out of it: kept, never an answer.
    open_now = (
        request.state in _TAKES
        and request.link_number == link_number
        and request.link_revoked_at is None
    )
    if letter.bounce:
        arrival = Arrival.BOUNCE
    elif letter.automatic:
        arrival = Arrival.AUTOMATIC
    else:
        arrival = Arrival.ANSWER if open_now else Arrival.LATE
    takes_files = arrival in (Arrival.ANSWER, Arrival.LATE)
    files, left_out = _keep_files(request, letter) if takes_files else ([], [])
    if cut:
        left_out.append(_("The mail was too large; its end was not read."))
    if arrival is Arrival.ANSWER and not letter.text and not files:
        arrival = Arrival.LATE
    MailIn.objects.create(
        agency_id=request.agency_id, request=request, digest=letter.digest, arrival=arrival,
        sender=letter.sender, subject=letter.subject, text=letter.text,
        whole_text=letter.whole_text, left_out="\n".join(left_out), at=clock.now(),
    )  # fmt: skip
    if arrival is Arrival.ANSWER:
        take_answer(request, text=letter.text, files=files, sender=letter.sender, way="mail")
        return
    if arrival is Arrival.BOUNCE and letter.bounced and open_now:
        request.bounced_at = clock.now()
    if files:
        add_rows(request, files)
    save(
        request,
        f"mail:research:{arrival.value}",
        actor=COLLEAGUE if takes_files else "system",
        payload={
            "from": letter.sender,
            "subject": letter.subject,
            "error": letter.bounce,
            "text": letter.text if takes_files else "",
        },
    )


def _keep_files(request: ResearchRequest, letter: Letter) -> tuple[list[KeptFile], list[str]]:
    """What of the attachments is taken, and why the others are not."""
    kept: list[KeptFile] = []
    left_out = []
    for one in letter.files:
        try:
            kept += keep_files(request, [one])
        except Invalid as error:
            left_out.append(error.message)
    if letter.files_left_out:
        left_out.append(_("%(n)d more attachments were not taken.") % {"n": letter.files_left_out})
    return kept, left_out
