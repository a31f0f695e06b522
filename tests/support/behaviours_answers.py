"""How the Admin API answers, and how tokens end."""

from typing import Any

import pytest
from behaviour import SHOP, Behaviour, ask
from simulated_admin import SimulatedAdmin

from shopwright.admin import documents
from shopwright.admin.answer import Failure
from shopwright.core.clock import US_PER_SECOND
from shopwright.core.errors import ShopTrouble
from shopwright.pipelines import (
    admin_client,
    subscribe,
    tokens,
)


def throttled(admin: SimulatedAdmin) -> None:
    admin.api.state.faults.throttled_until_us = admin.clock.now_us() + 20 * US_PER_SECOND
    assert ask(admin) == SHOP.profile.name


def never_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(admin_client, "pause", lambda *_: None)


def leaky_bucket(admin: SimulatedAdmin) -> None:
    """Who spends no more than the bucket holds is never refused, and so asks no question twice."""
    before = admin.api.asked
    everything = {"query": "updated_at:>='2026-01-01T00:00:00Z'"}
    for _ in range(200):
        admin.client.ask(admin.store_id, documents.ORDERS_UPDATED, everything)
    assert admin.api.asked == before + 200


def spendthrift(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(admin_client.AdminClient, "_wait", lambda *_: None)


def token_ends_early(admin: SimulatedAdmin) -> None:
    ask(admin)
    admin.app.expire_access_tokens(admin.clock.now_us())
    assert ask(admin) == SHOP.profile.name


def no_renewal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tokens.Tokens, "renew", lambda *_: "")


def refresh_answer_lost(admin: SimulatedAdmin) -> None:
    admin.connect("oauth")
    admin.clock.sleep(3_600)
    admin.api.state.faults.lost_grants = 2
    assert ask(admin) == SHOP.profile.name


def one_try(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tokens, "TRIES", 1)


def token_that_ends(admin: SimulatedAdmin) -> None:
    """A token is renewed before it ends, not after Shopify has refused it."""
    admin.clock.sleep(86_399 - 60)
    before = admin.api.asked
    ask(admin)
    assert admin.app.grants == 2
    assert admin.api.asked == before + 1
    admin.clock.sleep(120)
    ask(admin)
    assert admin.api.asked == before + 2


def at_the_last_moment(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tokens, "EARLY_SECONDS", -(10**6))


def outage(admin: SimulatedAdmin) -> None:
    admin.api.state.faults.down_until_us = admin.clock.now_us() + 15 * US_PER_SECOND
    assert ask(admin) == SHOP.profile.name


def refused_inside_200(admin: SimulatedAdmin) -> None:
    with pytest.raises(ShopTrouble, match="protocol"):
        subscribe.subscribe(
            admin.client, admin.store_id, admin.app.scopes, "http://shopwright.example.com/webhooks"
        )


def deaf_to_user_errors(patch: pytest.MonkeyPatch) -> None:
    def change(self: Any, store_id: Any, document: str, variables: Any, field: str) -> Any:
        return self.ask(store_id, document, variables).get(field) or {}

    patch.setattr(admin_client.AdminClient, "change", change)


def frozen(admin: SimulatedAdmin) -> None:
    """What only its owner can mend is asked once, not again and again."""
    admin.api.state.faults.frozen = True
    before = admin.api.asked
    with pytest.raises(ShopTrouble, match="frozen"):
        ask(admin)
    assert admin.api.asked == before + 1


def stubborn(patch: pytest.MonkeyPatch) -> None:
    def again(failure: Failure, tries: int, *_: Any) -> float | None:
        return 1.0 if tries < 5 else None

    patch.setattr(admin_client, "pause", again)


BEHAVIOURS = (
    Behaviour("THROTTLED comes inside HTTP 200", throttled, never_again),
    Behaviour("a bucket that leaks, of unknown size", leaky_bucket, spendthrift),
    Behaviour("a token ends before its time", token_ends_early, no_renewal),
    Behaviour("a token ends", token_that_ends, at_the_last_moment),
    Behaviour("the answer to a refresh is lost", refresh_answer_lost, one_try),
    Behaviour("Shopify is down", outage, never_again),
    Behaviour("a refusal stands in userErrors of a 200", refused_inside_200, deaf_to_user_errors),
    Behaviour("a shop is frozen", frozen, stubborn),
)
