"""Pure. An answer that was typed on the terminal instead of mailed."""

from datetime import datetime
from email.utils import format_datetime

from agent.message import parse
from agent.model import Message, Owner


def typed(text: str, owner: Owner, now: datetime) -> Message:
    """Return the mail that the owner would have written, with `text` as all of its words."""
    head = [
        f"From: <{owner.address}>",
        f"To: <{owner.address}>",
        f"Date: {format_datetime(now.astimezone(owner.timezone))}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    ]
    return parse("\r\n".join([*head, "", text, ""]).encode("utf-8", "replace"))
