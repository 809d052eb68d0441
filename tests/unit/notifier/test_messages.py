"""A message leaves with what the turn knew: the delivery, its event, the language, the notice (contract 6.10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from schemas.messages import EmailRequested, Language, LetterRequested, SmsRequested
from services.notifier.domain.recipients import Contacts, Mailbox, PersonContact
from services.notifier.domain.relevance import Facts, Send
from services.notifier.domain.words.dates import MessageDates
from services.notifier.domain.words.rules import written
from services.notifier.messages import compose
from services.notifier.ports import KnownEvent, Outgoing
from services.notifier.texts_folder import load_texts
from tests.support.channel_server import NOW, about
from tests.support.notifier_desk import KAFE

TEXTS = load_texts()


def composed(role: str, channel: str, language: Language) -> Outgoing:
    """A message to that recipient, where the employee reads that language."""
    stored = about(role, channel, org_number=KAFE if role == "line_manager" else None)  # type: ignore[arg-type]
    person = PersonContact(
        may_be_notified=True,
        phone="+4790000001",
        email="anne@example.invalid",
        language=language,
        protected=False,
        office="0219",
        birth_date=date(1985, 3, 14),
    )
    known = KnownEvent(stored.event, stored.delivery.person, NOW, 1)
    facts = Facts(stored.event, Contacts(person), NOW, "2103")
    send = Send(to="+4790000001" if channel == "sms" else "a@example.invalid")
    return compose(stored.delivery, known, facts, send, words=TEXTS, now=NOW)


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_the_language_of_the_words_is_said(language: Language) -> None:
    sms = composed("employee", "sms", language)
    event = sms.known.event
    words = TEXTS.sms(
        event.checkpoint, event.step, "employee", language, MessageDates.of(event, NOW)
    )
    assert isinstance(sms.message, SmsRequested)
    assert (sms.language, sms.message.text) == (language, words)


@pytest.mark.parametrize(
    ("channel", "of_manager", "of_organisation", "read"),
    [
        ("email", None, None, "nb"),
        ("email", "en", "nn", "en"),
        (
            "email",
            None,
            "nn",
            "nb",
        ),  # The mailbox that is written to decides, not the employer's other one.
        ("organisation_email", "en", "nn", "nn"),
        ("organisation_email", "en", None, "nb"),
    ],
)
def test_an_employers_side_is_written_to_in_the_language_of_its_mailbox(
    channel: str, of_manager: Language | None, of_organisation: Language | None, read: Language
) -> None:
    stored = about("line_manager", channel, org_number=KAFE)  # type: ignore[arg-type]
    known = KnownEvent(stored.event, stored.delivery.person, NOW, 1)
    contacts = Contacts(
        None,
        managers={KAFE: Mailbox("leder@example.invalid", of_manager)},
        organisations={KAFE: Mailbox("post@example.invalid", of_organisation)},
    )
    facts = Facts(stored.event, contacts, NOW, "2103")
    send = Send(to="a@example.invalid")
    email = compose(stored.delivery, known, facts, send, words=TEXTS, now=NOW)
    about_event = (stored.event.checkpoint, stored.event.step)
    words = TEXTS.email(*about_event, "line_manager", read, MessageDates.of(stored.event, NOW))
    assert isinstance(email.message, EmailRequested)
    assert (email.language, email.message.text) == (read, words.text)


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_a_letter_is_whole(language: Language) -> None:
    letter = composed("employee", "letter", language)
    event = letter.known.event
    words = TEXTS.letter(event.checkpoint, event.step, language, MessageDates.of(event, NOW))
    assert isinstance(letter.message, LetterRequested)
    assert (letter.message.title, letter.message.body) == (words.title, words.body)
    assert letter.message.due_on == words.due_on


def test_a_message_names_the_last_day_by_law_whatever_day_its_step_reminds_on() -> None:
    """The words count from the case's start, which the due event tells (contract 4)."""
    stored = about("employee", "letter")
    early = stored.event.model_copy(
        update={
            "checkpoint": "follow_up_plan",
            "step": "reminder",
            "due_on": stored.event.case.start + timedelta(days=14),
        }
    )
    known = KnownEvent(early, stored.delivery.person, NOW, 1)
    facts = Facts(early, Contacts(None), NOW, "2103")
    letter = compose(stored.delivery, known, facts, Send(), words=TEXTS, now=NOW).message
    assert isinstance(letter, LetterRequested)
    assert letter.due_on == early.case.start + timedelta(days=27)


def test_a_channel_is_told_which_date_the_words_name() -> None:
    sms = composed("employee", "sms", "nb")
    event = sms.known.event
    dates = MessageDates.of(event, NOW)
    assert sms.named_on == TEXTS.date_named(event.checkpoint, event.step, "employee", dates)
    assert sms.named_on is not None
    assert written(sms.named_on, "nb") in sms.message.text  # type: ignore[union-attr]


def test_a_letter_whose_words_name_no_date_has_none() -> None:
    stored = about("employee", "letter")
    event = stored.event.model_copy(update={"checkpoint": "exemption_notice", "step": "notice"})
    known = KnownEvent(event, stored.delivery.person, NOW, 1)
    facts = Facts(event, Contacts(None), NOW, "2103")
    letter = compose(stored.delivery, known, facts, Send(), words=TEXTS, now=NOW).message
    assert isinstance(letter, LetterRequested)
    assert letter.due_on is None


@pytest.mark.parametrize("channel", ["email", "organisation_email"])
def test_an_emails_notice_is_among_its_words(channel: str) -> None:
    email = composed("line_manager", channel, "nn")
    assert isinstance(email.message, EmailRequested)
    assert email.notice is not None
    assert email.notice in email.message.text
    assert composed("employee", "sms", "nb").notice is None


def test_the_id_is_the_deliverys_and_nothing_personal_is_shown() -> None:
    email = composed("line_manager", "email", "nb")
    moved = replace(email, delivery=replace(email.delivery, delivery_id="another"))
    assert (email.delivery_id, moved.delivery_id) == (email.message.delivery_id, "another")  # type: ignore[union-attr]
    assert email.known.event.person_id not in repr(email)
    assert "a@example.invalid" not in repr(email)
