"""Give up, for good, what work on a stranger's file does not need. Standard library only.

Four walls, each of which holds where the system has it: resource limits (any Unix), a network
namespace without a network, a seccomp filter over system calls, and Landlock over files (the
last three Linux; see namespaces(7), seccomp(2), landlock(7)). None needs privileges, except the
namespace on systems that keep it for root.

As a program it confines itself and becomes another:
`python confine.py JSON PROGRAM ARGUMENT...`, where JSON is `Limits` by name and "read", "write".
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

# Where programs and libraries lie: may be read and run, and nothing else may.
SYSTEM = ("/usr", "/lib", "/lib64", "/nix/store", "/etc/ld.so.cache", sys.prefix, sys.base_prefix)

NICE = 10  # added for whoever works on strangers' files: searches go first

_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 4, 22, 38
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of memory, seconds of processor time, bytes a file written, open files."""

    memory: int
    cpu: int
    file_bytes: int
    files: int = 32


def confine(
    limits: Limits, *, read: Sequence[str], write: Sequence[str] = (), may_exec: bool = False
) -> tuple[str, ...]:
    """Confine this process and what it becomes; which walls stand, by name.

    "limits": all of `limits` (some systems take not every one); "network": no interface; "calls":
    no sockets, no new processes, no touching of others; "files": only what lies below `read` may
    be read, and below `write` written. With `may_exec` the process may still become another
    program. There is no way back. Where memory runs out it is this process that Linux ends.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    _go_first()
    held = []
    if sys.platform == "linux":
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        walls = {
            "network": lambda: _leave_network(libc),
            "files": lambda: _restrict_files(libc, read, write),
            "calls": lambda: _filter_calls(libc, may_exec),
        }
        held += [name for name, build in walls.items() if build()]
    wanted = {
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_CPU: limits.cpu,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_NOFILE: limits.files,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
    }
    taken = [_lower(kind, value) for kind, value in wanted.items()]
    return ("limits", *held) if all(taken) else tuple(held)


def command(
    limits: Limits, program: Sequence[str], *, read: Sequence[str], write: Sequence[str]
) -> list[str]:
    """The command line that runs `program` confined."""
    wanted = json.dumps({**asdict(limits), "read": [*read], "write": [*write]})
    return [sys.executable, "-I", "-S", __file__, wanted, *program]


def _go_first() -> None:
    try:
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("1000")
    except OSError:  # not Linux
        return


def _lower(kind: int, value: int) -> bool:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    # A second later the kernel kills; the signal before it says why.
    most = value + 1 if kind == resource.RLIMIT_CPU and hard != value else value
    try:
        resource.setrlimit(kind, (value, most))
    except (OSError, ValueError):  # macOS, of memory
        return False
    return True


def _leave_network(libc: ctypes.CDLL) -> bool:
    return libc.unshare(_NEW_NET) == 0 or libc.unshare(_NEW_USER | _NEW_NET) == 0


# Landlock: rights of files, after linux/landlock.h. Execute, read file, read folder; the rest
# of the first thirteen write, remove or make something.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ_RIGHTS, _READ_FILE_RIGHTS, _WRITE_FILE = 0b1101, 0b101, 0b10
_ALL_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
_ANY_NET = 0b11  # bind and connect, since the fourth version


def _restrict_files(libc: ctypes.CDLL, read: Sequence[str], write: Sequence[str]) -> bool:
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    handled = _ALL_RIGHTS[min(version, 3)]
    attributes = struct.pack("QQ", handled, _ANY_NET) if version >= 4 else struct.pack("Q", handled)
    ruleset = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return False
    allowed = [(path, _READ_RIGHTS, _READ_FILE_RIGHTS) for path in (*SYSTEM, *read)]
    allowed += [(path, handled & ~1, handled & 0b110 | handled & 1 << 14) for path in write]
    for path, folder_rights, file_rights in allowed:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # not on this system
        rights = folder_rights if os.path.isdir(path) else file_rights
        rule = struct.pack("=Qi", rights, place)
        libc.syscall(_ADD_RULE, ruleset, 1, rule, 0)
        os.close(place)
    done = libc.syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return bool(done == 0)


# Seccomp. Numbers after asm/unistd.h of each machine. Files are Landlock's business.
_EVERYWHERE = (424, 425, 434, 438)  # pidfd_send_signal, io_uring_setup, pidfd_open, pidfd_getfd
_MACHINES: dict[str, tuple[int, dict[str, tuple[int, ...]]]] = {
    "x86_64": (
        0xC000003E,
        {
            # socket to recvmsg, bind, listen, socketpair, accept4
            "network": (*range(41, 48), 49, 50, 53, 288),
            # fork, vfork
            "processes": (57, 58),
            "exec": (59, 322),
            # kill, tkill, ptrace, process_vm_readv, _writev
            "others": (62, 200, 101, 310, 311),
            # mount, keyrings, unshare, perf_event_open, setns, bpf, userfaultfd
            "kernel": (165, 248, 249, 250, 272, 298, 308, 321, 323),
            "clone": (56,),
            "tgkill": (234,),
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "network": (*range(198, 204), 206, 207, 211, 212, 242),
            "processes": (),
            "exec": (221, 281),
            "others": (129, 130, 117, 270, 271),
            "kernel": (40, 217, 218, 219, 97, 241, 268, 280, 282),
            "clone": (220,),
            "tgkill": (131,),
        },
    ),
}
_CLONE3 = 435
_THREAD = 0x00010000  # CLONE_THREAD
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_EPERM, _ENOSYS = 1, 38
_X32 = 0x40000000  # the other numbering of x86-64


def _filter_calls(libc: ctypes.CDLL, may_exec: bool) -> bool:
    if platform.machine() not in _MACHINES or struct.calcsize("P") != 8:
        return False
    machine, calls = _MACHINES[platform.machine()]
    denied = [*_EVERYWHERE]
    for name in ("network", "processes", "others", "kernel", *(() if may_exec else ("exec",))):
        denied += calls[name]
    program = _program(machine, denied, calls["clone"][0], calls["tgkill"][0])
    code = b"".join(struct.pack("HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    return bool(libc.prctl(_PR_SET_SECCOMP, 2, header, 0, 0) == 0)


def _program(
    machine: int, denied: Sequence[int], clone: int, tgkill: int
) -> list[tuple[int, int, int, int]]:
    """Berkeley packet filter: (operation, lines to skip if so, if not, value)."""
    refuse = (_RETURN, 0, 0, _ERRNO | _EPERM)
    lines = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, machine),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        refuse,
        (_EQUAL, 0, 1, _CLONE3),  # its flags lie in memory; libc then takes clone
        (_RETURN, 0, 0, _ERRNO | _ENOSYS),
    ]
    for number in denied:
        lines += [(_EQUAL, 0, 1, number), refuse]
    for number, test, value in ((clone, _ANY_BIT, _THREAD), (tgkill, _EQUAL, os.getpid())):
        # Threads may be made, and a process may end itself, as abort() does.
        allow = (_RETURN, 0, 0, _ALLOW)
        lines += [(_EQUAL, 0, 4, number), (_LOAD, 0, 0, _FIRST_ARGUMENT)]
        lines += [(test, 0, 1, value), allow, refuse]
    return [*lines, (_RETURN, 0, 0, _ALLOW)]


def main(arguments: Sequence[str]) -> None:
    """Confine this process and become the program."""
    wanted = json.loads(arguments[0])
    read, write = wanted.pop("read"), wanted.pop("write")
    os.nice(NICE)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it, and exec hands that on
    confine(Limits(**wanted), read=read, write=write, may_exec=True)
    os.execv(arguments[1], list(arguments[1:]))


if __name__ == "__main__":
    main(sys.argv[1:])
