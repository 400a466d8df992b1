"""Addresses of corrections, below /<agency>/corrections/."""

from __future__ import annotations

from django.urls import path

from levelhead.corrections import views

urlpatterns = [
    path("of/<row:incident_id>/", views.corrections, name="corrections"),
    path("of/<row:incident_id>/replies/", views.replies, name="correct-replies"),
    path("update/<row:update_id>/send/", views.send, name="correction-send"),
    path("<row:due_id>/settle/", views.settle, name="correction-settle"),
]
