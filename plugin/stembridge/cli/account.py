"""`stembridge account`: the account with the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from stembridge.cli.compose import Tools
from stembridge.cli.service import Questions, as_json, connected, from_stdin, known, paged, plain
from stembridge.cli.terminal import TerminalSession
from stembridge.model.errors import KeyNeededError

if TYPE_CHECKING:
    from stembridge.engines.mvsep.keys import KeyStore
    from stembridge.mvsep.redact import Secret

_SWITCH = click.argument("state", type=click.Choice(["on", "off"]), metavar="on|off")


@click.group()
def account() -> None:
    """Log in to MVSEP, and see and change the account.

    The key is kept in the system's key store, or in a file that only you can read where there is no
    key store. STEMBRIDGE_API_TOKEN in the environment goes before it. Keys and passwords are asked
    for without echo, or read from stdin; no command takes them as an argument.
    """


def _keys() -> KeyStore:
    from stembridge.engines.mvsep.keys import KeyStore
    from stembridge.engines.mvsep.service import base_url

    return KeyStore(Tools().home, base_url())


def _tell(document: dict[str, Any] | list[dict[str, Any]]) -> None:
    TerminalSession(as_json=True).line(document)


@account.command()
@click.option("--key", "by_key", is_flag=True, help="Ask for the API key instead of address and password.")
@from_stdin
@as_json
def login(*, by_key: bool, stdin: bool, as_json: bool) -> None:
    """Log in once: the key is checked and stored.

    Asks for the e-mail address and the password, or with --key for the API key of the account page
    on mvsep.com. Where stdin is no terminal, the answers are read from it, one a line.
    """
    keys, ask = _keys(), Questions(stdin=stdin)
    home = Tools().home
    key: Secret | None
    if by_key:
        key = ask.secret("API key")
        with connected(home, key) as client:
            name = client.user().name
    else:
        email, password = ask.text("E-mail address"), ask.secret("Password")
        with connected(home, anonymous=True) as client:
            found = client.login(email, password)
        name, key = found.name, found.api_token
        if key is None:
            raise KeyNeededError(
                "The log-in worked, but this account has no key yet.",
                hint="Make one on your account page on mvsep.com, then run `stembridge account login --key`.",
            )
    said = keys.save(key)
    where = keys.where()
    if as_json:
        _tell({"name": name, "stored": said, "key": where})
        return
    click.echo(f"Logged in as {plain(name)}. {said}")
    if "environment" in where:
        click.echo(f"As long as there is a key {where}, that one is used.")


@account.command()
@from_stdin
@as_json
def register(*, stdin: bool, as_json: bool) -> None:
    """Open an account with MVSEP.

    Asks for a name, an e-mail address and, twice, for a password. Where stdin is no terminal, the
    answers are read from it, one a line, the password once.
    """
    ask = Questions(stdin=stdin)
    name, email = ask.text("Name"), ask.text("E-mail address")
    password = ask.secret("Password", twice=True)
    with connected(Tools().home, anonymous=True) as client:
        message = client.register(name, email, password, password).message
    if as_json:
        _tell({"registered": True, "message": message})
        return
    click.echo(plain(message) or "The account is open.")
    click.echo("Next: stembridge account login")


@account.command()
@as_json
def logout(*, as_json: bool) -> None:
    """Forget the stored key."""
    forgotten = forget_key()
    where = _keys().where()
    if as_json:
        _tell({"forgotten": forgotten, "key": where})
        return
    click.echo("The stored key is forgotten." if forgotten else "No key was stored.")
    if where != "nowhere":
        click.echo(f"There is still a key {where}.")


@account.command()
@as_json
def show(*, as_json: bool) -> None:
    """Show the plan, the credits and whether they may be spent, the attempts left, and where the key is."""
    from stembridge.mvsep.plans import FREE, PREMIUM

    keys = _keys()
    with connected(Tools().home) as client:
        user, queue = client.user(), client.queue()
        service = client.transport.service.base
    premium = user.premium_enabled and user.premium_minutes > 0
    plan = PREMIUM if premium else FREE
    row = {
        "name": user.name,
        "email": user.email,
        "service": service,
        "plan": plan.name,
        "credits": user.premium_minutes,
        "may_spend": user.premium_enabled,
        "attempts_left": queue.free_left,
        "attempts_a_day": queue.free_max,
        "jobs_running": user.jobs_running,
        "jobs_at_a_time": plan.jobs,
        "long_names": user.long_filenames_enabled,
        "key": keys.where(),
    }
    if as_json:
        _tell(row)
        return
    attempts = known(queue.free_left) + (f" of {queue.free_max}" if queue.free_max is not None else "")
    spend = "may be spent" if user.premium_enabled else "may not be spent (`stembridge account premium on`)"
    for label, words in {
        "account": f"{plain(user.name)} <{plain(user.email)}> at {service}",
        "plan": f"{plan.name}, {plan.jobs} at a time",
        "credits": f"{user.premium_minutes}, they {spend}",
        "attempts left": attempts,
        "jobs running": "none" if not user.jobs_running else str(user.jobs_running),
        "long names": "on" if user.long_filenames_enabled else "off",
        "key": keys.where(),
    }.items():
        click.echo(f"{label + ':':<15}{words}")


@account.command()
@paged
@click.option("--links", is_flag=True, help="Also the links: whoever has one can fetch the audio.")
@as_json
def history(*, start: int, limit: int, links: bool, as_json: bool) -> None:
    """List earlier separations, newest first; `stembridge jobs adopt ID` brings one in."""
    with connected(Tools().home) as client:
        found = client.separation_history(start=start, limit=limit)
        base = client.transport.service.base
    rows = [
        {
            "id": row.id,
            "date": row.created_at,
            "sep_type": row.algorithm.sep_type,
            "model": row.algorithm.name,
            "kept": row.job_exists,
            "hours_left": row.time_left,
            "credits": row.credits,
            **({"hash": row.hash, "link": f"{base}/api/separation/get?hash={row.hash}"} if links else {}),
        }
        for row in found
    ]
    if as_json:
        _tell(rows)
        return
    if not rows:
        click.echo("Nothing was separated yet." if start == 0 else "There is no more.")
    for row in rows:
        hours = row["hours_left"]
        left = f"{hours:.0f} h left" if row["kept"] and isinstance(hours, float) and hours > 0 else "gone"
        cost = row["credits"]
        spent = "no credits" if not cost else f"{cost:g} credit{'' if cost == 1 else 's'}"
        click.echo(
            f"{known(row['id']):>8}  {known(row['date']):<20} {left:<10} {spent:<11} {known(row['model'])}"
        )
        if links:
            click.echo(f"          {known(row['link'])}")


@account.command()
@as_json
def queue(*, as_json: bool) -> None:
    """Show how many jobs wait at MVSEP, and the queue that yours would join. Needs no key."""
    from dataclasses import asdict

    with connected(Tools().home) as client:
        found = client.queue()
    if as_json:
        _tell(asdict(found))
        return
    click.echo(f"being separated: {known(found.in_process)}")
    click.echo(
        f"waiting:         {known(found.premium)} premium, {known(found.registered)} registered, "
        f"{known(found.unregistered)} without an account"
    )
    if found.plan:
        click.echo(f"yours:           {plain(found.plan)}, {known(found.plan_queue)} waiting")


@account.command()
@_SWITCH
@as_json
def premium(*, state: str, as_json: bool) -> None:
    """Give or take the leave to spend the account's credits."""
    with connected(Tools().home) as client:
        message = client.set_premium(enabled=state == "on").message
    _switched("may_spend", state, message, as_json=as_json)


@account.command("long-names")
@_SWITCH
@as_json
def long_names(*, state: str, as_json: bool) -> None:
    """Ask MVSEP for long or for short names of result files."""
    with connected(Tools().home) as client:
        message = client.set_long_filenames(enabled=state == "on").message
    _switched("long_names", state, message, as_json=as_json)


def _switched(what: str, state: str, message: str, *, as_json: bool) -> None:
    if as_json:
        _tell({what: state == "on", "message": message})
        return
    click.echo(plain(message) or f"It is {state} now.")


def forget_key() -> bool:
    """Forget the stored key; False when there was none."""
    return _keys().forget()
