"""How long to wait before asking again, and when to give up."""

import numpy as np
from msgspec import Struct

from shopwright.admin.answer import AGAIN, Failure


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """Bounds on asking again."""

    tries_max: int = 8
    first_seconds: float = 1.0
    seconds_max: float = 60.0


def pause(
    failure: Failure, tries: int, policy: RetryPolicy, rng: np.random.Generator
) -> float | None:
    """Return the seconds to wait after ``tries`` attempts; None: do not ask again.

    What Shopify asks for counts; else a time drawn between nothing and a bound that doubles, so
    that many who failed together do not come back together (full jitter, M. Brooker, 2015:
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """
    if failure.trouble not in AGAIN or tries >= policy.tries_max:
        return None
    bound = min(policy.seconds_max, policy.first_seconds * 2.0 ** (tries - 1))
    drawn = float(rng.uniform(0.0, bound))
    return max(drawn, _asked_for(failure))


def _asked_for(failure: Failure) -> float:
    if failure.retry_after_seconds is not None:
        return failure.retry_after_seconds
    bucket, cost = failure.bucket, failure.requested_cost
    if failure.trouble == "throttled" and bucket is not None and cost is not None:
        return bucket.wait_seconds(cost, bucket.at_us)
    return 0.0
