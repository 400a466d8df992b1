"""Addresses of research, below /<agency>/research/."""

from __future__ import annotations

from django.urls import path

from levelhead.research import views

urlpatterns = [
    path("", views.research, name="research"),
    path("settings/", views.policy, name="research-policy"),
    path("<row:request_id>/", views.question, name="question"),
    path("<row:request_id>/withdraw/", views.withdraw, name="question-withdraw"),
    path("<row:request_id>/revoke/", views.revoke, name="question-revoke"),
    path("<row:request_id>/renew/", views.renew, name="question-renew"),
    path("<row:request_id>/remind/", views.remind, name="question-remind"),
    path("<row:request_id>/due/", views.due, name="question-due"),
    path("<row:request_id>/pass-on/", views.pass_on, name="question-pass-on"),
    path("<row:request_id>/again/", views.ask_again, name="question-again"),
    path("<row:request_id>/release/", views.release, name="question-release"),
    path("<row:request_id>/unrelease/", views.unrelease, name="question-unrelease"),
    path("<row:request_id>/mail/", views.mail_again, name="question-mail"),
    path("of/<row:post_id>/ask/", views.ask, name="question-ask"),
    path("files/<row:file_id>/", views.file, name="question-file"),
]
