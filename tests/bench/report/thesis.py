# SPDX-License-Identifier: MIT
"""What the thesis measured: A. Belay, Message Passing in a Factored OS (MIT, 2011),
chapter 5.  These are the only figures in the report that no run of ours produced."""

SOURCE = "A. Belay, Message Passing in a Factored OS, M.Eng. thesis, MIT 2011, chapter 5"

# Of both tables' echoes.
ECHO_BYTES = 32

# Table 5.1: nanoseconds, from the best to the worst of its machines.
MACHINES = "Intel, a shared cache, to AMD, none shared"
USER_ECHO_NS = (618, 1381)
KERNEL_ECHO_NS = (3117, 5501)
NULL_CALL_LINUX_GUEST_NS = (726, 874)

# Table 5.2: cycles.
MINIMAL_CYCLES = 160.8
USER_ECHO_CYCLES = 1479
USER_TO_MINIMAL = 9.2

# Figure 5-2.
SETUP_CYCLES_OVER = 40000
BREAK_EVEN_MESSAGES = 6


def span_ns(pair):
    return f"{pair[0]}–{pair[1]} ns"
