"""Where a public page is not there: a word about it. Files themselves are given out before."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from levelhead.kernel.errors import NotFound
from levelhead.publicpage.folder import public_folder
from levelhead.publicpage.serving import PublicFiles

_INCIDENT: Final = re.compile(r"[0-9][-a-z0-9]{0,79}")


def _nothing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    raise NotFound(_("There is no such page."))


@require_safe
def public_file(request: HttpRequest, agency: str, rest: str = "") -> HttpResponse:
    """A file of a public page, where the server in front did not give it out itself.

    Raises NotFound.
    """
    if (
        _INCIDENT.fullmatch(rest)
        and (public_folder(settings.ENVIRONMENT.data) / agency / rest).is_dir()
    ):
        # As people type it.
        return HttpResponsePermanentRedirect(f"{request.path}/")
    said: list[tuple[str, list[tuple[str, str]]]] = []
    environment = settings.ENVIRONMENT
    files = PublicFiles(
        _nothing, public_folder(environment.data),
        base=environment.public_url, hub=environment.websub_hub,
    )  # fmt: skip
    body = files(request.META, lambda status, headers: said.append((status, headers)))
    status, headers = said[0]
    response = HttpResponse(b"".join(body), status=int(status[:3]))
    for name, value in headers:
        response[name] = value
    # Who may frame it stands in the file's own policy.
    response.xframe_options_exempt = True
    return response
