"""What a round's rows add up to, for one unit or many, beside the round before.

What is counted is declared by editions (`x-measures`); no service knows a measure.
"""
