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
    path("public/<slug:agency>/", include("levelhead.subscribers.urls")),
    path("public/<slug:agency>/", include("levelhead.publicpage.urls")),
    path("api/v1/", include("levelhead.api.urls")),
    path("alert/", include("levelhead.alerts.link_urls")),
    path("<slug:agency>/", include(agency_patterns)),
    path("<slug:agency>/alerts/", include("levelhead.alerts.urls")),
    path("<slug:agency>/settings/people/", include("levelhead.accounts.people_urls")),
    path("<slug:agency>/settings/learning/", include("levelhead.learning.urls")),
    path("<slug:agency>/settings/keys/", include("levelhead.api.settings_urls")),
    path("<slug:agency>/settings/drafting/", include("levelhead.drafting.settings_urls")),
    path("<slug:agency>/settings/webhooks/", include("levelhead.webhooks.urls")),
    path("<slug:agency>/settings/", include("levelhead.replies.settings_urls")),
    path("<slug:agency>/today/", include("levelhead.today.urls")),
    path("<slug:agency>/inbox/", include("levelhead.teamwork.urls")),
    path("<slug:agency>/inbox/", include("levelhead.inbox.urls")),
    path("<slug:agency>/knowledge/asked/", include("levelhead.asked.urls")),
    path("<slug:agency>/replies/", include("levelhead.replies.urls")),
    path("<slug:agency>/knowledge/", include("levelhead.knowledge.urls")),
    path("<slug:agency>/posts/", include("levelhead.posts.urls")),
    path("<slug:agency>/commitments/", include("levelhead.commitments.urls")),
    path("<slug:agency>/issues/", include("levelhead.issues.urls")),
    path("<slug:agency>/incidents/", include("levelhead.incidents.urls")),
    path("<slug:agency>/incidents/<row:incident_id>/facts/", include("levelhead.ledger.urls")),
    path("<slug:agency>/incidents/<row:incident_id>/", include("levelhead.updates.urls")),
    path("<slug:agency>/incidents/<row:incident_id>/after/", include("levelhead.afteraction.urls")),
    path("<slug:agency>/corrections/", include("levelhead.corrections.urls")),
    path("<slug:agency>/rumors/", include("levelhead.rumors.urls")),
    path("<slug:agency>/incidents/", include("levelhead.updates.receipt_urls")),
    path("<slug:agency>/topics/", include("levelhead.topics.urls")),
    path("<slug:agency>/clocks/", include("levelhead.clocks.urls")),
    path("<slug:agency>/presence/", include("levelhead.presence.urls")),
    path("<slug:agency>/drafting/", include("levelhead.drafting.urls")),
    path("<slug:agency>/drafts/", include("levelhead.drafts.urls")),
    path("<slug:agency>/research/", include("levelhead.research.urls")),
    path("<slug:agency>/notifications/", include("levelhead.notifications.urls")),
    path("<slug:agency>/handover/", include("levelhead.handover.urls")),
    path("<slug:agency>/approvals/", include("levelhead.approvals.urls")),
    path("<slug:agency>/channels/", include("levelhead.channels.urls")),
    path("<slug:agency>/records/", records, name="records"),
    path("<slug:agency>/strip/", strip_state, name="strip"),
]
