"""What a run leaves behind: ledger and blobs (written by the boundary process) and the engine's own record."""

from nephoscope.store.blobs import BlobError, BlobStore, canonical
from nephoscope.store.entries import BROKER, Answered, LedgerEntry, Position, Refusal, Sent, Spent, asking, question
from nephoscope.store.ledger import Ledger, LedgerReader, now

__all__ = [
    "BROKER",
    "Answered",
    "BlobError",
    "BlobStore",
    "Ledger",
    "LedgerEntry",
    "LedgerReader",
    "Position",
    "Refusal",
    "Sent",
    "Spent",
    "asking",
    "canonical",
    "now",
    "question",
]
