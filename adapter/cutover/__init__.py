"""Going live beside or after other software: guards, shadow, lists of the portal, comparison, verdicts."""
