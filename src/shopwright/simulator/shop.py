"""A whole simulated shop: its history as webhooks, its hidden truth, and sales while you watch."""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.errors import BadInput
from shopwright.simulator.fate import kept_share, refund_now
from shopwright.simulator.history import WARM_UP_DAYS, Span, flows_of, live_through
from shopwright.simulator.identifiers import id_source
from shopwright.simulator.letterhead import Letterhead
from shopwright.simulator.order import Order
from shopwright.simulator.population import draw_person
from shopwright.simulator.profile import NORMAL, Scale, StoreProfile
from shopwright.simulator.rhythm import order_chance
from shopwright.simulator.season import Calendar
from shopwright.simulator.shelves import Shelving
from shopwright.simulator.tellings import Narrator, Telling
from shopwright.simulator.temperament import CASUAL
from shopwright.simulator.till import Till
from shopwright.simulator.webhook import SimulatedWebhook

FUTURE_DAYS = 400
"""Days after the history for which the season is known: horizons and live sales end there."""
_UNITS_PER_ORDER = 6.0
_ORDERS_PER_CUSTOMER = 2.6
_NEWCOMER_SHARE = 0.12
_GUEST_SHARE = 0.03
_REFUND_SHARE = 0.06


class Shop:
    """A shop that has been open for ``scale.days`` until ``end_us``; the same for the same rng.

    Times are epoch microseconds; customers are named by Shopify's id as a string of digits.
    """

    def __init__(
        self, profile: StoreProfile, end_us: int, rng: np.random.Generator, scale: Scale = NORMAL
    ) -> None:
        self.profile = profile
        self.end_us = end_us - end_us % US_PER_SECOND
        self.start_us = self.end_us - scale.days * US_PER_DAY
        opening_us = self.start_us - WARM_UP_DAYS * US_PER_DAY
        days = WARM_UP_DAYS + scale.days + FUTURE_DAYS
        calendar = Calendar(profile.season, opening_us, days)
        shop_number = 20_000_000 + int(rng.integers(60_000_000))
        next_id = id_source(shop_number)
        units_a_day = scale.customers * _ORDERS_PER_CUSTOMER * _UNITS_PER_ORDER / scale.days
        span_us = (self.start_us, self.end_us)
        products = Shelving(profile, calendar, span_us, next_id, rng).fill(units_a_day)
        self._till = Till(profile, calendar, products, next_id, scale.fulfilment_told_share)
        self._flows = flows_of(calendar)
        span = Span(self.start_us, self.end_us)
        self._crowd = live_through(self._till, calendar, self._flows, span, scale, rng)
        self._narrator = Narrator(Letterhead(profile, calendar, shop_number), self._till.accounts)
        self._recorded = len(self._till.orders)
        self._stock_told = scale.stock_told
        self._stock_was_told: set[str] = set()
        """Ids of the webhooks of live sales."""
        self._live_seed = int(rng.integers(1 << 62))
        self._encoder = msgspec.json.Encoder()
        self._owners = {
            str(account.customer_id): person
            for person in self._crowd.people
            for account in person.accounts
        }

    def webhooks(
        self, from_us: int | None = None, until_us: int | None = None
    ) -> Iterator[SimulatedWebhook]:
        """Yield the history's webhooks with from_us <= triggered_us < until_us, oldest first.

        Without bounds, the whole history. Bodies are written one at a time.
        """
        low = self.start_us if from_us is None else from_us
        high = self.end_us if until_us is None else min(until_us, self.end_us)
        due = [telling for telling in self._tellings() if low <= telling.triggered_us < high]
        due.sort(key=lambda telling: telling[:2])
        for telling in due:
            yield self._send(telling)

    def customers(self, as_of_us: int | None = None) -> list[str]:
        """Return the ids of the customers who have ordered before an instant, oldest first.

        Second accounts are left out: :meth:`true_probability` speaks of whole persons.
        """
        as_of_us = self.end_us if as_of_us is None else as_of_us
        return [
            str(person.accounts[0].customer_id)
            for person in self._crowd.people
            if person.accounts and any(us < as_of_us for us in person.accounts[0].ordered_us)
        ]

    def accounts(self) -> list[str]:
        """Return the id of every customer account, second accounts among them, by number."""
        return sorted(self._owners, key=int)

    def true_probability(self, customer_id: str, as_of_us: int, horizon_days: float) -> float:
        """Return the true chance of an order in [as_of, as_of + horizon) that stays valid.

        It follows from the hidden state alone (see ``rhythm.py`` for what exactly is exact): the
        person's own rate, rhythm and dropout, whether they have gone already, and the season.
        A second account of a person has 0.0, the first one speaks for both. Raises BadInput for
        a customer who is not known or has not come yet, and outside of the simulated calendar.
        """
        person = self._owners.get(customer_id)
        cycle = person.cycle_at(as_of_us) if person is not None else None
        if person is None or cycle is None:
            raise BadInput(
                f"{self.profile.domain}: nobody has the customer id {customer_id} at that time; "
                "take one from Shop.customers()"
            )
        if cycle.gone or str(person.accounts[0].customer_id) != customer_id:
            return 0.0
        flow = self._flows[person.temperament.name]
        now = flow.at(as_of_us)
        age = now - flow.at(cycle.start_us)
        ahead = flow.at(as_of_us + round(horizon_days * US_PER_DAY)) - now
        return order_chance(cycle.habit, age, ahead, kept_share(person.temperament))

    def place_order(
        self, customer_id: str | None, at_us: int, rng: np.random.Generator
    ) -> list[SimulatedWebhook]:
        """Let a customer (None: a guest) order now: ``orders/create``, then ``orders/updated``.

        Raises BadInput for a customer who is not known, and for an instant within the history.
        """
        at_us -= at_us % US_PER_SECOND
        if at_us < self.end_us:
            raise BadInput(
                f"{self.profile.domain}: the history is written up to the end of the simulation; "
                "an order can only be placed after it"
            )
        if customer_id is None:
            person = draw_person(CASUAL, len(self.profile.categories), at_us, rng)
            return self._tell_sale(self._till.sell_live(person, None, at_us, rng))
        known = self._owners.get(customer_id)
        if known is None:
            raise BadInput(
                f"{self.profile.domain}: nobody has the customer id {customer_id}; "
                "take one from Shop.customers()"
            )
        account = self._till.accounts[int(customer_id)]
        return self._tell_sale(self._till.sell_live(known, account, at_us, rng))

    def live(self, from_us: int, seconds: float, rate: float) -> Iterator[SimulatedWebhook]:
        """Yield the webhooks of live traffic: about ``rate`` visits a second, as they come.

        Who is due is likelier to come; newcomers, guests, refunds and what the history left
        undone are among it. On a fresh shop the same ``from_us`` gives the same traffic. What the
        last visit causes is yielded although it is triggered a little later. Raises BadInput for
        a rate that is not positive, and for an instant within the history.
        """
        if rate <= 0.0 or from_us < self.end_us:
            raise BadInput(
                f"{self.profile.domain}: live traffic needs a positive rate, and a start after "
                "the simulated history"
            )
        rng = np.random.default_rng([self._live_seed, from_us])
        until_us = from_us + round(seconds * US_PER_SECOND)
        names = self.customers(from_us)
        weights = np.array([self.true_probability(name, from_us, 7.0) for name in names]) + 1e-4
        waiting = [self._send(telling) for telling in self._left_undone(from_us, until_us)]
        at_us = from_us
        while (at_us := at_us + round(rng.exponential(1.0 / rate) * US_PER_SECOND)) < until_us:
            waiting.sort(key=_by_time, reverse=True)
            # The next visit is dated in whole seconds, so nothing of it comes before this one.
            while waiting and waiting[-1].triggered_us < at_us - at_us % US_PER_SECOND:
                yield waiting.pop()
            waiting += self._visit(names, weights / weights.sum(), at_us, rng)
        yield from sorted(waiting, key=_by_time)

    def personal_texts(self) -> list[str]:
        """Return every e-mail address, telephone number, street and customer id of the shop.

        None of them may be found where only pseudonyms belong.
        """
        texts = []
        for account in self._till.accounts.values():
            texts += [account.identity.email, account.identity.phone, str(account.customer_id)]
            texts += [address.street for _, address in account.addresses]
        return texts

    def _visit(
        self,
        names: Sequence[str],
        chances: "np.ndarray[tuple[int], np.dtype[np.float64]]",
        at_us: int,
        rng: np.random.Generator,
    ) -> list[SimulatedWebhook]:
        """Let somebody order, and sometimes somebody else send something back."""
        dice = rng.random()
        sent: list[SimulatedWebhook] = []
        if dice < _NEWCOMER_SHARE:
            sent += self._welcome(at_us, rng)
        elif dice < _NEWCOMER_SHARE + _GUEST_SHARE:
            sent += self.place_order(None, at_us, rng)
        else:
            sent += self.place_order(str(rng.choice(names, p=chances)), at_us, rng)
        if rng.random() < _REFUND_SHARE:
            sent += self._send_back(at_us, rng)
        return sent

    def _welcome(self, at_us: int, rng: np.random.Generator) -> list[SimulatedWebhook]:
        person = draw_person(CASUAL, len(self.profile.categories), at_us, rng)
        account = self._till.open_account(person, at_us - at_us % US_PER_SECOND, rng)
        self._crowd.people.append(person)
        self._owners[str(account.customer_id)] = person
        told = self._narrator.customer(account, account.created_us)
        return [
            *(self._send(telling) for telling in told),
            *self.place_order(str(account.customer_id), at_us, rng),
        ]

    def _send_back(self, at_us: int, rng: np.random.Generator) -> list[SimulatedWebhook]:
        """Let one of the latest orders come back in part."""
        at_us -= at_us % US_PER_SECOND
        order = self._till.orders[-1 - int(rng.integers(min(200, len(self._till.orders))))]
        latest_us = max(order.changes())
        closed = order.cancelled_us is not None or order.deleted_us is not None
        if closed or order.test or latest_us >= at_us:
            return []
        if refund_now(order, at_us, self._till.next_id) is None:
            return []
        return [
            self._send(telling)
            for telling in self._narrator.order(order)
            if at_us <= telling.triggered_us < at_us + US_PER_SECOND
        ]

    def _left_undone(self, from_us: int, until_us: int) -> Iterator[Telling]:
        """Return what is still to happen to the orders of the history."""
        for order in self._till.orders[: self._recorded]:
            for telling in self._narrator.order(order):
                if from_us <= telling.triggered_us < until_us:
                    yield telling

    def _tell_sale(self, order: Order) -> list[SimulatedWebhook]:
        told = [self._send(telling) for telling in self._narrator.order(order)]
        return told + self._tell_stock(order) if self._stock_told else told

    def _tell_stock(self, order: Order) -> list[SimulatedWebhook]:
        """Tell what a sale took off the shelves; two sales of one second are told as one."""
        products = {
            one.product_id: one for item in order.items if (one := item.product) is not None
        }
        told = []
        for product in products.values():
            for telling in self._narrator.stock(product):
                is_now = 0 <= telling.triggered_us - order.created_us < US_PER_SECOND
                if is_now and telling.webhook_id not in self._stock_was_told:
                    self._stock_was_told.add(telling.webhook_id)
                    told.append(self._send(telling))
        return told

    def _tellings(self) -> Iterator[Telling]:
        for product in self._till.products:
            yield from self._narrator.product(product)
            if self._stock_told:
                yield from self._narrator.stock(product)
        for account in self._till.accounts.values():
            yield from self._narrator.customer(account, self.start_us)
        for idler in self._crowd.idlers:
            yield from self._narrator.idler(idler)
        for order in self._till.orders:
            yield from self._narrator.order(order)

    def _send(self, telling: Telling) -> SimulatedWebhook:
        return SimulatedWebhook(
            topic=telling.topic,
            body=self._encoder.encode(telling.body()),
            triggered_us=telling.triggered_us,
            webhook_id=telling.webhook_id,
            event_id=telling.event_id,
        )


def _by_time(webhook: SimulatedWebhook) -> tuple[int, str]:
    return webhook.triggered_us, webhook.webhook_id
