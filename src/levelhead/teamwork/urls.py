"""Addresses of working together, below /<agency>/inbox/."""

from __future__ import annotations

from django.urls import path

from levelhead.teamwork import views

urlpatterns = [
    path("views/", views.views, name="views"),
    path("views/save/", views.save, name="view-save"),
    path("views/<row:view_id>/", views.change, name="view-change"),
    path("views/<row:view_id>/delete/", views.delete, name="view-delete"),
    path("views/<row:view_id>/restore/", views.restore, name="view-restore"),
]
