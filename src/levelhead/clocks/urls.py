"""Addresses of clocks, below /<agency>/clocks/."""

from __future__ import annotations

from django.urls import path

from levelhead.clocks import views

urlpatterns = [
    path("", views.report, name="clocks"),
    path("table.csv", views.report_csv, name="clocks-csv"),
    path("of/<row:post_id>/pause/", views.pause, name="clock-pause"),
    path("of/<row:post_id>/resume/", views.resume, name="clock-resume"),
]
