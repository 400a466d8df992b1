"""Addresses of drafts by a model, below /<agency>/drafting/."""

from __future__ import annotations

from django.urls import path

from levelhead.drafting import views

urlpatterns = [
    path("of/<row:post_id>/ask/", views.ask, name="drafting-ask"),
    path("of/<row:post_id>/", views.look, name="drafting-look"),
    path("<row:made_id>/cancel/", views.stop, name="drafting-cancel"),
]
