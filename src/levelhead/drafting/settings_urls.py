"""Addresses of drafting's settings, below the settings of an agency."""

from __future__ import annotations

from django.urls import path

from levelhead.drafting import settings_views

urlpatterns = [
    path("", settings_views.drafting, name="drafting-settings"),
    path("try/", settings_views.try_it, name="drafting-try"),
]
