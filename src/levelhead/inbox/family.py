"""What shows as one conversation: reads for whatever hangs on conversations."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from levelhead.inbox.models import Conversation


def family_of(conversation_id: int) -> QuerySet[Conversation, int]:
    """Ids of a conversation, of those that were joined with it, and of those that it took in.

    Notes and links stay with the conversation they were made in; a screen asks for all of these.
    """
    return Conversation.objects.filter(
        Q(pk=conversation_id)
        | Q(joined_into=conversation_id)
        | Q(merged_into=conversation_id, joined_into=None)
    ).values_list("pk", flat=True)
