"""Addresses of topics, below /<agency>/topics/."""

from __future__ import annotations

from django.urls import path

from levelhead.topics import views

urlpatterns = [
    path("", views.topics, name="topics"),
    path("<row:topic_id>/", views.topic, name="topic"),
    path("<row:topic_id>/ordinary/", views.ordinary, name="topic-ordinary"),
    path("<row:topic_id>/again/", views.again, name="topic-again"),
]
