"""The explorer: a local page and an HTTP API over the classifier (extra `web`)."""
