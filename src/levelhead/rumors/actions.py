"""What people do with rumors. Each in one transaction, with one line in the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Membership, User
from levelhead.corrections.domain import names
from levelhead.inbox.models import Post
from levelhead.incidents.actions import lock_incident
from levelhead.incidents.domain import REASON_LIMIT
from levelhead.incidents.models import Incident
from levelhead.incidents.reading import read_line, read_text
from levelhead.incidents.recording import tell
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.ledger.domain import FactStatus
from levelhead.ledger.models import Fact
from levelhead.rumors.domain import (
    CLAIM_LIMIT,
    EXPLANATION_LIMIT,
    HARMS,
    MOST_LINKED_AT_ONCE,
    MOST_POSTS,
    MOST_RUMORS,
    NEED_FACT,
    TOKEN_LIMIT,
    VERDICTS,
    RumorResponse,
    RumorState,
)
from levelhead.rumors.models import Rumor, RumorPost
from levelhead.updates.checking import check_update, overruled
from levelhead.updates.domain import Words
from levelhead.updates.models import Update


def add_rumor(
    *,
    incident: Incident,
    text: str,
    by: User,
    form_token: str,
    post: Post | None = None,
    harm: int = 1,
) -> Rumor:
    """Put a claim on the board; the same form, or the same post twice, gives the same claim.

    Raises NotAllowed, Invalid.
    """
    if not form_token or len(form_token) > TOKEN_LIMIT:
        raise Invalid(
            _("This form is not valid any more. Load the page again; copy your text first.")
        )
    text = read_line(text, CLAIM_LIMIT, _("Write the claim in one sentence."))
    _check_harm(harm)
    if post is not None and post.agency_id != incident.agency_id:
        raise Invalid(_("That post is not of your agency."))
    try:
        with transaction.atomic():
            locked = lock_incident(incident, by=by)
            known = _known(locked, form_token, post)
            if known is not None:
                return known
            last = Rumor.objects.filter(incident=locked).aggregate(last=Max("number"))["last"] or 0
            if last >= MOST_RUMORS:
                raise Invalid(_("A board holds at most %(n)d rumors.") % {"n": MOST_RUMORS})
            now = clock.now()
            rumor = Rumor.objects.create(
                agency_id=locked.agency_id, incident=locked, number=last + 1, text=text, harm=harm,
                first_post=post, first_seen_at=min(post.created_at, now) if post else now, by=by,
                at=now, form_token=form_token,
            )  # fmt: skip
            _tell(
                rumor, "person:rumor:added", by, {"harm": harm, "post": post.pk if post else None}
            )
            if post is not None:
                _link(rumor, [post], by)
    except IntegrityError:
        # The same form twice at the same moment: the first one counts.
        return Rumor.objects.get(agency_id=incident.agency_id, form_token=form_token)
    return rumor


def _known(incident: Incident, form_token: str, post: Post | None) -> Rumor | None:
    known = Rumor.objects.filter(agency_id=incident.agency_id, form_token=form_token).first()
    if known is not None or post is None:
        return known
    link = RumorPost.objects.filter(rumor__incident=incident, post=post).select_related("rumor")
    found = link.order_by("pk").first()
    return found.rumor if found is not None else None


def link_posts(*, rumor: Rumor, posts: Sequence[Post], by: User) -> int:
    """Say that these posts make the claim; gives how many were new. Raises Invalid."""
    if len(posts) > MOST_LINKED_AT_ONCE:
        raise Invalid(_("At most %(n)d posts at once; choose fewer.") % {"n": MOST_LINKED_AT_ONCE})
    if any(post.agency_id != rumor.agency_id for post in posts):
        raise Invalid(_("One of the posts is not of your agency."))
    with transaction.atomic():
        locked = _lock(rumor, by)
        if RumorPost.objects.filter(rumor=locked).count() + len(posts) > MOST_POSTS:
            raise Invalid(_("A rumor counts at most %(n)d posts.") % {"n": MOST_POSTS})
        return _link(locked, posts, by)


def _link(rumor: Rumor, posts: Iterable[Post], by: User) -> int:
    wanted = {post.pk: post for post in posts}
    links = RumorPost.objects.filter(rumor=rumor)
    known = set(links.filter(post__in=wanted).values_list("post_id", flat=True))
    authors = set(
        links.filter(author__in={p.author_id for p in wanted.values() if p.author_id}).values_list(
            "author_id", flat=True
        )
    )
    made = []
    for post in sorted(wanted.values(), key=lambda one: (one.created_at, one.pk)):
        if post.pk in known:
            continue
        first = post.author_id is None or post.author_id not in authors
        if post.author_id is not None:
            authors.add(post.author_id)
        made.append(
            RumorPost(
                agency_id=rumor.agency_id, rumor=rumor, post=post, author_id=post.author_id,
                posted_at=post.created_at, first_of_author=first, by=by, at=clock.now(),
                followers=(post.author.followers or 0) if post.author else 0,
            )
        )  # fmt: skip
    RumorPost.objects.bulk_create(made, batch_size=500)
    if made:
        earliest = made[0]
        if earliest.posted_at < rumor.first_seen_at or rumor.first_post_id is None:
            rumor.first_seen_at = min(earliest.posted_at, rumor.first_seen_at)
            rumor.first_post_id = earliest.post_id
            rumor.save(update_fields=["first_seen_at", "first_post"])
        _tell(rumor, "person:rumor:linked", by, {"posts": [link.post_id for link in made]})
    return len(made)


def unlink_post(*, rumor: Rumor, post_id: int, by: User) -> None:
    """Say that a post does not make the claim after all."""
    with transaction.atomic():
        locked = _lock(rumor, by)
        link = RumorPost.objects.filter(rumor=locked, post_id=post_id).first()
        if link is None:
            return
        # The author counts once, as long as one of the posts is left.
        heir = None
        if link.author_id is not None:
            others = RumorPost.objects.filter(rumor=locked, author_id=link.author_id)
            heir = others.exclude(pk=link.pk).order_by("posted_at", "pk").first()
        link.delete()
        if heir is not None and not heir.first_of_author and link.first_of_author:
            heir.first_of_author = True
            heir.save(update_fields=["first_of_author"])
        _tell(locked, "person:rumor:unlinked", by, {"post": post_id})


def set_rumor(
    *,
    rumor: Rumor,
    harm: int,
    response: RumorResponse,
    owner: User | None,
    by: User,
    expected_version: int,
) -> Rumor:
    """Say how much harm it does, what is done about it and who sees to it."""
    _check_harm(harm)
    with transaction.atomic():
        locked = _lock(rumor, by, expected_version)
        if (
            owner is not None
            and not Membership.objects.filter(
                agency_id=locked.agency_id, user=owner, active=True, user__is_active=True
            ).exists()
        ):
            raise Invalid(_("Choose a colleague of your agency."))
        before = {"harm": locked.harm, "response": locked.response, "owner": locked.owner_id}
        locked.harm, locked.response, locked.owner = harm, response.value, owner
        after = {"harm": harm, "response": response.value, "owner": owner.pk if owner else None}
        return _save(locked, "person:rumor:set", by, {"before": before, "after": after})


def answer_rumor(
    *,
    rumor: Rumor,
    verdict: RumorState,
    fact: Fact | None,
    explanation: str,
    by: User,
    expected_version: int,
    all_the_same: str = "",
) -> Rumor:
    """Say what is so about a claim, for everybody to read; true and false rest on the ledger.

    Raises NotAllowed, Invalid (Stopped where the gate holds the words), Conflict.
    """
    require(by, rumor.agency_id, Ability.REPLY)
    if verdict not in VERDICTS:
        raise Invalid(_("Choose what is so about it."))
    explanation = read_text(
        explanation, EXPLANATION_LIMIT, _("Write what people should know about it.")
    )
    reason = read_text(all_the_same, REASON_LIMIT)
    with transaction.atomic():
        locked = _lock(rumor, by, expected_version)
        fact = _read_fact(locked, verdict, fact)
        told = _pass_gate(locked, fact, explanation, reason)
        locked.state, locked.explanation = verdict.value, explanation
        locked.fact, locked.fact_version = fact, fact.version if fact else None
        locked.answered_at, locked.answered_by, locked.correction = clock.now(), by, None
        return _save(
            locked, "person:rumor:answered", by,
            {
                "verdict": verdict.value, "explanation": explanation,
                "fact": fact.pk if fact else None, **told,
            },
        )  # fmt: skip


def _read_fact(rumor: Rumor, verdict: RumorState, fact: Fact | None) -> Fact | None:
    if fact is None:
        if verdict in NEED_FACT:
            raise Invalid(
                _("Choose the fact that it rests on. What is not in the ledger is not known.")
            )
        return None
    now = Fact.objects.get(pk=fact.pk)
    if now.incident_id != rumor.incident_id:
        raise Invalid(_("Choose a fact of this incident."))
    expired = now.valid_until is not None and now.valid_until <= clock.now()
    usable = (
        {FactStatus.CONFIRMED}
        if verdict is RumorState.TRUE
        else {FactStatus.CONFIRMED, FactStatus.FALSE}
    )
    if now.status not in usable or expired:
        raise Invalid(
            _("Fact %(n)d does not stand for that now. Have it confirmed, or choose another one.")
            % {"n": now.number}
        )
    return now


def _pass_gate(rumor: Rumor, fact: Fact | None, explanation: str, reason: str) -> dict[str, object]:
    """Everybody reads it: what an update may not say, this may not say either."""
    confirmed = [fact] if fact is not None and fact.status == FactStatus.CONFIRMED else []
    words = Words(lang=rumor.incident.lang, lead="", doing=(explanation,))
    return overruled(check_update(rumor.incident, [words], facts=confirmed), reason)


def reopen_answered(fact: Fact, why: str, by: User) -> None:
    """A fact changed: what was said about a claim on its strength does not stand any more."""
    rows = Rumor.objects.filter(fact=fact, answered_at__isnull=False).select_related("incident")
    for rumor in rows:
        rumor.state = RumorState.OPEN.value
        rumor.answered_at = rumor.answered_by = None
        _save(rumor, "person:rumor:reopened", by, {"fact": fact.pk, "why": why})


def note_said(update: Update, texts: Sequence[Words]) -> None:
    """An update was sent: the answers that it gives have been posted. In its transaction."""
    waiting = Rumor.objects.filter(
        incident_id=update.incident_id, correction__isnull=True, answered_at__isnull=False
    )
    said = " ".join(line for one in texts for line in one.lines())
    for rumor in waiting.select_related("incident").order_by("pk"):
        if names(said, rumor.text):
            rumor.correction = update
            _save(rumor, "person:rumor:posted", update.by, {"update": update.number})


def _lock(rumor: Rumor, by: User, expected_version: int | None = None) -> Rumor:
    lock_incident(rumor.incident, by=by)
    locked = Rumor.objects.select_related("incident").get(pk=rumor.pk, agency_id=rumor.agency_id)
    if expected_version is not None and locked.version != expected_version:
        raise Conflict(
            _(
                "Somebody changed this rumor while you looked at it. Nothing was changed. Look at "
                "it as it is now, then do it again if it is still right."
            ),
            version=locked.version,
        )
    return locked


def _save(rumor: Rumor, action: str, by: User, payload: dict[str, object]) -> Rumor:
    rumor.version += 1
    rumor.save()
    _tell(rumor, action, by, payload)
    return rumor


def _tell(rumor: Rumor, action: str, by: User, payload: dict[str, object]) -> None:
    tell(
        rumor.incident, action, by=by, text=rumor.text,
        payload={"rumor": rumor.pk, "number": rumor.number, **payload},
    )  # fmt: skip


def _check_harm(harm: int) -> None:
    if harm not in HARMS:
        raise Invalid(_("Choose how much harm it does, from 0 to 3."))
