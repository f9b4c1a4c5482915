"""A nation of the demo: provinces, cities and the units that report a collection.

What is told of them stands in the file of the collection beside this one; nothing here
knows a form. All of it is invented from a seed.
"""
