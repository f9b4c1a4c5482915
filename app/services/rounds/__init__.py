"""A unit's part in a yearly round: opening, changes, more time, last year's rows.

`drafts` is a plan, `judging` says what is wrong with one, `opening` carries it out.
"""
