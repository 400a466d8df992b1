"""Addresses of alerts, below /<agency>/alerts/."""

from __future__ import annotations

from django.urls import path

from levelhead.alerts import views

urlpatterns = [
    path("", views.alerts, name="alerts"),
    path("<row:alert_id>/acknowledge/", views.acknowledge, name="alert-acknowledge"),
    path("shifts/add/", views.add_shift, name="shift-add"),
    path("shifts/<row:shift_id>/end/", views.end_shift, name="shift-end"),
    path("settings/", views.settings, name="alert-settings"),
    path("settings/rules/", views.rules, name="alert-rules"),
    path("settings/person/", views.person, name="alert-person"),
    path("settings/targets/add/", views.add_target, name="target-add"),
    path("settings/targets/<row:target_id>/remove/", views.remove_target, name="target-remove"),
    path("settings/targets/<row:target_id>/try/", views.try_target, name="target-try"),
]
