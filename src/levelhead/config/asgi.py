"""Live streams, by ASGI. Pages are served by WSGI: see docs/decisions/0002."""

from __future__ import annotations

from levelhead.config.boot import start_django

start_django(migrate=False)

from django.conf import settings  # noqa: E402

from levelhead.live.stream import Streams  # noqa: E402

application = Streams(page_port=settings.ENVIRONMENT.port)
