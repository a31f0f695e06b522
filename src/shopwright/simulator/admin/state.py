"""Everything that changes in a simulated shop while its Admin API is asked."""

from msgspec import Struct

from shopwright.simulator.admin.caused import Caused
from shopwright.simulator.admin.cost import Bucket
from shopwright.simulator.admin.definitions import Definitions
from shopwright.simulator.admin.faults import AdminFaults
from shopwright.simulator.admin.files import BulkFiles
from shopwright.simulator.admin.holdings import Holdings
from shopwright.simulator.admin.metafields import Metafields
from shopwright.simulator.admin.subscriptions import Subscriptions
from shopwright.simulator.admin.uploads import Uploads
from shopwright.simulator.profile import StoreProfile


class ShopState(Struct, kw_only=True):
    """One shop, as one app sees it."""

    profile: StoreProfile
    holdings: Holdings
    subscriptions: Subscriptions
    bucket: Bucket
    files: BulkFiles
    uploads: Uploads
    metafields: Metafields
    definitions: Definitions
    caused: Caused
    faults: AdminFaults
