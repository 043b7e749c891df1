"""What PostgreSQL says when something is wrong, as what happened, why, and what to do next. No password is in any of it."""

from __future__ import annotations

import psycopg

from nephoscope.interfaces import CredentialsError, EndpointError, NephoscopeError, StoreLost, UsageError

_WHERE = "say where the right one is: store.password (env:NAME, file:PATH, keyring:NAME), or libpq's ~/.pgpass and PGPASSWORD"
_MISSING = "createdb it, or correct the name at the end of store.url"
_REFUSED = (
    ("password authentication failed", "the password is not right, or there is no such user", _WHERE),
    ("no password supplied", "it asks for a password, and none is known here", _WHERE),
    ("fe_sendauth", "it asks for a password, and none is known here", _WHERE),
    ("authentication failed", "it does not believe who we are", "see pg_hba.conf and pg_ident.conf of the server, or name another user in store.url"),
    ("pg_hba.conf", "it lets nobody in from here as this user", "add a line to pg_hba.conf of the server, or another sslmode to store.url"),
    ("is not permitted to log in", "this user may not log in", "name another user in store.url"),
    ("permission denied for database", "this user may not use the database", "GRANT CONNECT ON DATABASE ... TO this user"),
)


def unreachable(error: psycopg.Error, place: str, password: str) -> NephoscopeError:
    """Why no connection could be made."""
    told = _told(error, password)
    for words, why, hint in _REFUSED:
        if words in told:
            return CredentialsError(f"the database {place} lets us not in: {why}", hint)
    if "database " in told and "does not exist" in told:
        return UsageError(f"the database {place} does not exist", _MISSING)
    if "role " in told and "does not exist" in told:
        return CredentialsError(f"the database {place} lets us not in: there is no such user", "name another user in store.url, or CREATE ROLE it")
    hint = "is the server up, does it listen there, and does a firewall let us through? To work without it: NEPHOSCOPE_STORE__URL=none"
    return EndpointError(f"the database {place} cannot be reached: {told}", hint)


def refused(error: psycopg.Error, place: str, password: str) -> NephoscopeError:
    """Why something could not be done on a connection that is there."""
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        hint = "GRANT it, or let the owner of the database run a command first: it makes the tables. What is there can be looked at"
        return UsageError(f"this user may not write to {place}: {_told(error, password)}", hint)
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return UsageError(f"{place} can only be read", "is it a standby? Name the primary in store.url. What is there can be looked at")
    if isinstance(error, psycopg.errors.DiskFull):
        return UsageError(f"the disk of {place} is full", "free some space there; what was done meanwhile is kept here")
    return UsageError(f"{place} did not take that: {_told(error, password)}", "are its tables as nephoscope made them? See: nephoscope doctor")


def lost(place: str, error: BaseException, password: str) -> StoreLost:
    """The connection is gone and does not come back."""
    return StoreLost(f"the database {place} does not answer any more: {_told(error, password)}", "what was done is kept here and is told it later")


def _told(error: BaseException, password: str) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text.replace(password, "***") if password else text
