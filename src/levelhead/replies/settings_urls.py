"""How replies leave and how long answers are posted, below an agency's settings."""

from __future__ import annotations

from django.urls import path

from levelhead.replies import sending_views, settings_views

urlpatterns = [
    path("posting/", settings_views.posting, name="reply-posting"),
    path("sending/", sending_views.sending, name="reply-sending"),
]
