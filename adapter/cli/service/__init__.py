"""Commands about the service: starting it, watching it, keeping it."""
