"""Near-copies: grouped as they are filed, within an agency, across batches and restarts."""

from __future__ import annotations

from levelhead.inbox.copies import copy_memory
from levelhead.inbox.models import Case
from tests.base import DeskTestCase

PETITION = (
    "I am {name} and I ask the council to stop the drone programme before it films our yards, "
    "our schools and our children"
)


class FilingCopiesTest(DeskTestCase):
    def petition(self, *names: str, **fields: object) -> list[Case]:
        posts = [self.incoming(text=PETITION.format(name=name), **fields) for name in names]
        self.receive(*posts)
        return [
            Case.objects.get(post__external_id=post.external_id, post__channel_id=post.channel_id)
            for post in posts
        ]

    def test_copies_share_the_first_post_within_and_across_batches(self) -> None:
        one, two = self.petition("Dana", "Luis")
        (three,) = self.petition("Kim")
        other = self.file_case(text="When does the front desk open on Saturday mornings now?")
        one.refresh_from_db()
        assert {case.cluster for case in (one, two, three)} == {one.pk}
        assert other.cluster is None

    def test_a_single_post_has_none_until_a_copy_comes(self) -> None:
        (one,) = self.petition("Dana")
        assert one.cluster is None
        self.petition("Luis")
        one.refresh_from_db()
        assert one.cluster == one.pk

    def test_agencies_share_nothing(self) -> None:
        (ours,) = self.petition("Dana")
        theirs, also = self.petition("Luis", "Kim", channel_id=self.other_channel.pk)
        ours.refresh_from_db()
        assert ours.cluster is None
        theirs.refresh_from_db()
        assert theirs.cluster == also.cluster == theirs.pk

    def test_short_posts_and_our_own_are_no_copies(self) -> None:
        for text in ("When?", "Thank you so much!", "@a @b @c https://x.example/1 yes please do"):
            cases = [self.file_case(text=text) for _ in range(2)]
            assert [case.cluster for case in cases] == [None, None]
        own = [self.petition("Dana", from_agency=True)[0] for _ in range(2)]
        assert [case.cluster for case in own] == [None, None]

    def test_a_new_process_goes_on_where_the_last_one_stopped(self) -> None:
        one, _two = self.petition("Dana", "Luis")
        copy_memory.clear()
        (three,) = self.petition("Kim")
        assert three.cluster == one.pk
        copy_memory.clear()
        alone = self.file_case(text="The bus stop on Elm has had no light for three weeks now")
        copy_memory.clear()
        again = self.file_case(text="The bus stop on Elm has had no light for three weeks now!")
        alone.refresh_from_db()
        assert alone.cluster == again.cluster == alone.pk

    def test_a_batch_that_failed_leaves_nothing_behind(self) -> None:
        from levelhead.inbox.copies import Seen

        copy_memory.find([Seen(self.agency.pk, 1, PETITION.format(name="Ghost"))])
        one, two = self.petition("Dana", "Luis")
        one.refresh_from_db()
        assert one.cluster == two.cluster == one.pk

    def test_who_changes_more_than_a_name_is_no_copy(self) -> None:
        self.petition("Dana")
        case = self.file_case(
            text="I am Dana and I thank the council for the drone programme, it found my lost son"
        )
        assert case.cluster is None
