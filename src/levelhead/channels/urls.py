"""Addresses of the channels."""

from __future__ import annotations

from django.urls import path

from levelhead.channels import views

urlpatterns = [path("", views.channels, name="channels")]
