"""Addresses of notifications, below /<agency>/notifications/."""

from __future__ import annotations

from django.urls import path

from levelhead.notifications import views

urlpatterns = [
    path("", views.notifications, name="notifications"),
    path("read/", views.read_all, name="notifications-read-all"),
    path("unread/", views.unread_all, name="notifications-unread-all"),
    path("preferences/", views.preferences, name="notification-preferences"),
    path("preferences/duty/", views.duty, name="notification-duty"),
    path("deliveries/<row:delivery_id>/again/", views.send_again, name="notification-again"),
    path("<row:notification_id>/", views.notification, name="notification"),
    path("<row:notification_id>/read/", views.read, name="notification-read"),
]
