"""Addresses of issues, below /<agency>/issues/."""

from __future__ import annotations

from django.urls import path

from levelhead.issues import views, work

urlpatterns = [
    path("", views.issues, name="issues"),
    path("new/", views.new, name="issue-new"),
    path("topic/<row:topic_id>/add/", work.add_topic, name="issue-add-topic"),
    path("of/<row:post_id>/add/", work.add_conversation, name="issue-add-conversation"),
    path("<row:issue_id>/", views.issue, name="issue"),
    path("<row:issue_id>/test/", views.test, name="issue-test"),
    path("<row:issue_id>/fact-sheet/", views.fact_sheet, name="issue-fact-sheet"),
    path("<row:issue_id>/name/", work.rename, name="issue-rename"),
    path("<row:issue_id>/level/", work.level, name="issue-level"),
    path("<row:issue_id>/owner/", work.give, name="issue-give"),
    path("<row:issue_id>/findings/", work.findings, name="issue-findings"),
    path("<row:issue_id>/facts/add/", work.add_fact, name="issue-add-fact"),
    path("<row:issue_id>/facts/<row:fact_id>/approve/", work.approve, name="issue-approve-fact"),
    path("<row:issue_id>/facts/<row:fact_id>/withdraw/", work.withdraw, name="issue-withdraw-fact"),
    path("<row:issue_id>/themes/add/", work.add_theme, name="issue-add-theme"),
    path("<row:issue_id>/themes/<row:theme_id>/drop/", work.drop_theme, name="issue-drop-theme"),
    path("<row:issue_id>/topics/<row:topic_id>/out/", work.topic_out, name="issue-topic-out"),
    path(
        "<row:issue_id>/conversations/<row:conversation_id>/out/",
        work.conversation_out,
        name="issue-conversation-out",
    ),
    path("<row:issue_id>/close/", work.close, name="issue-close"),
    path("<row:issue_id>/reopen/", work.reopen, name="issue-reopen"),
]
