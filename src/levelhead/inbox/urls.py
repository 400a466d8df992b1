"""Addresses of the desk, below /<agency>/inbox/."""

from __future__ import annotations

from django.urls import path

from levelhead.inbox import bulk_views, joining_views, note_views, splitting_views, views
from levelhead.replies import views as replies

urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("let-stand/", views.let_stand, name="let-stand"),
    path("assign/", bulk_views.assign_many, name="assign-many"),
    path("label/", bulk_views.label_many, name="label-many"),
    path("undo-many/", bulk_views.undo_many, name="undo-many"),
    path("like/<row:cluster>/", bulk_views.like, name="like"),
    path("join/", joining_views.join, name="join"),
    path("joined/<row:joining_id>/undo/", joining_views.join_undo, name="join-undo"),
    path("joined/<row:joining_id>/apart/", joining_views.apart, name="join-apart"),
    path("split/<row:splitting_id>/undo/", splitting_views.split_undo, name="split-undo"),
    path("split/<row:splitting_id>/back/", splitting_views.split_back, name="split-back"),
    path("<row:post_id>/split/", splitting_views.split, name="split"),
    path("undo/", views.undo_let_stand, name="undo-let-stand"),
    path("<row:post_id>/", views.conversation, name="conversation"),
    path("<row:post_id>/assign/", views.assign, name="assign"),
    path("<row:post_id>/decide/", views.decide, name="decide"),
    path("<row:post_id>/note/", views.note, name="note"),
    path("<row:post_id>/note/<row:note_id>/", note_views.edit_note, name="note-edit"),
    path("<row:post_id>/notes/", note_views.notes, name="notes"),
    path("<row:post_id>/snooze/", views.snooze, name="snooze"),
    path("<row:post_id>/wake/", views.wake, name="wake"),
    path("<row:post_id>/close/", views.close, name="close"),
    path("<row:post_id>/reopen/", views.reopen, name="reopen"),
    path("<row:post_id>/reply/", replies.send, name="reply"),
    path("<row:post_id>/check/", replies.check, name="reply-check"),
    path("replies/<row:reply_id>/withdraw/", replies.withdraw, name="reply-withdraw"),
    path("replies/<row:reply_id>/retry/", replies.retry, name="reply-retry"),
]
