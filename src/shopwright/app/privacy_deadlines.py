"""Until when a privacy request must be done, and when somebody should look after it."""

from shopwright.app.settings import Settings
from shopwright.core.clock import US_PER_DAY
from shopwright.core.types.privacy import PrivacyRequest
from shopwright.pipelines.erase_progress import Stage

LAW_US = 30 * US_PER_DAY
"""Shopify asks for a request to be done within 30 days."""

OURS_US = US_PER_DAY
"""What we ask of ourselves, models apart."""


def due_us(settings: Settings, request: PrivacyRequest, stage: Stage) -> int:
    """Return our own deadline; at ``models`` nothing is left but models that learned from them."""
    days_us = settings.erase_models_days_max * US_PER_DAY
    return request.asked_us + (days_us if stage == "models" else OURS_US)


def is_half_over(settings: Settings, request: PrivacyRequest, stage: Stage, now_us: int) -> bool:
    """Say whether half of the time is gone: whatever keeps it back should be looked for now."""
    return 2 * (now_us - request.asked_us) > due_us(settings, request, stage) - request.asked_us
