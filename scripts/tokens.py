"""Make, list and revoke the tokens of the HTTP API."""

from __future__ import annotations

import argparse
import json
import sys

from index.bootstrap import open_tokens
from index.settings import Settings
from index.tokens import SCOPES, TokenInfo, Tokens
from scripts.options import command
from scripts.terminal import run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("tokens", __doc__)
    commands = made.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="make a token; it is printed once and never kept")
    create.add_argument("name", help="whose it is; tokens of one name share their families")
    create.add_argument("--scopes", nargs="+", choices=SCOPES, default=SCOPES, help="(both)")
    create.add_argument("--days", type=int, help="how long it is good (until revoked)")
    listing = commands.add_parser("list", help="all tokens, with the day of their last use")
    revoke = commands.add_parser("revoke", help="close a token at once")
    revoke.add_argument("id", help="as `list` shows it")
    for each in (create, listing, revoke):
        each.add_argument("--json", action="store_true", help="print JSON")
    return made


def work(args: argparse.Namespace) -> int:
    """Do what was asked and print it."""
    with open_tokens(Settings.from_environment()) as tokens:
        return _work(args, tokens)


def _work(args: argparse.Namespace, tokens: Tokens) -> int:
    if args.command == "create":
        text, info = tokens.create(args.name, args.scopes, days=args.days)
        print(json.dumps(info.to_json() | {"token": text}) if args.json else text)
    elif args.command == "revoke":
        info = tokens.revoke(args.id)
        print(json.dumps(info.to_json()) if args.json else _line(info))
    else:
        listed = tokens.listing()
        table = "\n".join(map(_line, listed)) or "no tokens"
        print(json.dumps([info.to_json() for info in listed]) if args.json else table)
    return 0


def _line(info: TokenInfo) -> str:
    until = f"until {info.expires}" if info.expires else "no expiry"
    used = f"last used {info.last_used}" if info.last_used else "never used"
    return f"{info.id}  {info.name:20} {'+'.join(info.scopes):10} {info.state:8} {until}, {used}"


if __name__ == "__main__":
    sys.exit(run("tokens", lambda: work(parser().parse_args())))
