"""Runs a program that must not outlive its starter: ``tether.py <starter pid> <signal> <uid:gid or -> <program> ...``.

A script of the standard library only, since it runs before anything else and, as root, gives up root on the way.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import time

PR_SET_PDEATHSIG = 1  # prctl(2); execve keeps the setting, a change of user clears it
WATCH_INTERVAL_S = 0.5
OPEN_FILES = 65_536


def become(uid: int, gid: int) -> None:
    """Give up root for another user."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def allow_open_files() -> None:
    """Lift the soft limit of open files, where the hard one lets us: a socket a reader, a file a table of each tenant."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if sys.platform == "linux" and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def tie(starter: int, number: int) -> None:
    """Have this process get signal ``number`` when the starter ends, by the kernel where it can (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    else:
        watch_from_aside(starter, number)
    if os.getppid() != starter:
        sys.exit("the starter ended first")


def watch_from_aside(starter: int, number: int) -> None:
    """Leave a process behind that looks at both and signals this one when the starter is gone."""
    target = os.getpid()
    if (child := os.fork()) != 0:
        os.waitpid(child, 0)
        return
    if os.fork() == 0:
        while is_alive(starter) and is_alive(target):
            time.sleep(WATCH_INTERVAL_S)
        if is_alive(target):
            os.kill(target, number)
    os._exit(0)


def is_alive(pid: int) -> bool:
    """Tell whether the process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def main() -> None:
    """Become the program, tied to the starter."""
    starter, number, user, *argv = sys.argv[1:]
    if user != "-":
        uid, gid = user.split(":")
        become(int(uid), int(gid))
    tie(int(starter), int(number))
    allow_open_files()
    os.execvp(argv[0], argv)  # noqa: S606  it becomes the program; there is no shell to avoid


if __name__ == "__main__":
    main()
