"""The electronic health book of QĐ 1332/QĐ-BYT: what a citizen will read on VNeID about a visit.

A room beside mapping, rules and signing: it knows dossiers, the standard and text, and nobody above. What the
book holds, where each value comes from, who may see it and when a field counts as missing is data in ``data/``.
"""
