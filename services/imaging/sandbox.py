"""What the decoding process may no longer do once a decoder has been taken over.

Each of these is for ever and needs no privilege. Linux; elsewhere the memory bound alone holds.
"""

import ctypes
import errno
import logging
import os
import resource
import sys

logger = logging.getLogger(__name__)

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38  # linux/prctl.h
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000  # seccomp.h: SCMP_ACT_ALLOW, SCMP_ACT_ERRNO
_NOT_EQUAL, _MASKED_EQUAL = 1, 7  # seccomp.h: SCMP_CMP_NE, SCMP_CMP_MASKED_EQ
_CLONE_THREAD = 0x00010000  # linux/sched.h
_LIBRARIES = 256 << 20  # bytes of address space; some 150 are in use

# No network, no program, no other process, no way to their memory or to more of the kernel.
_FORBIDDEN = (
    "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg",
    "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev",
    "pidfd_open", "pidfd_getfd", "kill", "tkill", "mount", "umount2", "chroot", "pivot_root",
    "setns", "unshare", "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key",
    "request_key", "io_uring_setup", "memfd_create", "shmget", "shmat", "msgget", "semget",
    "open_by_handle_at", "kexec_load", "init_module", "finit_module", "delete_module",
)  # fmt: skip


def bound_memory(data: int) -> None:
    """Refuse more than `data` bytes of memory of its own, and leave no core file.

    Shared mappings are not in that count, so the address space as a whole is bounded too.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (data, data))
    if sys.platform == "linux":
        most = data + _LIBRARIES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class _Comparison(ctypes.Structure):
    # seccomp.h: struct scmp_arg_cmp
    _fields_ = (
        ("argument", ctypes.c_uint), ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64), ("second", ctypes.c_uint64),
    )  # fmt: skip


def forbid_system_calls() -> None:
    """Make the calls in `_FORBIDDEN` fail from now on, by libseccomp, and gain no privilege again.

    Where there is no libseccomp or the platform takes no filter, that is logged.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    try:
        seccomp = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        logger.warning("libseccomp is missing; a decoder could use the network")
        return
    seccomp.seccomp_init.restype = ctypes.c_void_p
    filter_ = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(_ALLOW)))

    def fail(name: str, code: int, *conditions: _Comparison) -> None:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        array = (_Comparison * len(conditions))(*conditions)
        seccomp.seccomp_rule_add_array(
            filter_, ctypes.c_uint32(_ERRNO | code), number, len(conditions), array
        )

    for name in _FORBIDDEN:
        fail(name, errno.EPERM)
    # These take a process: `abort` ends its own by the first, and 0 is the caller to the last.
    for name in ("tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
        fail(name, errno.EPERM, _Comparison(0, _NOT_EQUAL, os.getpid(), 0))
    fail("prlimit64", errno.EPERM, _Comparison(0, _NOT_EQUAL, 0, 0))
    # Threads are clones and stay possible; where `clone3`, whose flags are out of a filter's reach,
    # does not exist, the C library takes `clone`.
    fail("clone3", errno.ENOSYS)
    fail("clone", errno.EPERM, _Comparison(0, _MASKED_EQUAL, _CLONE_THREAD, 0))
    if failed := seccomp.seccomp_load(filter_):
        logger.warning("this platform takes no system call filter", extra={"error": failed})
    seccomp.seccomp_release(filter_)


def hide_from_children() -> None:
    """Keep this process's memory and environment from others of its user, decoders among them."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
