"""Looking over the way of mails, for `levelhead doctor`."""

from __future__ import annotations

from dataclasses import dataclass

from levelhead.config.environment import Environment
from levelhead.research.domain import MailState, RequestState
from levelhead.research.mailbox import MailboxError, try_mailbox
from levelhead.research.models import MailboxPlace, MailOut
from levelhead.research.smtp import MailBusyError, try_server


@dataclass(frozen=True, kw_only=True, slots=True)
class MailTrouble:
    """Something that is wrong with mail, and what to do."""

    sentence: str
    remedy: str
    grave: bool


def look_at_mail(environment: Environment) -> tuple[list[MailTrouble], str]:
    """What is wrong, and a sentence for where nothing is."""
    if not environment.mail_url:
        return [], "Mail is not set up: links to colleagues are copied by hand."
    troubles = []
    try:
        try_server()
    except MailBusyError as error:
        troubles.append(
            MailTrouble(
                sentence=error.message, remedy="Correct LEVELHEAD_MAIL_URL, or wait.", grave=True
            )
        )
    sentence = "The mail server takes our mails"
    if environment.imap_url:
        try:
            try_mailbox()
        except MailboxError as error:
            troubles.append(
                MailTrouble(
                    sentence=f"The mailbox for answers cannot be read ({error}).",
                    remedy="Correct LEVELHEAD_IMAP_URL, or wait.",
                    grave=True,
                )
            )
        sentence += ", and the mailbox for answers can be read"
    else:
        sentence += "; answers come by the link only (no LEVELHEAD_IMAP_URL)"
    unsure = MailOut.objects.filter(
        state__in=[MailState.FAILED, MailState.UNCLEAR], request__state=RequestState.WAITING
    ).count()
    if unsure:
        troubles.append(
            MailTrouble(
                sentence=f"{unsure} mails to colleagues did not surely leave.",
                remedy="Each shows on its question under Research: send it again, or call.",
                grave=False,
            )
        )
    unmatched = sum(MailboxPlace.objects.values_list("unmatched", flat=True)[:100])
    if unmatched:
        troubles.append(
            MailTrouble(
                sentence=f"{unmatched} mails in the mailbox belong to no question.",
                remedy="They are still there: let a person look at them.",
                grave=False,
            )
        )
    return troubles, sentence + "."
