"""A ledger's revision: the number of its commits, above the number of times it was replaced.

A ledger that was rebuilt or restored counts on in a new generation. So every revision of it is
greater than any that a copy has seen, and a copy of an older generation knows that it must look at
everything again, also at what is no longer there.
"""

GENERATION_BITS = 40
"""A commit every millisecond fills them in 34 years."""


def generation(revision: int) -> int:
    """Return how many times the ledger of this revision was replaced."""
    return revision >> GENERATION_BITS


def next_generation(*revisions: int) -> int:
    """Return the revision at which a ledger begins that replaces everything up to these."""
    return generation(max(0, *revisions)) + 1 << GENERATION_BITS
