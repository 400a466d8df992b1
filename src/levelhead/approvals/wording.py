"""Rules, reasons and approvers in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from levelhead.accounts.domain import Ability, Role
from levelhead.approvals.domain import Because, Person, Who, WhoKind
from levelhead.web import words
from levelhead.web.templatetags.desk import label_words

# Names that a sentence lists; the rest is counted.
NAMED = 4

ROLES: words.Words = {
    Role.VIEWER.value: gettext_lazy("anybody who may look"),
    Role.WRITER.value: gettext_lazy("any writer"),
    Role.RECORDS.value: gettext_lazy("any records officer"),
    Role.ADMINISTRATOR.value: gettext_lazy("any administrator"),
}
ABILITIES: words.Words = {
    Ability.WORK.value: gettext_lazy("anybody who works on cases"),
    Ability.REPLY.value: gettext_lazy("anybody who may reply"),
    Ability.RECORDS.value: gettext_lazy("anybody who may see the records"),
    Ability.MANAGE.value: gettext_lazy("anybody who manages the agency"),
}
STATES: words.Words = {
    "waiting": gettext_lazy("waits for approval"),
    "approved": gettext_lazy("approved, leaves in a moment"),
    "sent": gettext_lazy("approved and sent"),
    "sent_back": gettext_lazy("sent back"),
    "taken_back": gettext_lazy("taken back by its author"),
    "failed": gettext_lazy("approved, but it could not leave"),
    "told": gettext_lazy("went without asking: a life was at stake"),
}


def say_who(who: Who, names: dict[int, str]) -> str:
    """Whom a rule asks."""
    match who.kind:
        case WhoKind.PERSON:
            return names.get(int(who.value)) or _("a colleague who left")
        case WhoKind.ROLE:
            return words.of(ROLES, who.value)
        case WhoKind.ABILITY:
            return words.of(ABILITIES, who.value)
        case WhoKind.DUTY:
            return _("whoever is on duty")
        case WhoKind.COUNSEL:
            return _("counsel")


def say_people(people: Sequence[Person]) -> str:
    """Names of those who are asked, such as "Kim Le or Bob"."""
    names = [person.name for person in people[:NAMED]]
    rest = len(people) - len(names)
    if rest:
        return _("%(names)s or %(n)d more") % {"names": ", ".join(names), "n": rest}
    if len(names) < 2:
        return "".join(names)
    return _("%(names)s or %(last)s") % {"names": ", ".join(names[:-1]), "last": names[-1]}


def say_because(because: Because) -> str:
    """One reason, as the end of "…, because"."""
    values = because.values
    match because.code:
        case "label":
            return _("the post is of the kind “%(kind)s”") % {"kind": _or(map(label_words, values))}
        case "disposition":
            kinds = [words.of(words.DISPOSITIONS, one) for one in values]
            return _("what is to be done is “%(what)s”") % {"what": _or(kinds)}
        case "words":
            return _("“%(word)s” is in it") % {"word": _or(values)}
        case "issue":
            return _("the case is part of the issue “%(name)s” at level %(level)s") % {
                "name": values[0], "level": values[1],
            }  # fmt: skip
        case "any_issue":
            return _("the case is part of an issue from level %(level)s on") % {"level": values[0]}
        case "channel":
            return _("it goes to a channel of the rule")
        case "author":
            return _("it is by somebody whom the rule names")
        case "overruled":
            return _("a finding of the reply check was overruled")
        case "hostile":
            return _("the post is hostile")
        case "life_safety":
            return _("a life may be at stake")
        case "first_to_author":
            return _("it is the first reply to this author")
        case _:
            return _("every reply is approved here")


def say_all(because: Iterable[Because]) -> str:
    """All reasons of one rule."""
    return _(" and ").join(say_because(one) for one in because)


def say_changed(code: str) -> str:
    """Why a reply that was asked about cannot leave any more."""
    return {
        "deleted": _(
            "The post was deleted by its author; there is nothing to reply to. Nothing was sent."
        ),
        "answered": _(
            "The post was answered in the meantime. Nothing was sent; look at that reply first."
        ),
        "closed": _(
            "The case was closed in the meantime. Nothing was sent; open it again if the reply is "
            "still needed."
        ),
        "edited": _(
            "The post was edited after the reply was written. Nothing was sent; its author should "
            "read the post again and ask again."
        ),
    }[code]


def _or(values: Iterable[object]) -> str:
    return _("” or “").join(str(one) for one in values)
