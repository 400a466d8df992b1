"""Addresses of public pages, below /public/<agency>/."""

from __future__ import annotations

from django.urls import path, re_path

from levelhead.publicpage import views

urlpatterns = [
    path("", views.public_file, name="public-front"),
    re_path(r"^(?P<rest>(?:[0-9][-a-z0-9]*/)?[-.a-z0-9]*)$", views.public_file, name="public-file"),
]
