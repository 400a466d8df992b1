"""Addresses of the channels."""

from __future__ import annotations

from django.urls import path

from levelhead.channels import views

hook_patterns = [path("<int:channel_id>/", views.hook, name="hook")]
urlpatterns = [path("", views.channels, name="channels")]
