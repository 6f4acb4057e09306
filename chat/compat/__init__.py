"""Other people's words: modules that take the place of other tools, under their own names.

comm        Comm.pl, to which Perl's perlipc sends its readers
pexpect     every pexpect script, by changing one import or none
telnetlib   what Python had until 3.12
"""
