"""What the service remembers about itself: how its stages fare, and which alerts stand."""
