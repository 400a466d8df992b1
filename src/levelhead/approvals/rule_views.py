"""The rules of approval, as an administrator keeps them."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.approvals.domain import conditions_of
from levelhead.approvals.forms import (
    RuleForm,
    counsel_ids,
    form_of,
    read_choices,
    read_form,
    run_examples,
    want,
)
from levelhead.approvals.models import ApprovalRule
from levelhead.approvals.people import list_people
from levelhead.approvals.queries import find_rule, list_rules, list_versions
from levelhead.approvals.rules import read_rule, save_rule, set_counsel, switch_rule
from levelhead.approvals.wording import say_because, say_who
from levelhead.inbox.pages import read_id, read_version
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError
from levelhead.web.middleware import status_of


@require_GET
@member(Ability.MANAGE)
def rules(request: AgencyRequest) -> HttpResponse:
    """The rules, what each says, and who is counsel."""
    people = list_people(request.agency.pk)
    names = {one.id: one.name for one in people}
    rows = []
    for row in list_rules(request.agency):
        rule = read_rule(row)
        if rule is not None:
            rows.append(
                {
                    "row": row,
                    "who": say_who(rule.who, names),
                    "then": say_who(rule.then, names),
                    "when": [say_because(one) for one in conditions_of(rule.when)],
                    "rule": rule,
                }
            )
    return render(
        request,
        "approvals/rules.html",
        {"rules": rows, "people": people, "counsel": counsel_ids(request.agency)},
    )


@require_http_methods(["GET", "POST"])
@member(Ability.MANAGE)
def new(request: AgencyRequest) -> HttpResponse:
    """A rule that is to be made."""
    if request.method == "POST":
        return _save(request, None)
    return _form(request, RuleForm(), None)


@require_http_methods(["GET", "POST"])
@member(Ability.MANAGE)
def rule(request: AgencyRequest, rule_id: int) -> HttpResponse:
    """One rule: what it says, its examples, what it said before."""
    row = find_rule(request.agency, rule_id)
    if request.method == "POST":
        return _save(request, row)
    return _form(request, form_of(row, request.agency), row)


def _save(request: AgencyRequest, row: ApprovalRule | None) -> HttpResponse:
    form = read_form(request.POST)
    try:
        kept = form_of(row, request.agency) if row else None
        saved, warnings = save_rule(
            agency=request.agency,
            rule_id=row.pk if row else None,
            wanted=want(form, read_choices(request.agency, kept), request.agency),
            by=request.person,
            expected_version=form.version if row else None,
        )
    except (Conflict, Invalid) as error:
        return _form(request, form, row, error=error)
    messages.success(request, _("The rule is in force."))
    for warning in warnings:
        messages.warning(request, warning)
    return redirect("approval-rule", agency=request.agency.slug, rule_id=saved.pk)


def _form(
    request: AgencyRequest,
    form: RuleForm,
    row: ApprovalRule | None,
    *,
    error: LevelheadError | None = None,
) -> HttpResponse:
    choices = read_choices(request.agency, form)
    return render(
        request,
        "approvals/rule.html",
        {
            "form": form,
            "row": row,
            "choices": choices,
            "outcomes": run_examples(row, choices) if row else [],
            "versions": list_versions(row) if row else [],
            "error": error,
        },
        status=status_of(error) if error else HTTPStatus.OK,
    )


@require_POST
@member(Ability.MANAGE)
def switch(request: AgencyRequest, rule_id: int) -> HttpResponse:
    """Switch a rule off, or on again."""
    on = request.POST.get("on") == "yes"
    try:
        switch_rule(
            agency=request.agency, rule_id=rule_id, on=on, by=request.person,
            expected_version=read_version(request.POST),
        )  # fmt: skip
    except Conflict as error:
        messages.error(request, error.message)
    else:
        messages.success(
            request,
            _("The rule is on again.")
            if on
            else _("The rule is off. What waits by it already goes on waiting."),
        )
    return redirect("approval-rules", agency=request.agency.slug)


@require_POST
@member(Ability.MANAGE)
def counsel(request: AgencyRequest) -> HttpResponse:
    """Say who is counsel."""
    ids = [one for text in request.POST.getlist("counsel")[:50] if (one := read_id(text))]
    set_counsel(agency=request.agency, user_ids=ids, by=request.person)
    messages.success(request, _("Saved who is counsel."))
    return redirect("approval-rules", agency=request.agency.slug)
