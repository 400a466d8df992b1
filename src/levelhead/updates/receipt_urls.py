"""Addresses of receipts, below /<agency>/incidents/."""

from __future__ import annotations

from django.urls import path

from levelhead.updates import receipt_views as views

urlpatterns = [
    path("<row:incident_id>/channels/", views.channels, name="incident-channels"),
    path("<row:incident_id>/channels/<row:delivery_id>/again/", views.retry, name="receipt-retry"),
    path(
        "<row:incident_id>/channels/<row:delivery_id>/without/",
        views.do_without,
        name="receipt-without",
    ),
    path(
        "<row:incident_id>/channels/<row:delivery_id>/after-all/",
        views.send_after_all,
        name="receipt-after-all",
    ),
]
