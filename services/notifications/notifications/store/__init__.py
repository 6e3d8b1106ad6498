"""All queries, a module for each thing that is kept.

Every function runs in the transaction of its caller, and those on the way of many messages take many rows at once.
Rows are locked in one order, contacts, evenings, tickets, letters, each by id, so that transactions never wait in a
circle.
"""
