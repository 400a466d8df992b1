"""Addresses of commitments, below /<agency>/commitments/."""

from __future__ import annotations

from django.urls import path

from levelhead.commitments import public_views, views

urlpatterns = [
    path("", views.commitments, name="commitments"),
    path("register/", public_views.turn, name="register-turn"),
    path("<row:commitment_id>/", views.commitment, name="commitment"),
    path("<row:commitment_id>/accept/", views.accept, name="commitment-accept"),
    path("<row:commitment_id>/no-promise/", views.refuse, name="commitment-refuse"),
    path("<row:commitment_id>/kept/", views.keep, name="commitment-keep"),
    path("<row:commitment_id>/dropped/", views.drop, name="commitment-drop"),
    path("<row:commitment_id>/reopen/", views.reopen, name="commitment-reopen"),
    path("<row:commitment_id>/owner/", views.give, name="commitment-give"),
    path("<row:commitment_id>/due/", views.due, name="commitment-due"),
    path("<row:commitment_id>/publish/", public_views.publish, name="commitment-publish"),
    path("<row:commitment_id>/unpublish/", public_views.unpublish, name="commitment-unpublish"),
    path("of/<row:post_id>/add/", views.add, name="commitment-add"),
    path("of/<row:post_id>/draft/", views.draft, name="commitment-draft"),
]
