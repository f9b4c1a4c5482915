"""What the public reads: columns of articles, the directory of units, numbers.

All of it comes from rows of forms, by what `collection.json` declares public.
"""
