"""Addresses of drafts, below /<agency>/drafts/."""

from __future__ import annotations

from django.urls import path

from levelhead.drafts import views

urlpatterns = [
    path("of/<row:post_id>/", views.drafts, name="drafts"),
    path("of/<row:post_id>/save/", views.save, name="draft-save"),
    path("of/<row:post_id>/new/", views.start, name="draft-new"),
    path("of/<row:post_id>/take-over/", views.take_over, name="pen-take-over"),
    path("<row:draft_id>/open/", views.switch, name="draft-open"),
    path("<row:draft_id>/delete/", views.delete, name="draft-delete"),
    path("<row:draft_id>/restore/", views.restore, name="draft-restore"),
    path("<row:draft_id>/copy/", views.copy, name="draft-copy"),
    path("<row:draft_id>/version/", views.bring_back, name="draft-version"),
]
