"""What each stage does. :mod:`table` has them by name; whoever needs one loads that one."""
