"""`levelhead doctor`: looks the installation over and says what to do."""

from __future__ import annotations

import json
import sys

import click

_SIGNS = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "bad": ("BAD ", "red")}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON at the end.")
def command(as_json: bool) -> None:
    """Look everything over; exit status 1 where something does not work."""
    from levelhead.ops.doctor import Verdict, examine

    findings = []
    for finding in examine():
        findings.append(finding)
        if as_json:
            continue
        sign, color = _SIGNS[finding.verdict.value]
        click.echo(f"{click.style(sign, fg=color)}  {finding.check:<9} {finding.sentence}")
        if finding.remedy:
            click.echo(f"{'':17}-> {finding.remedy}")
    well = all(finding.verdict is not Verdict.BAD for finding in findings)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "ok": well,
                    "findings": [
                        {
                            "check": finding.check,
                            "verdict": finding.verdict.value,
                            "sentence": finding.sentence,
                            "remedy": finding.remedy,
                        }
                        for finding in findings
                    ],
                }
            )
        )
    if not well:
        sys.exit(1)
