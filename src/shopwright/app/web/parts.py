"""What a web process is made of; ``app/bootstrap.py`` chooses the engines behind it."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from shopwright.core.ports import OnlineStore, Secrets, Stores
from shopwright.core.types.prediction import Prediction
from shopwright.pipelines.ingest import Intake
from shopwright.pipelines.predict import Scoring


class WebParts(Struct, frozen=True, kw_only=True):
    """Pipelines and ports, open and ready to be used from several threads."""

    intake: Intake
    scoring: Scoring
    online: OnlineStore
    secrets: Secrets
    stores: Stores
    record: Callable[[Sequence[Prediction]], None]
    """Writes predictions to where they can be judged later; may wait for the disk."""
