"""Addresses of an agency's people, below /<agency>/settings/people/."""

from __future__ import annotations

from django.urls import path

from levelhead.accounts import people_views

urlpatterns = [
    path("", people_views.people, name="people"),
    path("add/", people_views.add, name="person-add"),
    path("<row:user_id>/role/", people_views.role, name="person-role"),
    path("<row:user_id>/end/", people_views.end, name="person-end"),
    path("<row:user_id>/back/", people_views.give_back, name="person-back"),
    path("<row:user_id>/password/", people_views.password, name="person-password"),
]
