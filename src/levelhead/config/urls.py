"""All addresses."""

from __future__ import annotations

from django.urls import include, path, register_converter

from levelhead.accounts.urls import agency_patterns, sign_in_patterns
from levelhead.records.views import records
from levelhead.web.converters import RowIdConverter
from levelhead.web.views import strip_state

# Before the patterns that use it.
register_converter(RowIdConverter, "row")

urlpatterns = [
    path("", include("levelhead.ops.urls")),
    path("", include("levelhead.accounts.urls")),
    path("accounts/", include(sign_in_patterns)),
    path("ask/", include("levelhead.research.link_urls")),
    path("hooks/", include("levelhead.channels.hook_urls")),
    path("public/<slug:agency>/", include("levelhead.commitments.public_urls")),
    path("api/v1/", include("levelhead.api.urls")),
    path("alert/", include("levelhead.alerts.link_urls")),
    path("<slug:agency>/", include(agency_patterns)),
    path("<slug:agency>/alerts/", include("levelhead.alerts.urls")),
    path("<slug:agency>/settings/learning/", include("levelhead.learning.urls")),
    path("<slug:agency>/settings/keys/", include("levelhead.api.settings_urls")),
    path("<slug:agency>/settings/webhooks/", include("levelhead.webhooks.urls")),
    path("<slug:agency>/today/", include("levelhead.today.urls")),
    path("<slug:agency>/inbox/", include("levelhead.teamwork.urls")),
    path("<slug:agency>/inbox/", include("levelhead.inbox.urls")),
    path("<slug:agency>/knowledge/", include("levelhead.knowledge.urls")),
    path("<slug:agency>/commitments/", include("levelhead.commitments.urls")),
    path("<slug:agency>/issues/", include("levelhead.issues.urls")),
    path("<slug:agency>/topics/", include("levelhead.topics.urls")),
    path("<slug:agency>/clocks/", include("levelhead.clocks.urls")),
    path("<slug:agency>/research/", include("levelhead.research.urls")),
    path("<slug:agency>/channels/", include("levelhead.channels.urls")),
    path("<slug:agency>/records/", records, name="records"),
    path("<slug:agency>/strip/", strip_state, name="strip"),
]
