"""The test services there are, each after what it needs."""

from __future__ import annotations

from testbed.bluesky import Bluesky
from testbed.mail import Mail
from testbed.postgresql import PostgreSQL
from testbed.programs import Programs
from testbed.redis import Redis
from testbed.service import Service
from testbed.snac import Snac

CATALOG: tuple[Service, ...] = (Programs(), PostgreSQL(), Redis(), Mail(), Snac(), Bluesky())
BY_NAME: dict[str, Service] = {service.name: service for service in CATALOG}
