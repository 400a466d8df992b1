"""Addresses of approvals, below /<agency>/approvals/."""

from __future__ import annotations

from django.urls import path

from levelhead.approvals import rule_views, views

urlpatterns = [
    path("", views.approvals, name="approvals"),
    path("rules/", rule_views.rules, name="approval-rules"),
    path("rules/new/", rule_views.new, name="approval-rule-new"),
    path("rules/counsel/", rule_views.counsel, name="approval-counsel"),
    path("rules/<row:rule_id>/", rule_views.rule, name="approval-rule"),
    path("rules/<row:rule_id>/switch/", rule_views.switch, name="approval-rule-switch"),
    path("<row:request_id>/", views.approval, name="approval"),
    path("<row:request_id>/approve/", views.approve, name="approval-approve"),
    path("<row:request_id>/send-back/", views.send_back, name="approval-send-back"),
    path("<row:request_id>/take-back/", views.take_back, name="approval-take-back"),
    path("<row:request_id>/undo/", views.undo, name="approval-undo"),
    path("<row:request_id>/see/", views.see, name="approval-see"),
]
