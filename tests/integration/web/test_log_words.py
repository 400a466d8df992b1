"""Every action that goes on the record has words on the screens."""

from __future__ import annotations

import re
from pathlib import Path

import levelhead
from levelhead.records.queries import ACTIONS

SOURCE = Path(levelhead.__file__).parent
ACTION = re.compile(r'"((?:person|channel|outbox|system|colleague|mail):[a-z]+:[a-z_]+)"')
# channels/outbox.py builds these from the state that an item ended in.
BUILT = {
    "outbox:message:sent",
    "outbox:message:failed",
    # research/mailing.py and research/arriving.py do the same.
    "mail:message:sent",
    "mail:message:failed",
    "mail:message:unclear",
    "mail:research:late",
    "mail:research:automatic",
    "mail:research:bounce",
    # corrections/actions.py from how one was settled.
    "person:correction:corrected",
    "person:correction:decided",
    "person:correction:unsaid",
    # silence/watching.py from the stage of the wait.
    "system:silence:soon",
    "system:silence:out",
}


def test_every_action_has_words_and_no_words_are_left_over() -> None:
    written = {
        action
        for file in SOURCE.rglob("*.py")
        if file != SOURCE / "records" / "queries.py"
        for action in ACTION.findall(file.read_text(encoding="utf-8"))
    }
    assert set(ACTIONS) - written == BUILT
    # records/domain.py shows one as an example.
    assert written - set(ACTIONS) - {"channel:post:received"} == set()
