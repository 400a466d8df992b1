"""Forms of a page that was opened under an earlier sign-in: refused, and nothing typed is lost."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils.translation import gettext as _

from levelhead.accounts.access import to_the_door

# The page's script takes the new token from it, so that the same form can be sent again.
HEADER = "Levelhead-Form-Token"


def refuse_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What Django calls where a form's token is not the one of the session."""
    if not request.headers.get("HX-Request"):
        return render(request, "403_csrf.html", status=HTTPStatus.FORBIDDEN)
    if not request.user.is_authenticated:
        return to_the_door(request)
    answer = JsonResponse(
        {
            "message": _(
                "You have signed in again since this page was opened, as %(name)s. Nothing was "
                "sent or changed; what you wrote is still here. Press again to go on."
            )
            % {"name": request.user.name}
        },
        status=HTTPStatus.FORBIDDEN,
    )
    # Only a page of our own can read it, as it reads the token of any form.
    answer[HEADER] = get_token(request)
    return answer
