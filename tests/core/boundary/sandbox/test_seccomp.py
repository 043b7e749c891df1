"""The filter, run instruction by instruction for both architectures: what the kernel would answer."""

from __future__ import annotations

import errno
import struct

import pytest

from nephoscope.boundary.sandbox import seccomp
from nephoscope.boundary.sandbox.seccomp import ALLOW, ERRNO, KILL_PROCESS, MACHINES, program

REFUSED = ERRNO | errno.EPERM


def verdict(code: bytes, number: int, audit: int, *arguments: int) -> int:
    """A classic BPF machine with the five instructions the assembler uses."""
    data = struct.pack("=IIQ6Q", number, audit, 0, *arguments, *[0] * (6 - len(arguments)))
    instructions = list(struct.iter_unpack("=HBBI", code))
    word, at = 0, 0
    while True:
        operation, yes, no, operand = instructions[at]
        if operation == seccomp.RETURN:
            return operand
        if operation == seccomp.LOAD:
            (word,) = struct.unpack_from("=I", data, operand)
            at += 1
            continue
        holds = {seccomp.JUMP_EQUAL: word == operand, seccomp.JUMP_GREATER: word > operand, seccomp.JUMP_BITS: bool(word & operand)}[operation]
        at += 1 + (yes if holds else no)


@pytest.fixture(params=sorted(MACHINES))
def machine(request):
    here = MACHINES[request.param]
    code = program(request.param)
    return here, lambda number, *arguments, audit=here.audit: verdict(code, number, audit, *arguments)


def test_ordinary_calls_pass_and_denied_ones_do_not(machine):
    here, call = machine
    read, write, close = {16: (0, 1, 3), 29: (63, 64, 57)}[here.ioctl]
    assert {call(read), call(write), call(close)} == {ALLOW}
    assert {call(number) for number in here.denied.values()} == {REFUSED}


def test_new_namespaces_are_refused_and_threads_are_not(machine):
    here, call = machine
    thread = 0x3D0F00
    assert call(here.clone, thread) == ALLOW and call(here.clone, 17) == ALLOW
    for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert call(here.clone, thread | flag) == REFUSED
    assert call(435) == ERRNO | errno.ENOSYS


def test_only_plain_socket_families(machine):
    here, call = machine
    assert {call(here.socket, family) for family in (1, 2, 10)} == {ALLOW}
    assert {call(here.socket, family) for family in (0, 16, 17, 38, 40)} == {ERRNO | errno.EAFNOSUPPORT}


def test_typing_into_a_terminal_is_refused(machine):
    here, call = machine
    assert (call(here.ioctl, 0, 0x5412), call(here.ioctl, 0, 0x5401)) == (REFUSED, ALLOW)


def test_unknown_calls_do_not_exist_and_foreign_conventions_kill(machine):
    here, call = machine
    assert call(seccomp.LAST_KNOWN + 1) == ERRNO | errno.ENOSYS
    assert call(0, audit=0x40000003) == KILL_PROCESS
    if here.foreign_bit:
        assert call(0x40000000) == KILL_PROCESS


def test_the_tables_name_the_same_dangers():
    only_x86 = {"uselib", "modify_ldt", "_sysctl", "iopl", "ioperm"}
    assert set(MACHINES["x86_64"].denied) - set(MACHINES["aarch64"].denied) == only_x86
    assert set(MACHINES["aarch64"].denied) <= set(MACHINES["x86_64"].denied)


def test_other_processors_are_not_supported():
    assert not seccomp.supported("riscv64") and seccomp.supported("aarch64")
