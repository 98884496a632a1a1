"""I/O: by way of `Line`. One poll, from mailbox to drafts.

    INBOX, Sent ─► intake ─► facts ─► dispatch ─► check-in, notice, draft

1. Find the special mailboxes (again in each poll: the owner may rename or remake them).
2. Learn from new mail: replies first, then the inbox, then Sent.
3. Do what is owed, offer by offer.
"""

from agent.dispatch import Dispatch
from agent.intake import Intake
from agent.line import Count, Line


def poll(line: Line) -> Count:
    """Run one poll; return what was done.

    Raises MailboxUnavailable, UidValidityChanged or StoreError when it could not be finished: everything done so far
    is recorded, and the next poll continues.
    """
    special = line.session.special(line.names.inbox, line.names.drafts, line.names.sent)
    Intake(line, special).run()
    Dispatch(line, special).run()
    return line.count
