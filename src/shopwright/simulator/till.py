"""Rings up sales: the one place where a person, a basket and an instant become an order."""

import numpy as np

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.simulator.basket import Shelf
from shopwright.simulator.catalogue import Product, put_back, take
from shopwright.simulator.checkout import hand_line, line_of, shipping_minor, tax
from shopwright.simulator.discounts import give_discounts
from shopwright.simulator.fate import after, decide_fate
from shopwright.simulator.identifiers import NextId
from shopwright.simulator.order import Order
from shopwright.simulator.people import draw_address, draw_identity
from shopwright.simulator.population import Account, Person, after_purchase
from shopwright.simulator.profile import StoreProfile
from shopwright.simulator.season import Calendar

_SECOND_ACCOUNT_SHARE = 0.02
_MOVES_SHARE = 0.03
_FOREIGN_SHARE = 0.03
_TIP_SHARE = 0.01
_HAND_LINE_SHARE = 0.1
_ENTERED_LATER_SHARE = 0.06
_NOTE_SHARE = 0.04
_TEST_DELETED_SHARE = 0.6


class Till:
    """Holds what changes with every sale: shelves, accounts and orders."""

    def __init__(
        self,
        profile: StoreProfile,
        calendar: Calendar,
        products: list[Product],
        next_id: NextId,
        told_share: float,
    ) -> None:
        self.profile = profile
        self.products = products
        self.next_id = next_id
        self.orders: list[Order] = []
        self.accounts: dict[int, Account] = {}
        self._calendar = calendar
        self._told_share = told_share
        self._shelf = Shelf(products)
        self._people = 0

    def open_account(self, person: Person, created_us: int, rng: np.random.Generator) -> Account:
        """Give a person an account; a second one has another e-mail address."""
        self._people += 1
        country = self.profile.country
        trader = person.temperament.name == "trade"
        address = draw_address(country, self.next_id("address"), self._people, rng)
        account = Account(
            customer_id=self.next_id("customer"),
            identity=draw_identity(country, self._people, trader=trader, rng=rng),
            created_us=created_us,
            addresses=[(created_us, address)],
            ordered_us=[],
        )
        person.accounts.append(account)
        self.accounts[account.customer_id] = account
        return account

    def sell(self, person: Person, at_us: int, rng: np.random.Generator) -> Order:
        """Ring up what a person buys now, decide what becomes of it, and change their habits."""
        order = self._ring_up(person, self._account(person, at_us, rng), at_us, rng)
        disappointed = self._decide(order, person, rng)
        self._finish(order)
        self._live_on(person, at_us, disappointed=disappointed, rng=rng)
        return order

    def sell_live(
        self, person: Person, account: Account | None, at_us: int, rng: np.random.Generator
    ) -> Order:
        """Ring up a sale that is paid at once, checked two seconds later, and left alone."""
        order = self._ring_up(person, account, at_us, rng)
        order.created_us = order.confirmed_us = order.paid_us = at_us
        order.checked_us = at_us + 2 * US_PER_SECOND
        self._finish(order)
        if account is not None:
            self._live_on(person, at_us, disappointed=False, rng=rng)
        return order

    def sell_to_guest(self, person: Person, at_us: int, rng: np.random.Generator) -> Order:
        """Ring up a sale at the counter, to nobody in particular."""
        order = self._ring_up(person, None, at_us, rng)
        self._decide(order, person, rng)
        self._finish(order)
        return order

    def sell_test(self, person: Person, at_us: int, rng: np.random.Generator) -> Order:
        """Ring up a test order of the shopkeeper's, which is mostly deleted soon after."""
        account = person.accounts[0] if person.accounts else None
        order = self._ring_up(person, account or self.open_account(person, at_us, rng), at_us, rng)
        order.test = True
        order.gateway = "bogus"
        order.paid_us = order.created_us
        if rng.random() < _TEST_DELETED_SHARE:
            order.deleted_us = after(order.created_us, 2.0 * US_PER_DAY, rng)
        self._finish(order)
        return order

    def _decide(self, order: Order, person: Person, rng: np.random.Generator) -> bool:
        """Date the order's future; say whether it disappoints."""
        disappointed = bool(rng.random() < person.refund_habit)
        decide_fate(
            order,
            trader=person.temperament.name == "trade",
            disappointed=disappointed,
            told_share=self._told_share,
            next_id=self.next_id,
            rng=rng,
        )
        return disappointed

    def _live_on(
        self, person: Person, at_us: int, *, disappointed: bool, rng: np.random.Generator
    ) -> None:
        habit = person.cycles[-1].habit
        person.cycles.append(after_purchase(habit, at_us, disappointed=disappointed, rng=rng))

    def _account(self, person: Person, at_us: int, rng: np.random.Generator) -> Account:
        """Return the account a person uses today; now and then they open another one."""
        if not person.accounts:
            return self.open_account(person, min(at_us, person.cycles[0].start_us), rng)
        main = person.accounts[0]
        if len(person.accounts) == 1 and rng.random() < _SECOND_ACCOUNT_SHARE:
            second = self.open_account(person, at_us, rng)
            second.merged_into = main.customer_id
            second.merged_us = after(at_us + 2 * US_PER_DAY, 12.0 * US_PER_DAY, rng)
            return second
        if rng.random() < _MOVES_SHARE:
            where = draw_address(
                self.profile.country, self.next_id("address"), 10_000 + len(self.orders), rng
            )
            main.addresses.append((at_us - 60 * US_PER_SECOND, where))
        return main

    def _ring_up(
        self, person: Person, account: Account | None, at_us: int, rng: np.random.Generator
    ) -> Order:
        trader = person.temperament.name == "trade"
        source = "pos" if account is None else "shopify_draft_order" if trader else "web"
        picks = self._shelf.choose(person, at_us, rng)
        items = [line_of(pick, at_us, self.next_id) for pick in picks]
        if trader and rng.random() < _HAND_LINE_SHARE:
            items.append(hand_line(self.profile, self.next_id))
        created_us = at_us
        if source == "shopify_draft_order" and rng.random() < _ENTERED_LATER_SHARE:
            created_us = after(at_us, 0.6 * US_PER_DAY, rng)
        discounts = give_discounts(
            items,
            person,
            self.profile,
            self._calendar.sale_at(at_us),
            first_order=account is not None and not account.ordered_us,
            rng=rng,
        )
        return Order(
            order_id=self.next_id("order"),
            number=1001 + len(self.orders),
            account=account,
            created_us=created_us,
            processed_us=at_us,
            items=items,
            discounts=discounts,
            shipping_minor=shipping_minor(items, source, self.profile),
            shipping_line_id=self.next_id("shipping_line"),
            tip_minor=self.profile.price_step * 2 if rng.random() < _TIP_SHARE else 0,
            source=source,
            foreign=source == "web" and bool(rng.random() < _FOREIGN_SHARE),
            note=_note(account, rng),
            confirmed_us=created_us,
        )

    def _finish(self, order: Order) -> None:
        """Tax the order, move the stock, and put it on record."""
        tax(order, self.profile)
        if order.account is not None:
            order.account.ordered_us.append(order.created_us)
        goods = {item.line_id: item for item in order.items if not item.gift_card}
        for item in goods.values():
            if item.product is not None and item.variant is not None:
                when_us = item.added_us or order.processed_us
                take(item.product, item.variant, item.quantity, when_us)
        for refund in order.refunds:
            for _, line_id, units in refund.lines:
                back = goods.get(line_id)
                if back is not None and back.variant is not None and refund.restock != "no_restock":
                    put_back(back.variant, units, refund.at_us)
        self.orders.append(order)


def _note(account: Account | None, rng: np.random.Generator) -> str | None:
    if account is None or rng.random() >= _NOTE_SHARE:
        return None
    return f"Please leave it with the neighbour. {account.identity.first_name}"
