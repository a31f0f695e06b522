"""What an operator is told when Shopify does not do what was asked: what happened, what to do."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from shopwright.admin.answer import Failure, Trouble
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.types.identity import StoreId

_WORDS: Mapping[Trouble, str] = {
    "throttled": "Shopify asks for fewer requests and went on asking; nothing is lost, it goes on "
    "by itself later",
    "unavailable": "Shopify does not answer properly (www.shopifystatus.com says whether it "
    "is down); nothing is lost, it goes on by itself later",
    "no_answer": "no answer came; check this machine's way to the internet",
    "token": "Shopify refuses the access token: it was revoked, or the app was uninstalled. "
    "Connect the store again: shopwright connect {store}",
    "scope": "the app was not granted what this needs. Add the scope to the app, let the merchant "
    "approve it, then: shopwright connect {store}",
    "frozen": "the shop is frozen because a bill is unpaid; only its owner can change that",
    "locked": "Shopify has locked the shop; its owner should write to Shopify's support",
    "rejected": "Shopify turns this machine's address away (430); ask Shopify's support why",
    "missing": "there is no such shop, or the API version has ended; check the domain and the "
    "setting admin_api_version",
    "dear": "the question is too dear for Shopify's limit of 1,000 points; this is our mistake",
    "closed": "the shop is closed",
    "invalid": "Shopify did not understand the question; this is our mistake, or its API changed",
}

_GRANTS = {
    "invalid_client": "Shopify does not know this client id and secret together: copy both again "
    "from the app's settings in the Dev Dashboard",
    "invalid_grant": "the refresh token is no longer good; let the merchant authorise the app "
    "again: shopwright connect {store}",
    "shop_not_permitted": "client credentials work only for stores of the organisation that owns "
    "the app; use --oauth for this store",
    "application_cannot_be_found": "there is no app with this client id, or it is not installed on "
    "the store: install it first",
    "invalid_request": "the code has been used or is too old; begin again",
}


class _Refusal(Struct):
    error: str = ""
    errors: object = None


def explain(store_id: StoreId, failure: Failure) -> str:
    """Return the sentence for a question that was not answered."""
    said = f" Shopify says: {failure.says}" if failure.says else ""
    return f"{store_id}: {_WORDS[failure.trouble].format(store=store_id)}.{said}"


def refusal_code(body: bytes) -> str:
    """Return the word with which a token was refused; empty when there is none."""
    try:
        return msgspec.json.decode(body, type=_Refusal).error
    except NOT_DECODABLE:
        return ""


def explain_grant(store_id: StoreId, status: int, body: bytes, why: str = "") -> str:
    """Return the sentence for a token that was not granted."""
    if status == 0:
        return f"{store_id}: Shopify was asked for an access token and no answer came ({why})"
    code = refusal_code(body)
    words = _GRANTS.get(code)
    if words is None:
        words = (
            "there is no such shop: check its domain"
            if status == 404
            else f"Shopify granted no access token (status {status} {code})".rstrip()
        )
    return f"{store_id}: {words.format(store=store_id)}"
