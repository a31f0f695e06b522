"""The payloads of ``customers/*`` and the customer inside an order (no counts, no totals)."""

from shopwright.simulator.amounts import Json
from shopwright.simulator.letterhead import Letterhead
from shopwright.simulator.people import Address
from shopwright.simulator.population import Account


def address_payload(account: Account, address: Address, letterhead: Letterhead) -> Json:
    """Return an address as it stands in an order: no id, but a position (withheld)."""
    identity, country = account.identity, letterhead.profile.country
    return {
        "first_name": identity.first_name,
        "address1": address.street,
        "phone": identity.phone,
        "city": address.place.city,
        "zip": address.zip_code,
        "province": address.place.province,
        "country": country.name,
        "last_name": identity.last_name,
        "address2": None,
        "company": identity.company,
        "latitude": None,
        "longitude": None,
        "name": f"{identity.first_name} {identity.last_name}",
        "country_code": country.code,
        "province_code": address.place.province_code,
    }


def book_address_payload(account: Account, address: Address, letterhead: Letterhead) -> Json:
    """Return an address as it stands in a customer's address book."""
    written = address_payload(account, address, letterhead)
    del written["latitude"], written["longitude"]
    written["id"] = address.address_id
    written["customer_id"] = account.customer_id
    written["country_name"] = letterhead.profile.country.name
    written["default"] = True
    return written


def customer_payload(account: Account, us: int, letterhead: Letterhead) -> Json:
    """Return the customer of an order as of an instant."""
    identity = account.identity
    return {
        "id": account.customer_id,
        "created_at": letterhead.time(account.created_us),
        "updated_at": letterhead.time(account.updated_at(us)),
        "first_name": identity.first_name,
        "last_name": identity.last_name,
        "state": "enabled" if account.customer_id % 3 else "disabled",
        "note": None,
        "verified_email": True,
        "multipass_identifier": None,
        "tax_exempt": False,
        "email": identity.email,
        "phone": identity.phone,
        "currency": letterhead.profile.currency,
        "tax_exemptions": [],
        "admin_graphql_api_id": f"gid://shopify/Customer/{account.customer_id}",
        "default_address": book_address_payload(account, account.address_at(us), letterhead),
    }


def customer_body(account: Account, us: int, letterhead: Letterhead) -> Json:
    """Return the payload of ``customers/create`` and ``customers/update``."""
    written = customer_payload(account, us, letterhead)
    written["note"] = ""
    book = []
    for since_us, address in account.addresses:
        if since_us <= us or address is account.addresses[0][1]:
            entry = book_address_payload(account, address, letterhead)
            # The published schema has text here where the default address may have null.
            entry["address2"] = ""
            entry["company"] = entry["company"] or ""
            entry["default"] = address is account.address_at(us)
            book.append(entry)
    written["addresses"] = book
    return written


def deleted_body(customer_id: int) -> Json:
    """Return the payload of ``customers/delete``."""
    return {
        "id": customer_id,
        "tax_exemptions": [],
        "admin_graphql_api_id": f"gid://shopify/Customer/{customer_id}",
    }


def merged_body(kept_id: int, deleted_id: int, job: str) -> Json:
    """Return the payload of a ``customers/merge`` that succeeded."""
    return {
        "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{kept_id}",
        "admin_graphql_api_customer_deleted_id": f"gid://shopify/Customer/{deleted_id}",
        "admin_graphql_api_job_id": f"gid://shopify/Job/{job}",
        "status": "completed",
        "errors": [],
    }
