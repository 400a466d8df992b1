"""Telling those whose approval is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from levelhead.approvals.models import ApprovalRequest
from levelhead.notifications.actions import About, notify
from levelhead.notifications.domain import Kind


def tell_of_request(request: ApprovalRequest, people: Sequence[int]) -> None:
    """Tell them once for each version of the words; in the transaction of the request."""
    notify(
        agency_id=request.agency_id,
        kind=Kind.APPROVAL,
        key=f"approval:{request.pk}:{request.version}",
        to=people,
        about=About(
            address=reverse("approval", args=[request.agency.slug, request.pk]),
            case_id=request.case_id,
            what=request.text,
        ),
        by=request.author,
    )
