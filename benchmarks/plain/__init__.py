"""A plain Django project with one tenant, what ``startproject`` and REST framework's tutorial give: the peer of api_read.

It answers the same two views (a page of runs, one run) over the same number of rows, behind an API key and Django's permissions,
on the same kind of server. It counts no requests, logs none, has no tenants and nothing of Nexod's.
"""
