"""`levelhead serve`: pages, live streams and the worker, in one tree of processes."""

from __future__ import annotations

import os
import sys

import click

# `all` is everything that a desk needs; `public` gives out public pages by themselves, beside it.
_ROLES = ("web", "worker", "stream", "all", "public")


@click.command("serve")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(_ROLES),
    default=("all",),
    show_default=True,
    help="What to run here; may be given more than once.",
)
def command(roles: tuple[str, ...]) -> None:
    """Serve the desk until told to stop (Ctrl-C).

    An empty database is set up first. With PostgreSQL the parts can run on several machines:
    give each machine its --role.
    """
    from levelhead.config.environment import make_folder, read_environment

    # What people wrote lies in the data folder: what is made there is for this account only.
    os.umask(0o077)
    environment = read_environment()
    make_folder(environment.data)
    # The worker comes first: it makes the database ready for the others.
    chosen = [role for role in ("worker", "web", "stream") if role in roles or "all" in roles]
    if "public" in roles:
        chosen.append("public")
    arguments = [
        sys.executable, "-m", "levelhead.runtime.supervisor",
        "--data", str(environment.data),
        "--host", environment.host,
        "--port", str(environment.port),
        "--stream-port", str(environment.stream_port),
        "--public-port", str(environment.public_port),
    ]  # fmt: skip
    for role in chosen:
        arguments += ["--role", role]
    sys.stdout.flush()
    sys.stderr.flush()
    # The same process goes on as the supervisor, without what reading the settings loaded.
    os.execv(sys.executable, arguments)  # noqa: S606  # our own module, no shell
