"""From the rows of research, issues, clocks, topics and joinings to the JSON of `shapes_rooms`."""

from __future__ import annotations

from levelhead.api import shapes_rooms as shapes
from levelhead.api.telling import tell_person
from levelhead.clocks.domain import ClockKind
from levelhead.clocks.reporting import Report, RunningCase
from levelhead.drafting.domain import MadeState, Trouble
from levelhead.drafting.models import MadeDraft
from levelhead.inbox.joined_page import Joined
from levelhead.inbox.models import Case, Joining, Splitting
from levelhead.issues.models import Issue, IssueFact
from levelhead.issues.queries import Evidence
from levelhead.kernel import clock
from levelhead.research.models import ResearchRequest
from levelhead.topics.models import Topic
from levelhead.topics.queries import Hours


def tell_joining(one: Joining) -> shapes.Joining:
    """What was joined, and whether it still is."""
    return shapes.Joining(
        id=str(one.pk), part=str(one.part_id), whole=str(one.whole_id),
        part_case=str(one.part_post_id), whole_case=str(one.whole_post_id), reason=one.reason,
        by=tell_person(one.by), at=one.at, undone_at=one.undone_at,
    )  # fmt: skip


def tell_splitting(one: Splitting) -> shapes.Splitting:
    """What was split off, and whether it still is."""
    return shapes.Splitting(
        id=str(one.pk), source=str(one.source_id), made=str(one.made_id), case=str(one.post_id),
        reason=one.reason, by=tell_person(one.by), at=one.at, undone_at=one.undone_at,
    )  # fmt: skip


def tell_conversation(case: Case, joined: Joined | None) -> shapes.Conversation:
    """The conversation of a case as `find_case` gives it."""
    return shapes.Conversation(
        id=str(case.conversation_id),
        shape=case.post.conversation.shape,
        joinings=[tell_joining(one) for one in joined.joinings] if joined else [],
        split_from=tell_splitting(joined.split_from.splitting)
        if joined and joined.split_from
        else None,
        split_off=[tell_splitting(one.splitting) for one in joined.split_off] if joined else [],
    )


def _research(one: ResearchRequest) -> dict[str, object]:
    return {
        "id": str(one.pk), "case": str(one.case_id), "kind": one.kind, "question": one.question,
        "to_name": one.to_name, "to_email": one.to_email, "state": one.state,
        "asked_by": tell_person(one.asked_by), "asked_at": one.asked_at, "due_at": one.due_at,
        "by_mail": one.by_mail, "bounced": one.bounced_at is not None,
        "overdue": one.state in ("waiting", "not_mine") and one.due_at < clock.now(),
        "version": one.version,
    }  # fmt: skip


def tell_research(one: ResearchRequest) -> shapes.Research:
    """A question as the list has it."""
    return shapes.Research.model_validate(_research(one))


def tell_research_whole(one: ResearchRequest) -> shapes.ResearchWhole:
    """A question with what came back."""
    return shapes.ResearchWhole.model_validate(
        {
            **_research(one),
            "answer": one.answer,
            "answered_by": one.answered_by,
            "answered_at": one.answered_at,
            "proposed_email": one.proposed_email,
            "proposed_note": one.proposed_note,
            "released_text": one.released_text,
            "released_by": tell_person(one.released_by) if one.released_by else None,
            "released_at": one.released_at,
            "closing_note": one.closing_note,
        }
    )


def _issue(one: Issue) -> dict[str, object]:
    return {
        "id": str(one.pk), "name": one.name, "state": one.state, "level": one.level,
        "owner": tell_person(one.owner), "opened_at": one.opened_at, "closed_at": one.closed_at,
        "version": one.version,
    }  # fmt: skip


def tell_issue_row(one: Issue) -> shapes.IssueRow:
    """An issue as the list has it."""
    return shapes.IssueRow.model_validate(_issue(one))


def tell_issue(one: Issue, facts: list[IssueFact], evidence: Evidence) -> shapes.Issue:
    """An issue with its facts and what speaks for its level."""
    told = evidence.as_json()
    for topic in told["topics"]:
        topic["topic"] = str(topic["topic"])
        topic["examples"] = [str(pk) for pk in topic["examples"]]
    told["conversations"] = [[str(pk), posts] for pk, posts in told["conversations"]]
    return shapes.Issue.model_validate(
        {
            **_issue(one),
            "level_why": one.level_why,
            "level_by": tell_person(one.level_by) if one.level_by else None,
            "level_at": one.level_at,
            "root_cause": one.root_cause,
            "done": one.done,
            "outcome": one.outcome,
            "closed_why": one.closed_why,
            "facts": [tell_fact(fact) for fact in facts],
            "evidence": told,
        }
    )


def tell_fact(fact: IssueFact) -> shapes.Fact:
    """A statement about an issue."""
    return shapes.Fact(
        id=str(fact.pk), text=fact.text, source=fact.source, state=fact.state,
        by=tell_person(fact.by), at=fact.at,
    )  # fmt: skip


def tell_topic(topic: Topic, hours: Hours) -> shapes.Topic:
    """What many write about."""
    return shapes.Topic(
        id=str(topic.pk), name=topic.name, terms=topic.term_list, state=topic.state,
        level=topic.level, reasons=topic.reason_list, posts=topic.posts,
        baseline=round(topic.baseline, 2), authors=topic.spread, counted=topic.counted,
        examples=[str(pk) for pk in topic.example_ids],
        hours=[shapes.Hour(at=at, posts=posts) for at, posts in hours],
        first_seen=topic.first_seen, last_seen=topic.last_seen,
    )  # fmt: skip


def tell_clock(case: Case) -> shapes.RunningClock:
    """A case of the list that is sorted by clock."""
    due = case.due_at or clock.now()
    first = case.ack_due is not None and case.ack_met_at is None
    kind = ClockKind.FIRST_WORD if first else ClockKind.FULL_ANSWER
    return shapes.RunningClock(
        case=str(case.pk), state=case.state, due_at=due, over=due <= clock.now(), kind=kind.value,
        owner=tell_person(case.owner) if case.owner else None, channel=str(case.channel_id),
        version=case.version,
    )  # fmt: skip


def tell_clock_state(case: Case) -> shapes.ClockState:
    """The clocks of a case after a change."""
    return shapes.ClockState(
        case=str(case.pk), version=case.version, due_at=case.due_at, paused_at=case.paused_at,
        waiting_on=case.waiting_on,
    )  # fmt: skip


def tell_report(report: Report) -> shapes.ClockReport:
    """Clocks kept and missed."""

    def cases(rows: list[RunningCase]) -> list[shapes.ReportCase]:
        return [
            shapes.ReportCase(case=str(row.case.pk), name=row.name, due_at=row.case.due_at)
            for row in rows
        ]

    return shapes.ClockReport(
        days=report.asked.days,
        since=report.since,
        lines=[
            shapes.ReportLine(
                name=line.name, channel=line.channel, kind=line.kind, in_time=line.in_time,
                late=line.late, unanswered=line.unanswered, share=line.share,
            )
            for line in report.lines
        ],
        out=cases(report.out),
        soon=cases(report.soon),
    )  # fmt: skip


def tell_model_draft(made: MadeDraft) -> shapes.ModelDraft:
    """A draft by a language model; one whose process died is over."""
    dead = made.state == MadeState.ASKING and made.deadline_at < clock.now()
    return shapes.ModelDraft(
        id=str(made.pk), case=str(made.case_id),
        state=MadeState.FAILED.value if dead else made.state,
        trouble=Trouble.STOPPED.value if dead else made.trouble, said=made.said, text=made.text,
        lang=made.lang, model=made.model, host=made.host,
        sources=[
            shapes.DraftSource(
                number=one["number"], kind=one["kind"], id=one["id"], title=one["title"],
                text=one["text"],
            )
            for one in made.sources
        ],
        sentences=[
            shapes.DraftSentence(
                text=one["text"], sources=one["cites"], struck=one["struck"], what=one["what"]
            )
            for one in made.sentences
        ],
        missing=made.missing, prompt_sha256=made.prompt_sha256, answer_sha256=made.answer_sha256,
        asked_at=made.asked_at, read_by=str(made.read_by_id or ""),
        reply=str(made.reply_id or ""), changed_percent=made.changed_percent,
    )  # fmt: skip
