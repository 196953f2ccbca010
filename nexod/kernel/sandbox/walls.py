"""What a child process gives up for good before it touches what strangers wrote: the network, other programs, the files.

Linux only, and as much of it as the kernel has: Landlock (5.13) for files, seccomp for everything else. Neither needs a
right. They are walls around limits (rlimits), not in place of them; what they do is tested from inside a child.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ALL_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
"""Every right over files that the kernel's version of Landlock knows; what is handled and not granted is refused."""
_READ = 1 << 2 | 1 << 3  # files and folders

_ALLOW, _REFUSE, _UNKNOWN = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
_THREAD = 0x00010000
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# socket, socketpair, connect, bind, execve, execveat, fork, vfork, ptrace, process_vm_readv, process_vm_writev, kill, tkill,
# io_uring_setup, pidfd_open, pidfd_getfd, mount, unshare, setns, bpf, keyctl
_REFUSED = {
    "x86_64": (41, 53, 42, 49, 59, 322, 57, 58, 101, 310, 311, 62, 200, 425, 434, 438, 165, 272, 308, 321, 250),
    "aarch64": (198, 199, 203, 200, 221, 281, 117, 270, 271, 129, 130, 425, 434, 438, 40, 97, 268, 280, 219),
}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435


def confine(readable: Iterable[Path]) -> None:
    """Leave this process threads, memory, what it has open, and reading below ``readable``. There is no way back.

    Raises OSError when the kernel offers a wall and then does not build it.
    """
    if sys.platform != "linux":
        return
    _done(_libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _close_files(readable)
    _close_calls()


def code_folders(root: Path) -> list[Path]:
    """Return where Python keeps its own code and the packages, and that of ours below ``root``; no data, no secrets."""
    own = [root / name for name in ("agents", "nexod")]
    libraries = [Path(prefix) / "lib" for prefix in {sys.prefix, sys.base_prefix}]
    system = [Path(name) for name in ("/lib", "/lib64", "/usr/lib", "/etc/mime.types", "/usr/share/zoneinfo")]
    return [folder for folder in (*own, *libraries, *system) if folder.exists()]


def _close_files(readable: Iterable[Path]) -> None:
    version = _libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return
    handled = _ALL_FILES.get(version, _ALL_FILES[5])
    # Since version 4 TCP may be refused as well, since 6 signals and abstract sockets of others.
    attributes = struct.pack("=QQQ", handled, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = _libc.syscall(_CREATE_RULESET, attributes, size, 0)
    for folder in readable:
        _let_read(rules, folder)
    _done(_libc.syscall(_RESTRICT_SELF, rules, 0))
    os.close(rules)


def _let_read(rules: int, folder: Path) -> None:
    with suppress(OSError):
        opened = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        rights = _READ if folder.is_dir() else 1 << 2
        _libc.syscall(_ADD_RULE, rules, 1, struct.pack("=Qi", rights, opened), 0)
        os.close(opened)


def _done(answer: int) -> None:
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _close_calls() -> None:
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        return
    program = _program(machine)
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: how many instructions, and where they are.
    filter_ = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    _done(_libc.prctl(_SET_SECCOMP, _FILTER, filter_, 0, 0))


def _program(machine: str) -> bytes:
    """Return the filter: the foreign architecture is refused whole, then the calls, then a clone that is no thread."""
    refused = _REFUSED[machine]
    rest = len(refused) + 7
    steps = [
        _step(0x20, 4),  # the architecture
        _step(0x15, _ARCHITECTURES[machine], 1, 0),
        _step(0x06, _REFUSE),
        _step(0x20, 0),  # the number of the call
        # A program of 32 bits under a kernel of 64 has other numbers: none of them.
        _step(0x35, 0x40000000, rest - 2, 0),
    ]
    steps += [_step(0x15, number, rest - 3 - position, 0) for position, number in enumerate(refused)]
    steps += [
        _step(0x15, _CLONE3, 5, 0),  # its flags lie in memory, out of sight: C libraries then take clone
        _step(0x15, _CLONE[machine], 0, 2),
        _step(0x20, 16),  # its flags
        _step(0x45, _THREAD, 0, 1),
        _step(0x06, _ALLOW),
        _step(0x06, _REFUSE),
        _step(0x06, _UNKNOWN),
    ]
    return b"".join(steps)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
