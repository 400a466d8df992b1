"""Addresses of own posts, below /<agency>/posts/."""

from __future__ import annotations

from django.urls import path

from levelhead.posts import views

urlpatterns = [
    path("", views.own_posts, name="own-posts"),
    path("say/<row:answer_id>/", views.say, name="own-post-say"),
    path("on/<row:delivery_id>/withdraw/", views.withdraw, name="own-post-withdraw"),
    path("on/<row:delivery_id>/retry/", views.retry, name="own-post-retry"),
    path("on/<row:delivery_id>/give-up/", views.give_up, name="own-post-give-up"),
    path("<row:own_post_id>/", views.own_post, name="own-post"),
]
