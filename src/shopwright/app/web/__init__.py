"""The web process: webhooks in, predictions out, and a console for people."""
