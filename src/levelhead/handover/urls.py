"""Addresses of handovers, below /<agency>/handover/."""

from __future__ import annotations

from django.urls import path

from levelhead.handover import views

urlpatterns = [
    path("", views.handovers, name="handovers"),
    path("new/", views.write, name="handover-new"),
    path("<row:handover_id>/", views.handover, name="handover"),
    path("<row:handover_id>/take/", views.take, name="handover-take"),
    path("<row:handover_id>/withdraw/", views.withdraw, name="handover-withdraw"),
]
