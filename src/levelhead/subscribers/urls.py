"""Addresses of subscriptions, below /public/<agency>/<incident>/."""

from __future__ import annotations

from django.urls import path

from levelhead.subscribers import views

urlpatterns = [
    path("<slug:slug>/subscribe/", views.ask, name="subscribe"),
    path("<slug:slug>/subscribe/<str:token>/", views.confirm, name="subscribe-confirm"),
    path("<slug:slug>/unsubscribe/<str:token>/", views.end, name="unsubscribe"),
]
