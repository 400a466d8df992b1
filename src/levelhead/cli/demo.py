"""`levelhead demo`: the sample agency with its day playing, served."""

from __future__ import annotations

import click


@click.command("demo")
@click.option("--speed", default=60.0, show_default=True, help="An hour of the day in 3600/N s.")
@click.option("--no-serve", is_flag=True, help="Only set it up.")
@click.pass_context
def command(ctx: click.Context, speed: float, no_serve: bool) -> None:
    """Set up the sample agency in the data folder, play its day and serve it."""
    from levelhead.config.boot import start_django

    start_django()
    from django.conf import settings

    from levelhead.demo.installing import install_demo
    from levelhead.kernel.errors import Invalid

    if not 0 < speed <= 86_400:
        raise Invalid("The speed is a number above 0 and at most 86400; 60 plays an hour a minute.")
    environment = settings.ENVIRONMENT
    people = install_demo(data=environment.data, speed=speed)
    click.echo("\nThe sample agency is ready. Sign in as:\n")
    for person in people:
        click.echo(f"  {person.name}, {person.title}, {person.agency}")
        click.echo(f"    e-mail    {person.email}")
        click.echo(f"    password  {person.password}\n")
    if no_serve:
        return
    click.echo(f"Open http://{environment.host}:{environment.port}/ in a browser.\n")
    from levelhead.cli.serve import command as serve

    ctx.invoke(serve)
