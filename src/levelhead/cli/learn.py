"""`levelhead learn`: what an agency's own corrections teach; a person decides on it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from levelhead.accounts.models import Agency, User
    from levelhead.learning.models import Proposal

AGENCY = click.option("--agency", help="Short name of the agency; needed where there are several.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="End with one line of JSON.")
BY = click.option(
    "--by", "email", required=True, metavar="EMAIL",
    help="The administrator of the agency who decides; goes on the record.",
)  # fmt: skip


@click.group("learn")
def command() -> None:
    """What the desk's own corrections teach. Nothing changes until a person accepts it."""
    # Before numpy: on few cores its own threads cost more than they bring.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _agency(slug: str | None) -> Agency:
    from levelhead.config.boot import start_django

    start_django()
    from levelhead.channels.selecting import agency_named

    return agency_named(slug)


def _person(email: str) -> User:
    from levelhead.accounts.models import User
    from levelhead.kernel.errors import Invalid

    person = User.objects.filter(email=email.lower(), is_active=True).first()
    if person is None:
        raise Invalid(f"Nobody here has the e-mail address {email[:200]}.")
    return person


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@AGENCY
@AS_JSON
def export(file: Path, agency: str | None, as_json: bool) -> None:
    """Write the corrections to FILE as JSON Lines, the newest first; the export is recorded."""
    of = _agency(agency)
    from levelhead.learning.export import export_corrections

    count, digest = export_corrections(of, file)
    if as_json:
        click.echo(json.dumps({"file": str(file), "corrections": count, "sha256": digest}))
    else:
        click.echo(f"{file}: {count} corrections. They hold residents' words; keep them safe.")


@command.command("try")
@AGENCY
@AS_JSON
def try_(agency: str | None, as_json: bool) -> None:
    """Try what could be learned and measure it; changes nothing."""
    of = _agency(agency)
    from levelhead.learning.actions import ask_for_try
    from levelhead.learning.trying import run_claimed

    proposal = ask_for_try(agency=of, by=None, at_once=True)
    proposal = run_claimed(proposal)
    if as_json:
        click.echo(json.dumps(_as_json(proposal)))
        return
    _tell(proposal)
    if proposal.adapter_hash:
        click.echo(
            f"Nothing changed yet. `levelhead learn accept --agency {of.slug} --by EMAIL` puts it "
            "in force; `decline` sets it aside."
        )


@command.command("accept")
@click.option("--number", type=int, help="Which proposal; the newest without it.")
@AGENCY
@BY
@AS_JSON
def accept(number: int | None, agency: str | None, email: str, as_json: bool) -> None:
    """Put a proposal in force for the posts to come. What is filed keeps its label."""
    of = _agency(agency)
    from levelhead.learning import actions

    proposal = actions.accept(agency=of, number=_number(of, number), by=_person(email))
    if as_json:
        click.echo(json.dumps(_as_json(proposal)))
    else:
        click.echo(
            f"Proposal {proposal.number} is in force for {of.name}, without a restart. Take it "
            f"back: levelhead learn revert --agency {of.slug} --by {email}"
        )


@command.command("decline")
@click.option("--number", type=int, help="Which proposal; the newest without it.")
@AGENCY
@BY
@AS_JSON
def decline(number: int | None, agency: str | None, email: str, as_json: bool) -> None:
    """Set a proposal aside; it can be accepted later all the same."""
    of = _agency(agency)
    from levelhead.learning import actions

    proposal = actions.decline(agency=of, number=_number(of, number), by=_person(email))
    if as_json:
        click.echo(json.dumps(_as_json(proposal)))
    else:
        click.echo(f"Proposal {proposal.number} is set aside. Nothing changed.")


@command.command("revert")
@AGENCY
@BY
@AS_JSON
def revert(agency: str | None, email: str, as_json: bool) -> None:
    """Take back what is in force; what was in force before it is again."""
    of = _agency(agency)
    from levelhead.learning import actions

    taken_back, now = actions.revert(agency=of, by=_person(email))
    if as_json:
        click.echo(json.dumps({**_as_json(taken_back), "in_force": now.number if now else None}))
    else:
        then = f"Proposal {now.number} is in force again." if now else "The shipped models remain."
        click.echo(f"Proposal {taken_back.number} is taken back. {then}")


@command.command("status")
@AGENCY
@AS_JSON
def status(agency: str | None, as_json: bool) -> None:
    """How many corrections there are, what was tried, and what is in force."""
    of = _agency(agency)
    from levelhead.learning.queries import look_up_standing

    standing = look_up_standing(of)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "agency": of.slug,
                    "corrections": standing.corrections,
                    "needed": standing.needed,
                    "in_force": standing.accepted.number if standing.accepted else None,
                    "in_force_fits": standing.accepted_fits,
                    "proposals": [_as_json(proposal) for proposal in standing.history],
                }
            )
        )
        return
    click.echo(f"{of.name}: {standing.corrections} corrections; {standing.needed} are needed.")
    if standing.accepted is None:
        click.echo("In force: the shipped models alone.")
    elif standing.accepted_fits:
        click.echo(f"In force: proposal {standing.accepted.number}.")
    else:
        click.echo(
            f"Proposal {standing.accepted.number} was made for other models and is not applied. "
            "Try again what can be learned."
        )
    for proposal in standing.history:
        _tell(proposal)


def _number(agency: Agency, given: int | None) -> int:
    from levelhead.kernel.errors import Invalid
    from levelhead.learning.models import Proposal

    if given is not None:
        return given
    newest = Proposal.objects.filter(agency=agency).order_by("-number").first()
    if newest is None:
        raise Invalid("Nothing was tried yet. `levelhead learn try` does.")
    return newest.number


def _as_json(proposal: Proposal) -> dict[str, Any]:
    return {
        "number": proposal.number,
        "state": str(proposal.state),
        "why_not": proposal.why_not,
        "figures": proposal.measured,
        "adapter": proposal.adapter_hash,
        "base": proposal.base,
    }


# What each part of the figures is called.
_ROWS = {
    "corrections": "Corrected posts, held out in turn",
    "kept": "Posts left as they were, held out",
    "suite": "Built-in suite",
    "grave": "  its emergencies and removables",
}


def _tell(proposal: Proposal) -> None:
    from levelhead.learning.domain import WHY_NOT

    click.echo(f"Proposal {proposal.number}: {proposal.state}")
    if proposal.why_not:
        click.echo(f"  {WHY_NOT[proposal.why_not]}")
    measured = proposal.measured
    if not measured:
        return
    click.echo(
        f"  {'right, of':<36} {'posts':>6} {'before':>7} {'after':>7} "
        f"{'newly right':>12} {'newly wrong':>12} {'net':>10}"
    )
    for name, title in _ROWS.items():
        _tell_row(title, measured[name])
    for label, share in measured["by_label"].items():
        _tell_row(f"  corrected to {label}", share)
    if proposal.adapter_hash:
        _warn(measured)


def _tell_row(title: str, share: dict[str, int]) -> None:
    click.echo(
        f"  {title:<36} {share['count']:>6} {share['before']:>7} {share['after']:>7} "
        f"{share['gained']:>12} {share['lost']:>12} {_net(share):>10}"
    )


def _net(share: dict[str, int]) -> str:
    net = share["after"] - share["before"]
    return f"{net} more" if net > 0 else f"{-net} fewer" if net < 0 else "as many"


def _warn(measured: dict[str, Any]) -> None:
    """What speaks against accepting it."""
    from levelhead.analysis.shipped import FEWEST

    for name, title in _ROWS.items():
        if measured[name]["after"] < measured[name]["before"]:
            click.echo(f"  Worse: {title.strip()}, {_net(measured[name])} right than before.")
    if measured["kept"]["count"] < FEWEST:
        click.echo(
            f"  Only {measured['kept']['count']} posts were left as labelled; corrections alone "
            "teach only one side."
        )
