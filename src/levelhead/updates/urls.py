"""Addresses of updates, below /<agency>/incidents/<incident>/."""

from __future__ import annotations

from django.urls import path

from levelhead.updates import picture_views, views

urlpatterns = [
    path("update/", views.write, name="update-write"),
    path("updates/<row:number>/", views.update, name="update"),
    path("pictures/<row:picture_id>/", picture_views.picture, name="update-picture"),
    path("updates/retry/<row:delivery_id>/", views.retry, name="update-retry"),
]
