"""Gracious: answers offers of introduction in its owner's own mailbox."""

__version__ = "0.1.0"
