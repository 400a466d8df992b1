"""Addresses of Today, below /<agency>/today/."""

from __future__ import annotations

from django.urls import path

from levelhead.today import views

urlpatterns = [
    path("", views.today, name="today"),
    path("let-stand/", views.let_stand, name="today-let-stand"),
    path("undo/", views.undo, name="today-undo"),
    path("<slug:section>/", views.part, name="today-part"),
]
