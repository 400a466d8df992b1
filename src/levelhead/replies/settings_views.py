"""How the agency posts its long answers."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.replies.posting import choose_numbering, numbers_posts


@require_http_methods(["GET", "POST"])
@member(Ability.MANAGE)
def posting(request: AgencyRequest) -> HttpResponse:
    """Whether the posts of a long answer carry their number."""
    if request.method == "POST":
        choose_numbering(
            agency=request.agency,
            numbered=request.POST.get("numbered") == "yes",
            by=request.person,
        )
        messages.success(request, _("Saved. Replies that are on their way stay as they are."))
        return redirect("reply-posting", agency=request.agency.slug)
    return render(request, "replies/posting.html", {"numbered": numbers_posts(request.agency.pk)})
