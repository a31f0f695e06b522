"""The kinds of people who buy, each a distribution of hidden habits.

The shapes follow the literature on repeat buying: purchase rates differ by a gamma distribution
and people drop out unseen after a purchase (Fader, Hardie and Lee, *"Counting Your Customers" the
Easy Way: An Alternative to the Pareto/NBD Model*, Marketing Science 24(2), 2005), and some buy by
the clock, with gamma gaps of shape above one (Platzer and Reutterer, *Ticking Away the Moments*,
Marketing Science 35(5), 2016).
"""

from msgspec import Struct

from shopwright.simulator.season import Sensitivity


class Temperament(Struct, frozen=True, kw_only=True):
    """One kind of customer; every person of the kind draws their own habits from it."""

    name: str
    gap_days: float
    """Mean operational days between purchases of a typical person of the kind."""
    evenness: float
    """Shape of the gamma from which purchase rates are drawn: higher means more alike."""
    rhythm: int
    """Shape of the gap between purchases: 1 has no memory, 10 buys by the clock."""
    dropout: float
    """Mean chance of never coming back after a purchase."""
    dropout_certainty: float
    """a + b of the beta distribution from which that chance is drawn."""
    sensitivity: Sensitivity
    discount_affinity: float
    """Mean chance of using a discount code when there is one."""
    price_response: float
    """Typical elasticity of choice: how strongly a dearer product is passed over."""
    extra_lines: float
    """Mean of the Poisson number of lines beyond the first."""
    extra_units: float
    """Mean of the Poisson number of units beyond the first, per line."""
    dearness: float
    """How much dearer products are liked: exponent on the price in the choice of products."""
    refund_habit: float
    """Mean chance of sending (part of) an order back."""


GIFT = Temperament(
    name="gift",
    gap_days=70.0,
    evenness=1.5,
    rhythm=1,
    dropout=0.82,
    dropout_certainty=6.0,
    sensitivity=Sensitivity(year=2.0, sale=1.0),
    discount_affinity=0.15,
    price_response=0.8,
    extra_lines=1.4,
    extra_units=0.25,
    dearness=0.55,
    refund_habit=0.05,
)
CASUAL = Temperament(
    name="casual",
    gap_days=75.0,
    evenness=1.1,
    rhythm=1,
    dropout=0.22,
    dropout_certainty=5.0,
    sensitivity=Sensitivity(year=1.0, sale=1.5),
    discount_affinity=0.30,
    price_response=1.3,
    extra_lines=1.0,
    extra_units=0.3,
    dearness=0.1,
    refund_habit=0.09,
)
REGULAR = Temperament(
    name="regular",
    gap_days=52.0,
    evenness=10.0,
    rhythm=18,
    dropout=0.06,
    dropout_certainty=12.0,
    sensitivity=Sensitivity(year=0.3, sale=1.0),
    discount_affinity=0.15,
    price_response=1.1,
    extra_lines=0.8,
    extra_units=0.5,
    dearness=-0.2,
    refund_habit=0.03,
)
BARGAIN = Temperament(
    name="bargain",
    gap_days=60.0,
    evenness=2.5,
    rhythm=1,
    dropout=0.12,
    dropout_certainty=8.0,
    sensitivity=Sensitivity(year=0.5, sale=9.0),
    discount_affinity=0.85,
    price_response=2.6,
    extra_lines=1.1,
    extra_units=0.2,
    dearness=-0.5,
    refund_habit=0.16,
)
TRADE = Temperament(
    name="trade",
    gap_days=33.0,
    evenness=25.0,
    rhythm=20,
    dropout=0.03,
    dropout_certainty=20.0,
    sensitivity=Sensitivity(year=0.4, sale=1.0),
    discount_affinity=0.0,
    price_response=1.6,
    extra_lines=3.0,
    extra_units=7.0,
    dearness=0.0,
    refund_habit=0.02,
)
TEMPERAMENTS = (GIFT, CASUAL, REGULAR, BARGAIN, TRADE)
