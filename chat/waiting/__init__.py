"""Waiting for several sessions at once.

pending     an `expect` under way, that is told what happens
together    carries several of them out: what comes first, on whichever session
beside      waits for one session, and takes in what comes on another meanwhile
"""
