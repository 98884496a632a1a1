from dataclasses import replace

import pytest

from agent.model import Address, Contact, Introducer, Offer, Outcome
from agent.recipients import plan_recipients
from tests.shapes import OWNER, an_offer

DEV = Address("Dev Patel", "dev@example.org")
SARA = Address("Sara Lindqvist", "sara@northwind.example")
PRIVATELY = [Outcome.DEFER, Outcome.DECLINE, Outcome.REDIRECT]


def to(offer: Offer, outcome: Outcome) -> tuple[str, ...]:
    return tuple(address.email for address in plan_recipients(offer, outcome, OWNER).to)


@pytest.mark.parametrize("outcome", [Outcome.ACCEPT, *PRIVATELY])
def test_a_letter_goes_to_the_author(outcome: Outcome) -> None:
    assert to(an_offer(), outcome) == ("dev@example.org",)


@pytest.mark.parametrize("outcome", [Outcome.ACCEPT, *PRIVATELY])
@pytest.mark.parametrize("address", ["dev.patel@home.example", "dp@home.example", "office@patelworks.example"])
def test_a_letter_goes_where_the_author_wants_to_be_answered(outcome: Outcome, address: str) -> None:
    plan = plan_recipients(an_offer(reply_to=(Address("", address),)), outcome, OWNER)

    assert [each.email for each in plan.to] == [address]
    assert (plan.not_followed, plan.doubtful, plan.left_out) == ((), (), ())


@pytest.mark.parametrize("outcome", [Outcome.ACCEPT, *PRIVATELY])
def test_nobody_who_got_a_copy_of_the_offer_gets_one_of_the_letter(outcome: Outcome) -> None:
    plan = plan_recipients(an_offer(cc=(SARA, Address("", "ALEX@example.com"))), outcome, OWNER)

    assert [each.email for each in plan.to] == ["dev@example.org"]
    assert plan.left_out == (SARA,)


@pytest.mark.parametrize("outcome", PRIVATELY)
@pytest.mark.parametrize(
    ("reply_to", "cc"),
    [
        ((SARA,), ()),
        ((Address("", "sara@elsewhere.example"),), ()),
        ((Address("", "slindqvist@elsewhere.example"),), ()),
        ((Address("Nobody Known", "n@elsewhere.example"),), (Address("", "N@elsewhere.example"),)),
        ((DEV, SARA), ()),
        ((Address("", "a@x.example"), Address("", "b@x.example")), ()),
        ((Address("", "founders-list@x.example"),), ()),
        ((Address("", "team@x.example"),), ()),
        ((Address("", "founders@lists.x.example"),), ()),
        ((Address("", "founders@googlegroups.com"),), ()),
    ],
)
def test_a_candid_letter_does_not_go_where_others_may_read_it(
    outcome: Outcome, reply_to: tuple[Address, ...], cc: tuple[Address, ...]
) -> None:
    plan = plan_recipients(an_offer(reply_to=reply_to, cc=cc), outcome, OWNER)

    assert plan.to == (DEV,)
    assert plan.not_followed == tuple(address for address in reply_to if address != DEV)


def test_a_letter_that_accepts_follows_any_reply_to_and_says_so() -> None:
    plan = plan_recipients(an_offer(reply_to=(DEV, SARA)), Outcome.ACCEPT, OWNER)

    assert plan.to == (DEV, SARA)
    assert plan.doubtful == (SARA,)


def test_a_relative_of_the_contact_is_not_taken_for_the_contact() -> None:
    offer = an_offer(
        contacts=(Contact(name="Anita Patel", greeting="Anita"),), reply_to=(Address("D. Patel", "patel@home.example"),)
    )

    assert to(offer, Outcome.DECLINE) == ("patel@home.example",)


def test_the_owner_does_not_get_the_letter() -> None:
    reply_to = (Address("", "Alex+intro@example.com"), Address("", "dev@home.example"), Address("", "DEV@home.example"))

    assert len(to(an_offer(reply_to=reply_to), Outcome.DECLINE)) == 1
    assert to(an_offer(reply_to=reply_to[:1]), Outcome.DECLINE) == ("dev@example.org",)


def test_an_offer_that_the_owner_forwarded_to_themselves_is_answered_to_its_introducer() -> None:
    offer = an_offer(author=Address("Alex Morgan", "alex@example.com"))

    assert plan_recipients(offer, Outcome.ACCEPT, OWNER).to == (DEV,)


def test_without_any_address_nobody_is_written_to() -> None:
    offer = replace(an_offer(author=Address("", "")), introducer=Introducer(None, None, ""))

    assert to(offer, Outcome.ACCEPT) == ()
