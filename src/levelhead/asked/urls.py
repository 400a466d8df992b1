"""Addresses of what is asked often, below /<agency>/knowledge/asked/."""

from __future__ import annotations

from django.urls import path

from levelhead.asked import views

urlpatterns = [
    path("", views.asked, name="asked"),
    path("<row:group_id>/", views.asked_one, name="asked-one"),
    path("<row:group_id>/aside/", views.set_aside, name="asked-aside"),
    path("<row:group_id>/back/", views.bring_back, name="asked-back"),
    path("<row:group_id>/part/", views.part_of, name="asked-part"),
]
