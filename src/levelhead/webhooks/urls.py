"""Addresses of webhooks, below the settings of an agency."""

from __future__ import annotations

from django.urls import path

from levelhead.webhooks import views

urlpatterns = [
    path("", views.webhooks, name="webhooks"),
    path("<row:target_id>/pause/", views.pause, name="webhook-pause"),
    path("<row:target_id>/resume/", views.resume, name="webhook-resume"),
    path("<row:target_id>/remove/", views.remove, name="webhook-remove"),
]
