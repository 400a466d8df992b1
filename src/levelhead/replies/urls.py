"""Addresses of replies that leave later or did not leave, below /<agency>/replies/."""

from __future__ import annotations

from django.urls import path

from levelhead.replies import scheduled_views, unsent_views

urlpatterns = [
    path("scheduled/", scheduled_views.scheduled_page, name="scheduled"),
    path("scheduled/freeze/", scheduled_views.freeze, name="scheduled-freeze"),
    path("scheduled/release/", scheduled_views.release, name="scheduled-release"),
    path("scheduled/<row:scheduled_id>/now/", scheduled_views.send_now, name="scheduled-now"),
    path(
        "scheduled/<row:scheduled_id>/take-back/",
        scheduled_views.take_back,
        name="scheduled-take-back",
    ),
    path("scheduled/<row:scheduled_id>/time/", scheduled_views.change_time, name="scheduled-time"),
    path("unsent/", unsent_views.unsent_page, name="unsent"),
    path("unsent/<row:reply_id>/give-up/", unsent_views.give_up, name="reply-give-up"),
    path("unsent/<row:reply_id>/retry/", unsent_views.retry, name="unsent-retry"),
]
