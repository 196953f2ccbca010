"""``python -m nexod.embedded serve|demo|services|reset``: the commands without the second that loading Django takes."""

from __future__ import annotations

import argparse
import sys

from nexod.embedded import entry


def main() -> int:
    """Parse the command line and run the command."""
    parser = argparse.ArgumentParser(prog="python -m nexod.embedded", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="serve, and run the demo workflow (DOCS, TOPIC and ONCE of the environment)")
    commands.add_parser("serve", help="start everything and keep serving until Ctrl-C")
    services = commands.add_parser("services", help="show what runs")
    services.add_argument("--exports", action="store_true", help="print shell lines that export the addresses")
    commands.add_parser("reset", help="delete all state")
    options = parser.parse_args()
    if options.command == "services":
        return entry.show_services(as_exports=options.exports)
    return {"serve": entry.serve, "demo": entry.demo, "reset": entry.reset}[options.command]()


if __name__ == "__main__":
    sys.exit(main())
