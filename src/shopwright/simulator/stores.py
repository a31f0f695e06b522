"""Three ready stores that differ where code is usually wrong: currency, tax and time zone."""

from hashlib import blake2b

import numpy as np

from shopwright.core.errors import BadInput
from shopwright.simulator.harbour_gifts import HARBOUR_GIFTS
from shopwright.simulator.kinari_tea import KINARI_TEA
from shopwright.simulator.profile import FAST, NORMAL, Scale, StoreProfile
from shopwright.simulator.ridgeline_outdoor import RIDGELINE_OUTDOOR
from shopwright.simulator.shop import Shop

PROFILES = (HARBOUR_GIFTS, RIDGELINE_OUTDOOR, KINARI_TEA)
SCALES = {"fast": FAST, "normal": NORMAL}


def open_store(
    profile: StoreProfile, end_us: int, seed: int, scale: str | Scale = "normal"
) -> Shop:
    """Open one store; its chance depends on the seed and its own domain only."""
    if isinstance(scale, str):
        if scale not in SCALES:
            raise BadInput(f"{scale!r} is not a scale; use one of {', '.join(SCALES)}")
        scale = SCALES[scale]
    own = int.from_bytes(blake2b(profile.domain.encode(), digest_size=8).digest())
    return Shop(profile, end_us, np.random.default_rng([seed, own]), scale)


def open_stores(end_us: int, seed: int, scale: str | Scale = "normal") -> list[Shop]:
    """Open all three stores, with histories that end at the same instant."""
    return [open_store(profile, end_us, seed, scale) for profile in PROFILES]
