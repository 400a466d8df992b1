"""The address in a call, below /alert/: for whoever was called, signed in or not."""

from __future__ import annotations

from django.urls import path

from levelhead.alerts import views

urlpatterns = [path("<str:token>/", views.link, name="alert-link")]
