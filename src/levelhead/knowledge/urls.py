"""Addresses of knowledge, below /<agency>/knowledge/."""

from __future__ import annotations

from django.urls import path

from levelhead.knowledge import views

urlpatterns = [
    path("", views.knowledge, name="knowledge"),
    path("new/", views.new, name="answer-new"),
    path("<row:answer_id>/", views.answer, name="answer"),
    path("<row:answer_id>/edit/", views.edit, name="answer-edit"),
    path("<row:answer_id>/approve/", views.approve, name="answer-approve"),
    path("<row:answer_id>/still-true/", views.still_true, name="answer-still-true"),
    path("<row:answer_id>/retire/", views.retire, name="answer-retire"),
]
