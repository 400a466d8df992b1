"""Addresses of learning, below the settings of an agency."""

from __future__ import annotations

from django.urls import path

from levelhead.learning import views

urlpatterns = [
    path("", views.learning, name="learning"),
    path("try/", views.ask, name="learning-try"),
    path("revert/", views.revert, name="learning-revert"),
    path("<row:number>/accept/", views.accept, name="learning-accept"),
    path("<row:number>/decline/", views.decline, name="learning-decline"),
]
