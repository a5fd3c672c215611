"""What may not be shown or sent without more ground: rules as data, judged for sending and applied to views."""

from adapter.healthbook.privacy.judge import Cut, Decision, Judgement, judge
from adapter.healthbook.privacy.rules import PrivacyRule, PrivacyRules, load_rules
from adapter.healthbook.privacy.view import View, Withheld, view

__all__ = [
    "Cut",
    "Decision",
    "Judgement",
    "PrivacyRule",
    "PrivacyRules",
    "View",
    "Withheld",
    "judge",
    "load_rules",
    "view",
]
