"""People who use this installation: users, sessions, keys, failed logins, and the audit log of what they did."""
