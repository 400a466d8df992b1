"""`levelhead password`: a new password for somebody who has forgotten theirs."""

from __future__ import annotations

import click


@click.command("password")
@click.argument("email")
def command(email: str) -> None:
    """Draw a new password for the person with this e-mail address; it is shown once.

    For whoever runs the installation: the last administrator, or somebody of several agencies.
    They are signed out everywhere.
    """
    from levelhead.config.boot import start_django

    start_django()
    from levelhead.accounts.people import draw_for
    from levelhead.config.database import said_plainly

    with said_plainly():
        user, password = draw_for(email)
    click.echo(f"Person: {user.name}, {user.email}")
    click.echo(f"Password: {password}")
    click.echo("It is shown only now. Change it after you have signed in.")
