"""Areas: authorities and units below one's own, with the accounts of their kinds.

Whoever has `Action.MANAGE_AREA` acts below his own unit and nowhere else.
"""
