"""Addresses of facts, below /<agency>/incidents/<incident>/facts/."""

from __future__ import annotations

from django.urls import path

from levelhead.ledger import views

urlpatterns = [
    path("", views.facts, name="facts"),
    path("add/", views.add, name="fact-add"),
    path("<row:fact_id>/", views.fact, name="fact"),
    path("<row:fact_id>/confirm/", views.confirm, name="fact-confirm"),
    path("<row:fact_id>/change/", views.change, name="fact-change"),
    path("<row:fact_id>/false/", views.false, name="fact-false"),
    path("<row:fact_id>/replaced/", views.supersede, name="fact-supersede"),
    path("<row:fact_id>/again/", views.recheck, name="fact-recheck"),
]
