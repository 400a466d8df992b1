"""Addresses of the public register, below /public/<agency>/."""

from __future__ import annotations

from django.urls import path

from levelhead.commitments import public_views

urlpatterns = [path("promises/", public_views.promises, name="promises")]
