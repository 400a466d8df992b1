"""Starting Django for a command."""

from __future__ import annotations

import os


def start_django(*, migrate: bool = True) -> None:
    """Make models usable; an empty data folder gets its database. May be called again.

    Raises ConfigurationError where a setting is wrong or the database cannot be used.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "levelhead.config.settings")
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()
    if migrate:
        from levelhead.config.database import bring_up_to_date, said_plainly

        with said_plainly():
            bring_up_to_date()
