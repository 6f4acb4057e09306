"""Other people's words: modules that take the place of others, under their own names.

telnetlib   what Python had until 3.12
"""
