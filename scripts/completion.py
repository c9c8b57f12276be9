"""Print what makes a shell complete commands, options and files: bash, zsh, fish.

bash: fontkin completion bash > ~/.local/share/bash-completion/completions/fontkin
zsh:  fontkin completion zsh > a folder of $fpath, as _fontkin
fish: fontkin completion fish > ~/.config/fish/completions/fontkin.fish
"""

from __future__ import annotations

import argparse
import sys

import shtab

from scripts.commands import whole_parser
from scripts.options import command
from scripts.terminal import run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("completion", __doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("shell", choices=("bash", "zsh", "fish"))
    return made


def complete(args: argparse.Namespace) -> int:
    """Print the shell's script."""
    print(shtab.complete(whole_parser(), shell=args.shell))
    return 0


if __name__ == "__main__":
    sys.exit(run("completion", lambda: complete(parser().parse_args())))
