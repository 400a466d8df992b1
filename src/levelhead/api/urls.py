"""Addresses of the API, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from levelhead.api.app import api

urlpatterns = [path("", api.urls)]
