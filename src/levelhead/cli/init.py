"""`levelhead init`: the data folder, the database and, if wished, the first agency."""

from __future__ import annotations

import click


@click.command("init")
@click.option("--agency", "agency_name", help="Name of an agency to make.")
@click.option("--slug", help="Its short name in addresses; made from the name without this.")
@click.option("--zone", default="America/Chicago", show_default=True, help="Its time zone.")
@click.option("--email", help="E-mail address of its first administrator.")
@click.option("--name", "person", help="Name of its first administrator.")
def command(
    agency_name: str | None, slug: str | None, zone: str, email: str | None, person: str | None
) -> None:
    """Set up the data folder and bring the database to this version.

    With --agency also make an agency and its first administrator; the password is drawn and
    shown once.
    """
    if agency_name and not (email and person):
        raise click.UsageError(
            "An agency needs its first administrator: give --email and --name as well."
        )
    if not agency_name and (email or person or slug):
        raise click.UsageError("Give --agency as well: a person belongs to an agency.")
    from levelhead.config.environment import folder_in_use, make_folder, read_environment

    environment = read_environment()
    make_folder(environment.data)
    # What people wrote is in there: it is for this account only.
    with folder_in_use(environment.data):
        environment.data.chmod(0o700)
    from levelhead.config.boot import start_django

    start_django(migrate=False)
    from levelhead.config.database import bring_up_to_date, said_plainly

    with said_plainly():
        steps = bring_up_to_date()
    click.echo(f"Data folder: {environment.data}")
    click.echo(f"Database: {f'{len(steps)} steps taken' if steps else 'up to date'}")
    if agency_name and email and person:
        _make_agency(agency_name, slug, zone, email, person)


def _make_agency(agency_name: str, slug: str | None, zone: str, email: str, person: str) -> None:
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email, validate_slug
    from django.db import transaction
    from django.utils.text import slugify

    from levelhead.accounts.actions import add_member, create_agency
    from levelhead.accounts.domain import Role
    from levelhead.accounts.models import User
    from levelhead.accounts.people import draw_password
    from levelhead.kernel.errors import Invalid

    slug = slug or slugify(agency_name)[:60].strip("-")
    try:
        validate_slug(slug)
    except ValidationError as error:
        raise Invalid(
            f"{slug!r} cannot stand in an address; give --slug with letters, digits and hyphens."
        ) from error
    try:
        validate_email(email)
    except ValidationError as error:
        raise Invalid(f"{email!r} is not an e-mail address.") from error
    known = User.objects.filter(email=email.lower()).exists()
    password = None if known else draw_password()
    with transaction.atomic():
        agency = create_agency(name=agency_name, slug=slug, zone=zone)
        add_member(
            agency=agency,
            email=email,
            name=person,
            role=Role.ADMINISTRATOR,
            password=password,
            by=None,
        )
    click.echo(f"Agency: {agency.name}, at /{agency.slug}/")
    click.echo(f"Administrator: {email.lower()}")
    if password:
        click.echo(f"Password: {password}")
        click.echo("It is shown only now. Change it after you have signed in.")
    else:
        click.echo("This person is known here: the password stays as it is.")
