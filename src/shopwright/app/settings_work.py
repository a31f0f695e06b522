"""The settings of the work behind the web process: pace, training, retention, limits."""

from typing import Annotated, Literal

from msgspec import Meta

from shopwright.app.setting import shown
from shopwright.app.settings_web import Web


class Work(Web, frozen=True, kw_only=True):
    """What worker, scheduler and doctor go by."""

    batch_records_max: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="Log records that the worker takes into one transaction of the ledger.",
            extra=shown("records"),
        ),
    ] = 2_000
    archive_every_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=86_400,
            description="How long a change may wait until it is copied to the Parquet history.",
            extra=shown("seconds"),
        ),
    ] = 5
    features_file: Annotated[
        str,
        Meta(
            max_length=4096,
            description="A Python file with feature views of your own; empty, there are none. A "
            "relative path begins at the working folder, in the settings file too.",
            extra=shown("file", allowed="a path, or nothing"),
        ),
    ] = ""
    model_views: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9_]*( *, *[a-z0-9_]+)*$",
            max_length=1000,
            description="The feature views that models learn from, separated by commas; `customer` "
            "is always among them. A change counts from the next training on.",
            extra=shown("", allowed="names of feature views, separated by commas"),
        ),
    ] = "customer"
    parity_minutes: Annotated[
        int,
        Meta(
            ge=0,
            le=24 * 60,
            description="How often the worker compares some customers of one store between the "
            "online store and the history, bit for bit; 0 never compares.",
            extra=shown("minutes"),
        ),
    ] = 10
    train_every_hours: Annotated[
        int,
        Meta(
            ge=0,
            le=24 * 366,
            description="How often the scheduler trains each task of each store; 0 never trains.",
            extra=shown("hours"),
        ),
    ] = 24
    train_retry_minutes: Annotated[
        int,
        Meta(
            ge=1,
            le=7 * 24 * 60,
            description="The wait after a training that failed, or that had too little data. It "
            "doubles with each further failure, up to `train_every_hours`.",
            extra=shown("minutes"),
        ),
    ] = 30
    train_minutes_max: Annotated[
        int,
        Meta(
            ge=1,
            le=7 * 24 * 60,
            description="The longest that the scheduler lets one training run; then it is stopped "
            "and counts as failed.",
            extra=shown("minutes"),
        ),
    ] = 60
    train_nice: Annotated[
        int,
        Meta(
            ge=0,
            le=19,
            description="How far a training steps back behind other processes (see `man nice`).",
            extra=shown(""),
        ),
    ] = 10
    checkpoint_every_hours: Annotated[
        int,
        Meta(
            ge=0,
            le=24 * 366,
            description="How often the worker has a verified copy of the ledger made, from which "
            "`shopwright replay` can begin; 0 never makes one.",
            extra=shown("hours"),
        ),
    ] = 24
    keep_log_days: Annotated[
        int,
        Meta(
            ge=0,
            le=36_600,
            description="Log segments older than this are removed once a verified checkpoint and "
            "every consumer lie beyond them; 0 keeps them for ever, 1 to 6 count as 7. Segments "
            "that hold a dead letter stay.",
            extra=shown("days"),
        ),
    ] = 0
    erase_settle_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=86_400,
            description="After an erasure the log is searched again this much later, for what a "
            "process with an old key in memory may have written in between.",
            extra=shown("seconds"),
        ),
    ] = 30
    erase_models_days_max: Annotated[
        int,
        Meta(
            ge=0,
            le=30,
            description="A model that had learned from an erased person is removed after so many "
            "days at the latest, even when no newer one serves in its place.",
            extra=shown("days"),
        ),
    ] = 7
    admin_url: Annotated[
        str,
        Meta(
            pattern=r"^(http://(127\.0\.0\.1|localhost):\d{1,5})?$",
            description="Where the Admin API of simulated shops answers on this machine; empty: "
            "Shopify itself is asked.",
            extra=shown("URL", allowed="http://127.0.0.1:PORT, or nothing"),
        ),
    ] = ""
    admin_api_version: Annotated[
        str,
        Meta(
            pattern=r"^20\d\d-(01|04|07|10)$",
            description="The version of Shopify's Admin API that is asked for.",
            extra=shown("", allowed="a version such as 2026-10"),
        ),
    ] = "2026-10"
    backfill_days: Annotated[
        int,
        Meta(
            ge=1,
            le=36_600,
            description="Orders of so many days are taken in when a store is connected; 60 at most "
            "where the app was not granted `read_all_orders`.",
            extra=shown("days"),
        ),
    ] = 730
    reconcile_minutes: Annotated[
        int,
        Meta(
            ge=0,
            le=24 * 60,
            description="How often each connected store is asked what it updated, its webhook "
            "subscriptions are mended, and what was missed is fetched; 0 never asks.",
            extra=shown("minutes"),
        ),
    ] = 60
    compare_hours: Annotated[
        int,
        Meta(
            ge=0,
            le=24 * 366,
            description="How often all ids of a connected store are compared, to find what was "
            "deleted or merged there and never told; 0 never compares.",
            extra=shown("hours"),
        ),
    ] = 24
    mlflow_every_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=86_400,
            description="How often waiting models are mirrored to MLflow; 0 never mirrors them.",
            extra=shown("seconds"),
        ),
    ] = 30
    free_disk_mb_min: Annotated[
        int,
        Meta(
            ge=0,
            le=1 << 30,
            description="Below this much free disk under the data folder `shopwright doctor` fails "
            "(below twice as much it warns).",
            extra=shown("MiB"),
        ),
    ] = 512
    lag_seconds_max: Annotated[
        int,
        Meta(
            ge=1,
            le=86_400 * 30,
            description="The oldest webhook may wait this long for its features before "
            "`shopwright doctor` warns.",
            extra=shown("seconds"),
        ),
    ] = 60
    backup_hours_max: Annotated[
        int,
        Meta(
            ge=1,
            le=24 * 365,
            description="The last backup may be this old before `shopwright doctor` warns.",
            extra=shown("hours"),
        ),
    ] = 26
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="The least serious lines that the processes print.", extra=shown("")),
    ] = "info"
