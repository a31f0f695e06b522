"""The ``shopify.app.toml`` of the user's own app: what only the app itself can declare."""

from shopwright.admin.documents import API_VERSION
from shopwright.admin.scopes import CAPABILITIES, REQUESTED

FILE_NAME = "shopify.app.toml"
_SAMPLE = "https://ml.example.com"


def app_file(public_url: str) -> str:
    """Return the file; without a public address a sample stands in its place.

    https://shopify.dev/docs/apps/build/cli-for-apps/app-configuration
    """
    base = public_url.rstrip("/") or _SAMPLE
    why = "\n".join(f"#   {one.scope}: {one.gives}" for one in CAPABILITIES)
    return f"""# Deploy it with Shopify CLI: shopify app deploy
client_id = ""
name = "Shopwright"
application_url = "{base}/console/"
embedded = false

[access_scopes]
{why}
scopes = "{",".join(REQUESTED)}"

[auth]
redirect_urls = ["{base}/oauth/callback"]

[webhooks]
api_version = "{API_VERSION}"

# These three can be declared here only. `shopwright connect` subscribes to all other webhooks:
# declaring them here too would send each event twice.
[[webhooks.subscriptions]]
compliance_topics = ["customers/data_request", "customers/redact", "shop/redact"]
uri = "{base}/webhooks"
"""
