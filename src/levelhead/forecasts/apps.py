"""Forecasts hear from the watch which posts were read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog
from django.apps import AppConfig

from levelhead.kernel.errors import ConfigurationError

log = structlog.get_logger(__name__)


class ForecastsConfig(AppConfig):
    """Looks ahead in threads."""

    name = "levelhead.forecasts"

    def ready(self) -> None:
        from levelhead.topics.listening import on_watched

        on_watched(_look)


def _look(agency_id: int, post_ids: Sequence[int]) -> Callable[[], None] | None:
    # The models are read by the worker alone, when it first watches.
    from levelhead.analysis.assess import load
    from levelhead.forecasts.noting import look_ahead, write_ahead

    try:
        assessor = load()
    except ConfigurationError as error:
        # The watch of topics goes on without.
        log.warning("no looking ahead in threads", why=error.message)
        return None
    ahead = look_ahead(agency_id=agency_id, post_ids=post_ids, assessor=assessor)
    return lambda: write_ahead(agency_id, ahead)
