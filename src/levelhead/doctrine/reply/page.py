"""The reference page of the reply check, written from the rules themselves.

`python -m levelhead.doctrine.reply.page > docs/reference/reply-check.md` renews it; a test fails
while the page and the rules differ.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from levelhead.doctrine.reply.domain import RECENT_REPLIES, Severity
from levelhead.doctrine.reply.rulebook import Example, ReplyRule, RuleBook, load_rulebook

_SHOWN_EXAMPLES = 3
_LONGEST_SHOWN = 160
_INTRO = """\
# Reply check

Written from `src/levelhead/doctrine/data/reply_check.yaml` (version {version}); do not edit by
hand. [Answering well](../explanation/answering-well.md) tells why.

The check advises; a person sends. `note` is worth a thought, `warn` should be changed or left with
a reason, `stop` needs somebody with the authority.

## The command

`levelhead check-reply` reads JSON Lines from standard input and writes one line for each, in
order. It needs no database and no network.

| field in | meaning |
| --- | --- |
| `id` | anything; comes back |
| `post` | what is answered; may be missing |
| `draft` | the reply |
| `platform` | {platforms}; any other has no limit |
| `context.incident` | whether an incident is running: stricter grade, more gates |
| `context.facts` | approved statements: texts, or `{{"statement", "status"}}` if confirmed |
| `context.recent_replies` | the agency's last replies, newest last; {recent} are read |
| `context.thread_replies` | how many replies the agency has in this thread, or the replies |
| `context.lang` | language of the person who asked |
| `context.ui_lang` | language of the explanations; `--lang` goes before it, `lang` behind it |
| `context.now` | ISO time from which "tomorrow" is counted; without it the clock's |

Out comes `{{"id", "findings": [...]}}`, each finding with `rule`, `severity`, `span`, `why` and
`suggestion`. `span` counts code points of the draft; `[n, n]` stands where something is missing. A
line that cannot be read gives `{{"id", "error"}}`, the rest is done, and the exit status is 3. Of a
draft, the first 100,000 characters are read.

## The rules

| rule | says | can be |
| --- | --- | --- |
"""


def render_page(book: RuleBook) -> str:
    """The page, in Markdown."""
    platforms = ", ".join(f"`{name}` ({limit:,})" for name, limit in book.platforms.items())
    parts = [_INTRO.format(version=book.version, platforms=platforms, recent=RECENT_REPLIES)]
    for rule in book.rules.values():
        names = {case.severity for case in rule.cases.values()}
        heights = ", ".join(one.value for one in Severity if one in names)
        parts.append(f"| `{rule.name.value}` | {rule.title['en']} | {heights} |\n")
    parts += ["\n" + "\n".join(_describe(rule)) for rule in book.rules.values()]
    return "".join(parts).rstrip() + "\n"


def _describe(rule: ReplyRule) -> Iterator[str]:
    yield f"### {rule.name.value}"
    yield ""
    yield f"{rule.title['en']}. Source: {rule.source.rstrip('.')}."
    yield ""
    for case in rule.cases.values():
        where = ", only in an incident" if case.only_in_incident else ""
        yield f"- `{case.severity.value}`{where}: {case.why['en']} {case.suggestion['en']}"
    yield ""
    yield f"Fires on: {_show(rule.fires)}."
    yield ""
    yield f"Stays silent on: {_show(rule.silent)}."
    yield ""


def _show(examples: tuple[Example, ...]) -> str:
    texts = [" ".join(one.draft.removesuffix(" — Ana").split()) for one in examples]
    short = [text for text in texts if len(text) <= _LONGEST_SHOWN and "`" not in text]
    return "; ".join(f"`{text}`" for text in short[:_SHOWN_EXAMPLES])


if __name__ == "__main__":
    sys.stdout.write(render_page(load_rulebook()))
