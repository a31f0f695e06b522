"""Every error that a user can meet; each message says what happened, where, and what to do next.

::

    ShopwrightError            exit 1
    ├── BadInput               exit 2   an option, file, payload or setting is wrong
    │   └── UnknownStore                the store was never added
    ├── Unreadable                      a payload cannot become a fact: it goes to the dead letters
    ├── NotReady                        what was asked for does not exist yet (a model, a folder)
    ├── Damaged                         a file fails its checksum, signature or schema
    │   └── TooNew                      a file was written by a newer Shopwright
    ├── Busy                            another process holds what this one needs
    ├── Erased                          the key was destroyed: the person was erased
    ├── ShopTrouble                     Shopify's Admin API did not do what was asked
    └── Refused                         a rule said no (a model that does not beat its baselines)
"""


class ShopwrightError(Exception):
    """Base of all errors that are explained to the user instead of being shown as a traceback."""

    exit_code = 1


class BadInput(ShopwrightError):
    """Something the user gave is wrong; nothing was changed."""

    exit_code = 2


class UnknownStore(BadInput):
    """The store was never added here."""

    def __init__(self, store_id: str) -> None:
        super().__init__(
            f"{store_id}: this store is not known here; "
            f"add it with `shopwright stores add {store_id} --currency … --timezone …`"
        )


class Unreadable(ShopwrightError):
    """A stored event cannot be turned into a fact; it is kept and goes to the dead letters."""


class NotReady(ShopwrightError):
    """What was asked for does not exist yet."""


class Damaged(ShopwrightError):
    """A file is not what it should be and was not used."""


class TooNew(Damaged):
    """A file was written by a newer version of Shopwright."""


class Busy(ShopwrightError):
    """Another process holds a lock that this one needs."""


class Erased(ShopwrightError):
    """The data was sealed under a key that has been destroyed."""


class ShopTrouble(ShopwrightError):
    """Shopify's Admin API gave no data; ``trouble`` is the word for what is wrong."""

    def __init__(self, message: str, trouble: str) -> None:
        super().__init__(message)
        self.trouble = trouble


class Refused(ShopwrightError):
    """A rule said no."""
