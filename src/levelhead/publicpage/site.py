"""Where this installation is reached from outside."""

from __future__ import annotations

from django.conf import settings

from levelhead.publicpage.domain import Site


def site() -> Site:
    """As the settings say."""
    environment = settings.ENVIRONMENT
    return Site(base=environment.public_url.rstrip("/"), hub=environment.websub_hub)
