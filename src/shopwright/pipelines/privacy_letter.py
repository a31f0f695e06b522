"""The report about a person as a text that the person can read; nothing is in it but the report."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shopwright.core.money import exponent

Json = Mapping[str, Any]

WIDTH_MAX = 200
"""A longer line of a payload is cut; the report in JSON has it whole."""

_NOTHING = "Nothing is held."
_EMPTY: tuple[object, ...] = (None, False, 0, "", "0", "0.00", [], {})
_AGAIN = ("_set", "admin_graphql_api_id")
"""Ends of the names of fields that tell an amount or an id once more."""


def letter(report: Json, meanings: Mapping[str, str]) -> str:
    """Return the report's text; ``meanings`` says of each feature what it is, by its name."""
    return "\n".join(
        [
            f"What is held about you at {report['store_id']}",
            f"as of {_day(report['made_at'])}. The same report in JSON leaves nothing out; here,",
            "fields of the shop's messages that are empty or tell an amount once more are missing.",
            *_section("Who you are here", _people(report)),
            *_section("Your orders", _orders(report)),
            *_section("What was computed from them", _features(report, meanings)),
            *_section("What was predicted about you, and when", _predictions(report)),
            *_section("Models that may have learned from your orders", _models(report)),
            *_section("What the shop sent us about you, as it was sent", _events(report)),
            *_section("Requests that are open", _requests(report)),
            "",
        ]
    )


def _section(title: str, lines: Iterator[str]) -> list[str]:
    return ["", title, "-" * len(title), *(list(lines) or [_NOTHING])]


def _people(report: Json) -> Iterator[str]:
    if report["erased"]:
        yield "You were erased. What follows is all that is left, and it should be nothing."
    for person in report["customers"]:
        known_by = person["customer_id"] or "no number any more"
        yield f"Customer {known_by}; inside, you are called {person['pseudonym']}."
        if person["contacts_known_by_pseudonym"]:
            yield (
                f"{person['contacts_known_by_pseudonym']} e-mail addresses or phone numbers, each "
                "as a keyed hash from which it cannot be read."
            )
    if report["checkouts"]:
        yield f"{report['checkouts']} checkouts that were begun with your address."


def _orders(report: Json) -> Iterator[str]:
    newest: dict[str, Json] = {}
    for version in report["orders"]:
        if version["version"] >= newest.get(version["order"], version)["version"]:
            newest[version["order"]] = version
    money = report["currency"]
    for version in sorted(newest.values(), key=lambda one: (one["occurred_at"], one["order"])):
        back = version["refund_minor"]
        yield (
            f"{_day(version['occurred_at'])}  {_amount(version['gross_minor'], money)}"
            + (f", of which {_amount(back, money)} was refunded" if back else "")
            + ("" if version["valid"] else "; not counted (a guest's, cancelled, void or a test)")
        )
        for line in version["lines"]:
            what = line["sku"] or line["product_id"] or line["line_id"]
            yield f"    {line['quantity']} × {what}, {_amount(line['gross_minor'], money)}"


def _features(report: Json, meanings: Mapping[str, str]) -> Iterator[str]:
    for features in report["features"]:
        width = max((len(name) for name in features["values"]), default=0)
        for name, found in features["values"].items():
            says = "not known" if found is None else f"{found:g}"
            yield f"{name:<{width}}  {says:>12}  {meanings.get(name, '')}".rstrip()


def _predictions(report: Json) -> Iterator[str]:
    for event in report["predictions"]:
        said = event["body"]
        if isinstance(said, dict) and "score" in said:
            yield (
                f"{_day(event['received_at'])}  {said.get('task')}: {float(said['score']):.3f}, "
                f"by model {str(said.get('model_version'))[:12]}"
            )
        else:
            yield f"{_day(event['received_at'])}  {_cut(said)}"


def _models(report: Json) -> Iterator[str]:
    for model in report["models"]:
        trained = f"{model['model_version'][:12]}, as of {_day(model['as_of'])}"
        yield f"{model['task']} {trained}{', in use' if model['serves'] else ''}"


def _events(report: Json) -> Iterator[str]:
    for event in report["events"]:
        yield f"{_day(event['received_at'])}  {event['topic']}"
        yield from _payload(event["body"], 4)


def _payload(found: object, indent: int) -> Iterator[str]:
    """Write a payload by its fields, without those that say nothing of the person."""
    for name, value in _fields(found):
        if name.endswith(_AGAIN) or value in _EMPTY:
            continue
        if isinstance(value, dict | list):
            yield f"{'':{indent}}{name}:"
            yield from _payload(value, indent + 2)
        else:
            yield f"{'':{indent}}{name}: {_cut(value)}"


def _fields(found: object) -> Sequence[tuple[str, object]]:
    if isinstance(found, dict):
        return [(str(name), value) for name, value in found.items()]
    if isinstance(found, list):
        return [(str(number), value) for number, value in enumerate(found, 1)]
    return [("text", found)]


def _requests(report: Json) -> Iterator[str]:
    for request in report["open_requests"]:
        yield f"{_day(request['asked_at'])}  {request['kind']}, {request['request_id']}"


def _amount(minor: int, currency: str) -> str:
    decimals = exponent(currency)
    whole, rest = divmod(minor, 10**decimals)
    return f"{whole:,}.{rest:0{decimals}d} {currency}" if decimals else f"{whole:,} {currency}"


def _day(instant: str) -> str:
    return f"{instant[:10]} {instant[11:16]} UTC"


def _cut(found: object) -> str:
    """Return a value on one line, free of control characters: it is the shop's, or a stranger's."""
    text = "".join(mark if mark.isprintable() else " " for mark in str(found))
    return text if len(text) <= WIDTH_MAX else f"{text[:WIDTH_MAX]} … ({len(text):,} characters)"
