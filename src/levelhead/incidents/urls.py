"""Addresses of incidents, below /<agency>/incidents/."""

from __future__ import annotations

from django.urls import path

from levelhead.incidents import guest_views, views, work

urlpatterns = [
    path("", views.incidents, name="incidents"),
    path("declare/", views.declare, name="incident-declare"),
    path("<row:incident_id>/", views.incident, name="incident"),
    path("<row:incident_id>/level/", work.level, name="incident-level"),
    path("<row:incident_id>/name/", work.name, name="incident-name"),
    path("<row:incident_id>/over/", work.over, name="incident-over"),
    path("<row:incident_id>/again/", work.again, name="incident-again"),
    path("<row:incident_id>/role/", work.role, name="incident-role"),
    path("<row:incident_id>/note/", work.note, name="incident-note"),
    path("<row:incident_id>/release/<row:scheduled_id>/", work.release, name="incident-release"),
    path("join/<row:guest_id>/", guest_views.join, name="incident-join"),
    path("<row:incident_id>/invite/", guest_views.invite, name="incident-invite"),
    path(
        "<row:incident_id>/guests/<row:guest_id>/end/", guest_views.end, name="incident-guest-end"
    ),
    path("<row:incident_id>/log/", work.log, name="incident-log"),
    path("<row:incident_id>/log.csv", work.log_csv, name="incident-log-csv"),
]
