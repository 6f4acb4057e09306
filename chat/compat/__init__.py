"""Other people's words: modules that take the place of other tools, under their own names.

pexpect     every pexpect script, by changing one import or none
telnetlib   what Python had until 3.12
"""
