"""The chain of reviews: what moves a form, and a unit's round, from draft to approved.

Each act is one transaction that holds the filing alone, writes a decision that is never
changed, tells whoever has to act next, and ends with an entry of the audit log.
"""
