"""A whole store goes: its key first, and with it everything that was sealed; then all the rows."""

from msgspec.structs import replace

from shopwright.core.types.privacy import PrivacyRequest
from shopwright.pipelines.erase_copies import Copies
from shopwright.pipelines.erase_progress import Progress, counted


def erase_store(
    copies: Copies, request: PrivacyRequest, progress: Progress
) -> tuple[Progress, bool]:
    """Take the store from every copy; say whether there was anything left to take.

    Done again until there is nothing: a web process may have let in a webhook with a secret that
    it had in memory. The decision log stays; it speaks of models, never of people.
    """
    store_id = request.store_id
    secrets = copies.secrets.forget(store_id) + copies.let_go(store_id)
    keys = copies.keys.forget(store_id, None)
    events = copies.log.forget(store_id, None)
    orders = copies.ledger.forget(store_id, None)
    copies.online.forget(store_id, None)
    partitions = copies.offline.forget(store_id, None)
    reason = f"Its store was erased (request {request.request_id[:12]})."
    gone = copies.models.remove(store_id, None, reason, now=True)
    known = copies.stores.forget(store_id)
    copies.archiver.step()
    copies.renew_checkpoints()
    found = {
        "secrets": secrets,
        "log events": events,
        "orders": orders,
        "history partitions": partitions,
    }
    for what, many in found.items():
        progress = counted(progress, what, many)
    progress = replace(progress, models=tuple(dict.fromkeys((*progress.models, *gone))))
    return progress, bool(keys or known or gone or any(found.values()))
