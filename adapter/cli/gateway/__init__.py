"""Commands about the gateway: going live, asking it, simulating it."""
