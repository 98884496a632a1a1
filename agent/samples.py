"""Pure. The sample inbox of the demo: offers, other mail, and what the sample owner answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from agent.model import Owner

PASSWORD = "demo"  # noqa: S105  # for servers on the loopback interface that live for seconds


@dataclass(frozen=True, slots=True)
class Sample:
    """One mail of the sample inbox. `answers` is what the sample owner replies to its check-in, in turn."""

    author: str
    subject: str
    text: str
    answers: tuple[str, ...] = ()
    is_html: bool = False
    hours_ago: int = 2

    @property
    def message_id(self) -> str:
        """Made from the subject: fixed, so that the demo is the same each time."""
        words = "-".join("".join(char for char in self.subject.lower() if char.isalnum() or char == " ").split())
        return f"<{words}@sample.example>"

    def as_bytes(self, owner: Owner, now: datetime) -> bytes:
        """Return the raw mail."""
        mail = EmailMessage()
        mail["From"] = self.author
        mail["To"] = f"{owner.name} <{owner.address}>"
        mail["Subject"] = self.subject
        mail["Date"] = format_datetime(now - timedelta(hours=self.hours_ago))
        mail["Message-ID"] = self.message_id
        if "newsletter" in self.author:
            mail["List-Unsubscribe"] = "<mailto:leave@newsletter.example>"
        mail.set_content(self.text, subtype="html" if self.is_html else "plain")
        return mail.as_bytes()


SAMPLES: Sequence[Sample] = (
    Sample(
        "Dev Patel <dev@patelworks.example>",
        "Sara Lindqvist",
        "Hi Alex,\n\nI was talking to Sara Lindqvist yesterday, who runs payments at Northwind. You two would get on.\n"
        "Shall I introduce you to her?\n\nBest,\nDev\n",
        ("no, no",),
        hours_ago=30,
    ),
    Sample(
        "Miriam Okafor <miriam@okafor.example>",
        "A thought after lunch",
        "Dear Alex,\n\nlovely to see you on Tuesday. My old colleague Jonas Weber is looking for somebody who knows\n"
        "settlement systems inside out. Would you like me to put you in touch with him?\n\nWarmly,\nMiriam\n",
        ("1. Yes, on deadline until the end of next month.\n2. No",),
        hours_ago=26,
    ),
    Sample(
        "Tom Bright <tom@brightside.example>",
        "Engineering folks in Leeds",
        "Alex, I know a couple of people here. If you like, I could introduce you to a local contact in engineering.\n"
        "Just say the word.\n\nTom\n",
        ("Not swamped, but yes, I am changing fields: moving into music.",),
        hours_ago=22,
    ),
    Sample(
        "Grace Liu <grace@liu.example>",
        "Peter from Halden",
        "<p>Hello Alex,</p><p>Peter Halvorsen from <b>Halden Systems</b> asked about your work. "
        "Would you be open to an introduction to Peter?</p><p>Grace</p>",
        ("yes to both",),
        is_html=True,
        hours_ago=18,
    ),
    Sample(
        "Ines Duarte <ines@duarte.example>",
        "Somebody at the Philharmonic",
        "Hi Alex!\n\nMy friend Clara Voss runs the education programme at the Philharmonic. "
        "Want me to connect you with her?\n\nIn haste,\nInes\n",
        ("1. no\n2. Yes, I'm moving into music. Please introduce me as an aspiring cellist.",),
        hours_ago=14,
    ),
    Sample(
        "Ravi Menon <ravi@menon.example>",
        "Quick one",
        "Alex, happy to introduce you to Ben Ashworth if that helps with the Lisbon plans?\n\nRavi\n",
        ("skip",),
        hours_ago=10,
    ),
    Sample(
        "Hanna Berg <hanna@berg.example>",
        "Next week",
        "Hi Alex,\n\nshould I introduce you to Maya on Thursday, when you give your talk? I mean on stage, of course.\n"
        "\nHanna\n",
        ("That is not an introduction.",),
        hours_ago=8,
    ),
    Sample(
        "Olivia Stone <olivia@stone.example>",
        "Kenji Watanabe",
        "Alex, may I put you in touch with Kenji Watanabe? He builds the tools that you keep wishing for.\n\nOlivia\n",
        ("Hm, let me think.", "Sorry! No and no."),
        hours_ago=6,
    ),
    Sample(
        "The Ledger <hello@newsletter.example>",
        "Introducing our new platform",
        "We are happy to introduce you to a platform that connects you with experts. Read more on our site.\n",
    ),
    Sample(
        "Paul Adler <paul@adler.example>",
        "A favour",
        "Hi Alex,\n\ncould you introduce me to Dev Patel? I would like to ask him about hiring.\n\nThanks,\nPaul\n",
    ),
    Sample(
        "Lena Fox <lena@fox.example>",
        "VPN",
        "Alex, please connect to the VPN before you open the ledger. The last release introduced a bug.\n\nLena\n",
    ),
    Sample(
        "Yusuf Demir <yusuf@demir.example>",
        "Thanks",
        "Thank you again for introducing me to Carla last month. We start in June!\n\nYusuf\n",
    ),
)


def reply_as_bytes(owner: Owner, answer: str, subject: str, message_id: str, quoted: str, now: datetime) -> bytes:
    """Return what a mail client makes of the owner's answer: on top, with the check-in quoted below."""
    mail = EmailMessage()
    mail["From"] = mail["To"] = f"{owner.name} <{owner.address}>"
    mail["Subject"] = subject if subject.startswith("Re:") else f"Re: {subject}"
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<reply-{message_id.strip('<>').split('@', maxsplit=1)[0]}@client.example>"
    mail["In-Reply-To"] = mail["References"] = message_id
    lines = "".join(f"> {line}\n" for line in quoted.splitlines())
    mail.set_content(f"{answer}\n\nOn {now:%A %d %B %Y}, {owner.name} <{owner.address}> wrote:\n{lines}")
    return mail.as_bytes()
