"""Addresses of rumors, below /<agency>/rumors/."""

from __future__ import annotations

from django.urls import path

from levelhead.rumors import views

urlpatterns = [
    path("of/<row:incident_id>/", views.rumors, name="rumors"),
    path("of/<row:incident_id>/add/", views.add, name="rumor-add"),
    path("post/<row:post_id>/", views.from_post, name="rumor-from-post"),
    path("<row:rumor_id>/", views.rumor, name="rumor"),
    path("<row:rumor_id>/posts/", views.link, name="rumor-link"),
    path("<row:rumor_id>/posts/remove/", views.unlink, name="rumor-unlink"),
    path("<row:rumor_id>/change/", views.change, name="rumor-change"),
    path("<row:rumor_id>/answer/", views.answer, name="rumor-answer"),
]
