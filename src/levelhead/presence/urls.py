"""Addresses of presence, below /<agency>/presence/."""

from __future__ import annotations

from django.urls import path

from levelhead.presence import views

urlpatterns = [
    path("marks/", views.marks, name="presence-marks"),
    path("<row:post_id>/", views.look, name="presence"),
    path("<row:post_id>/here/", views.here, name="presence-here"),
    path("<row:post_id>/gone/", views.gone, name="presence-gone"),
]
