"""How far a unit, or all units below one, have come with a round.

Read only: states are those that `form_states` judges, for one form as for thousands.
"""
