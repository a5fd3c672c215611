"""Tables beside the costs: results, notes, papers for social insurance, transfers, programmes."""

from adapter.rules.checks.documents import certificates, discharge, programmes, referral, results

__all__ = ["certificates", "discharge", "programmes", "referral", "results"]
