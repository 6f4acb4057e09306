"""Other people's words: modules that take the place of others, under their own names.

comm        Comm.pl, to which Perl's perlipc sends its readers
telnetlib   what Python had until 3.12
"""
