"""Addresses of keys for programs, below the settings of an agency."""

from __future__ import annotations

from django.urls import path

from levelhead.api import views

urlpatterns = [
    path("", views.tokens, name="api-tokens"),
    path("<row:token_id>/revoke/", views.revoke, name="api-token-revoke"),
]
