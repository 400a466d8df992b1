"""Addresses of the after-action report, below /<agency>/incidents/<incident>/after/."""

from __future__ import annotations

from django.urls import path

from levelhead.afteraction import views

urlpatterns = [
    path("", views.after_action, name="after-action"),
    path("report.csv", views.as_csv, name="after-action-csv"),
    path("report.pdf", views.as_pdf, name="after-action-pdf"),
    path("lesson/", views.lesson, name="after-action-lesson"),
]
