"""Which customer is in which fold: decided by the customer alone, in every snapshot alike."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def folds_of(entities: Sequence[bytes], folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold (0 … folds - 1) of each entity.

    A keyed hash: a customer stays in its fold when others come or go, no customer is in two
    folds, and another seed deals anew.
    """
    key = f"folds {seed}".encode()
    fold = {
        entity: int.from_bytes(hashlib.blake2b(entity, key=key, digest_size=8).digest(), "big")
        % folds
        for entity in set(entities)
    }
    return np.array([fold[entity] for entity in entities], dtype=np.int64)
