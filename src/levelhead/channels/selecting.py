"""Finding the agency and the channel that a command means."""

from __future__ import annotations

from levelhead.accounts.actions import create_agency
from levelhead.accounts.models import Agency
from levelhead.channels.actions import add_channel
from levelhead.channels.models import Channel
from levelhead.kernel.errors import Invalid


def agency_named(slug: str | None) -> Agency:
    """The agency of that short name, or the only one there is. Raises Invalid.

    A new installation gets its first agency here, so that a first import just works.
    """
    if slug is not None:
        found = Agency.objects.filter(slug=slug).first()
        if found is None:
            raise Invalid(f"There is no agency {slug!r}. `levelhead status` lists them.")
        return found
    agencies = list(Agency.objects.order_by("pk")[:2])
    if not agencies:
        return create_agency(name="My agency", slug="agency")
    if len(agencies) > 1:
        raise Invalid("There are several agencies here; say which with --agency.")
    return agencies[0]


def channel_for_import(*, agency_slug: str | None, name: str) -> Channel:
    """The channel of that name, made for imported files where it is not there."""
    agency = agency_named(agency_slug)
    found = Channel.objects.filter(agency=agency, name=name).first()
    return found or add_channel(agency_id=agency.pk, platform="file", name=name)
