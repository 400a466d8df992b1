"""Every page at desk and phone size, in light and dark: no barriers, nothing cut off, no noise."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Page

from levelhead.accounts.domain import Role
from levelhead.accounts.models import Membership, User
from levelhead.accounts.people import end_place, give_back_place
from levelhead.channels import outbox
from levelhead.channels.domain import IncomingKind
from levelhead.channels.models import Channel, ChannelState
from levelhead.connectors.memory import forget_platforms
from levelhead.doctrine.domain import Disposition
from levelhead.inbox.actions import add_note, assign_case, change_decision
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.replies.actions import send_reply
from tests.browser.base import PHONE, WIDE, BrowserTestCase

SIZES = {"wide": WIDE, "phone": PHONE}
THEMES = ("light", "dark")


class PagesTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        now = clock.now()
        council = self.file_post(
            text="Council votes on the drone programme tonight at 19:00, open to everybody.",
            author_external_id="us", author_name="Riverton Police", from_agency=True,
            created_at=now - timedelta(hours=5),
        )  # fmt: skip
        self.question = self.file_case(
            text="So who decides when a drone may film my yard, and where can I read the rules?",
            author_name="Dana R.", author_handle="dana.example", author_followers=412,
            parent_external_id=council.external_id, created_at=now - timedelta(minutes=12),
        )  # fmt: skip
        self.file_post(
            text="Same question here.", author_name="Luis M.",
            created_at=now - timedelta(minutes=8),
            parent_external_id=self.question.post.external_id,
        )  # fmt: skip
        self.file_post(
            text="¿Dónde puedo pedir una copia del informe de mi accidente?",
            author_name="Marisol", lang="es", created_at=now - timedelta(minutes=40),
        )  # fmt: skip
        self.file_post(
            text="Man with a gun at Pier Street right now, please send someone, people are running",
            author_name="jo", created_at=now - timedelta(minutes=2),
        )  # fmt: skip
        gone = self.incoming(
            text="The officer at the parade was so kind to my kids, thank you!", author_name="Amir"
        )
        edited = self.incoming(text="Street light out on Elm for 3 weeks", author_name="Pat Q.")
        self.receive(gone, edited)
        self.receive(
            self.incoming(external_id=gone.external_id, kind=IncomingKind.DELETED, text=""),
            self.incoming(
                external_id=edited.external_id, author_name="Pat Q.",
                text="Street light out on Elm for 3 weeks. Still nobody. " + "Very long. " * 120,
            ),
        )  # fmt: skip
        self.edited = Case.objects.get(post__external_id=edited.external_id)
        self.answered = self.file_case(text="When is the front desk open?", author_name="Kim Le")
        send_reply(
            case=self.answered, text="From 8 to 17, Monday to Friday. — Alice", by=self.alice,
            form_token="pages", expected_version=None,
        )  # fmt: skip
        outbox.deliver_due()
        change_decision(
            case=self.edited, label=None, disposition=Disposition.ROUTE, by=self.alice,
            reason="Lights are the utility's", expected_version=None,
        )  # fmt: skip
        assign_case(case=self.question, owner=self.bob, by=self.alice, expected_version=None)
        add_note(
            conversation=self.question.conversation,
            text="I asked counsel, see page 4.",
            by=self.bob,
        )
        Channel.objects.filter(pk=self.channel.pk).update(
            last_success_at=now, last_post_at=now - timedelta(minutes=2)
        )
        self.make_channel(
            self.agency, "Old page", state=ChannelState.SIGNED_OUT, failures=3,
            last_error="The key is not accepted any more. Connect the account again.",
            last_error_at=now - timedelta(hours=2),
        )  # fmt: skip

    def look(self, person: User | None, path: str, name: str, *, status: int = 200) -> None:
        """Open a page in both sizes and themes and look for barriers."""
        for size_name, size in SIZES.items():
            for theme in THEMES:
                what = f"{name}-{size_name}-{theme}"
                with self.subTest(what), self.window(person, size=size, theme=theme) as page:
                    answer = page.goto(path)
                    assert answer is not None
                    self.assertEqual(answer.status, status, what)
                    self.wait_until_settled(page)
                    self.picture(page, what)
                    if size_name == "phone":
                        self.picture(page, f"{what}-whole", whole=True)
                    self.assert_fits(page, what)
                    self.assert_accessible(page, what)

    @staticmethod
    def wait_until_settled(page: Page) -> None:
        page.evaluate("document.fonts.ready.then(() => true)")

    def test_sign_in(self) -> None:
        self.look(None, "/", "sign-in")

    def test_inbox(self) -> None:
        self.look(self.alice, "/riverton/inbox/", "inbox")

    def test_everything_in_the_inbox(self) -> None:
        self.look(self.alice, "/riverton/inbox/?view=all&sort=clock", "inbox-all")

    def test_an_empty_inbox_teaches(self) -> None:
        self.look(self.charlie, "/maple/inbox/", "inbox-empty")

    def test_conversation(self) -> None:
        self.look(self.alice, f"/riverton/inbox/{self.question.pk}/", "conversation")

    def test_case_pane(self) -> None:
        self.look(self.alice, f"/riverton/inbox/{self.question.pk}/#case", "case")

    def test_conversation_of_an_edited_long_post(self) -> None:
        self.look(self.alice, f"/riverton/inbox/{self.edited.pk}/", "conversation-edited")

    def test_conversation_that_was_answered(self) -> None:
        self.look(self.alice, f"/riverton/inbox/{self.answered.pk}/?view=all", "answered")

    def test_conversation_for_a_person_who_may_only_look(self) -> None:
        self.look(self.victor, f"/riverton/inbox/{self.question.pk}/", "conversation-viewer")

    def test_channels(self) -> None:
        self.look(self.bob, "/riverton/channels/", "channels")

    def test_settings(self) -> None:
        self.look(self.bob, "/riverton/settings/", "settings")
        end_place(place=self.victor.memberships.get(), by=self.bob)
        self.look(self.bob, "/riverton/settings/people/", "people")
        give_back_place(place=self.victor.memberships.get(), by=self.bob)
        self.look(self.alice, "/me/password/", "password")

    def test_records(self) -> None:
        self.look(self.bob, "/riverton/records/", "records")

    def test_own_settings(self) -> None:
        self.look(self.alice, "/me/", "me")

    def test_choice_of_agencies(self) -> None:
        Membership.objects.create(agency=self.other_agency, user=self.alice, role=Role.VIEWER)
        self.look(self.alice, "/", "agencies")

    def test_not_found(self) -> None:
        self.look(self.alice, "/maple/inbox/", "not-found", status=404)

    def test_not_allowed(self) -> None:
        self.look(self.victor, "/riverton/settings/", "not-allowed", status=403)

    def test_conversation_in_spanish(self) -> None:
        User.objects.filter(pk=self.alice.pk).update(language="es")
        self.look(self.alice, f"/riverton/inbox/{self.question.pk}/", "conversation-es")
