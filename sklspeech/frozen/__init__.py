"""All that production loads."""
