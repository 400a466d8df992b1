"""Where signed links lead, below /ask/."""

from __future__ import annotations

from django.urls import path

from levelhead.research import public

urlpatterns = [path("<str:token>/", public.ask, name="ask")]
