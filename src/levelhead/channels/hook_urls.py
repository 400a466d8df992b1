"""Where platforms call, below /hooks/."""

from __future__ import annotations

from django.urls import path

from levelhead.channels import views

urlpatterns = [path("<row:channel_id>/", views.hook, name="hook")]
