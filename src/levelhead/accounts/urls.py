"""Addresses of people and agencies."""

from __future__ import annotations

from allauth.account import views as sign_in
from django.urls import path

from levelhead.accounts import people_views, views

# Only what invited people need of allauth: nobody signs up, and no mail is sent yet.
sign_in_patterns = [
    path("login/", sign_in.login, name="account_login"),
    path("logout/", sign_in.logout, name="account_logout"),
    path("inactive/", sign_in.account_inactive, name="account_inactive"),
    path("signup/", views.sign_up_closed, name="account_signup"),
]
urlpatterns = [
    path("", views.home, name="home"),
    path("me/", views.me, name="me"),
    path("me/password/", people_views.own_password, name="own-password"),
]
agency_patterns = [
    path("", views.agency_home, name="agency"),
    path("settings/", views.agency_settings, name="agency-settings"),
]
