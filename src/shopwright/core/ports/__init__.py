"""The sockets: at most five methods each, one contract suite each (tests/contracts).

An adapter is anything that passes the suite of its port; ``adapters/memory_*.py`` fit them all and
ship for tests.
"""

from shopwright.core.ports.access import ApiKeys, Attempts, Audit, Sessions, Users
from shopwright.core.ports.chores import Chore, Errands
from shopwright.core.ports.event_log import EventLog
from shopwright.core.ports.feature_stores import Columns, OfflineStore, OnlineStore
from shopwright.core.ports.keys import KeyStore, Secrets
from shopwright.core.ports.ledger import Ledger, LedgerFeed, LedgerHistory
from shopwright.core.ports.models import Decisions, ModelRegistry, ModelRemoval, Outbox
from shopwright.core.ports.privacy import PrivacyRequests
from shopwright.core.ports.shop import Connections, Leases, Shop, Slices, TokenVault
from shopwright.core.ports.stores import Stores

__all__ = [
    "ApiKeys",
    "Attempts",
    "Audit",
    "Chore",
    "Columns",
    "Connections",
    "Decisions",
    "Errands",
    "EventLog",
    "KeyStore",
    "Leases",
    "Ledger",
    "LedgerFeed",
    "LedgerHistory",
    "ModelRegistry",
    "ModelRemoval",
    "OfflineStore",
    "OnlineStore",
    "Outbox",
    "PrivacyRequests",
    "Secrets",
    "Sessions",
    "Shop",
    "Slices",
    "Stores",
    "TokenVault",
    "Users",
]
