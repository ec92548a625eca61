# SPDX-License-Identifier: MIT
"""What is to be reached, beside what was measured."""
from dataclasses import dataclass

from results import GUEST, HOST, LINUX, nanoseconds, ratio

MET, MISSED, UNKNOWN = "met", "not met", "not measured"
POLICY_KERNEL, POLICY_USER, POLICY_HYBRID = "kernel only", "user only", "hybrid"
POLICY_MESSAGES = 1000

# The rows of the host benchmark that the goals speak of.
HOST_API, HOST_TYPED, HOST_FAST = ("full API echo 32 B", "typed RPC",
                                   "fast RPC")

# The rows of posix-bench that they speak of.
SPAWN_TO_MAIN = "posix_spawn to main"
BESIDE_LINUX = {"Page fault": "page fault, zeroed page",
                "Spawn, exit and wait": "posix_spawn, exit, wait",
                "Pipe there and back": "pipe to a process and back, 32 B"}


@dataclass
class Goal:
    text: str
    limit: float
    value: float | None      # None: nothing measured it
    source: str
    emulated: bool = False   # it, or the machine in which it was measured
    at_least: bool = False   # else at most

    @property
    def sign(self):
        return "≥" if self.at_least else "≤"

    def shown(self):
        """The value, so fine that it does not look like its limit when it is not."""
        if self.value is None:
            return ""
        return f"{self.value:.3f}" if self.value < 10 else f"{self.value:.1f}"

    @property
    def verdict(self):
        if self.value is None:
            return UNKNOWN
        good = self.value >= self.limit if self.at_least else self.value <= self.limit
        return MET if good else MISSED


def host_goal(results, text, limit, name):
    record = results.host(name)
    where = f", {record['where']}" if record and record.get("where") else ""
    return Goal(text, limit, ratio(record), f"host: {name}{where}")


def host_rate(results, text, limit, name, beside=None):
    """A rate of the host benchmark, or its quotient to another one's."""
    record, other = results.host(name), results.host(beside) if beside else {"median": 1}
    value = record["median"] / other["median"] if record and other else None
    return Goal(text, limit, value, f"host: {name}", at_least=True)


def policy_worst(results, policy):
    """The greatest quotient of a policy's cost to the better pure one's; None."""
    costs = {name: dict(results.curve("policy", name))
             for name in (POLICY_KERNEL, POLICY_USER, policy)}
    shared = set.intersection(*(set(cost) for cost in costs.values())) - {0}
    return max((costs[policy][n] / min(costs[POLICY_KERNEL][n], costs[POLICY_USER][n])
                for n in shared), default=None)


def policy_after(results, count):
    hybrid = dict(results.curve("policy", POLICY_HYBRID)).get(count)
    user = dict(results.curve("policy", POLICY_USER)).get(count)
    return hybrid / user if hybrid and user else None


def silent_ratio(results, source):
    """Echo with the most silent channels to echo with the fewest, both as ratios to the
    yardstick of their own moments."""
    curve = sorted((r["x"], r["ratio_to_minimal"])
                   for r in results.select(source, "silent"))
    return curve[-1][1] / curve[0][1] if len(curve) > 1 else None


def kernel_parts(results):
    """(echo, two null system calls and the copy), cycles; None without them."""
    echo = results.guest("echo", "kernel messaging echo 32 B")
    null = results.guest("echo", "null system call")
    copy = results.guest("echo", "copy of 32 B, four times")
    if not (echo and null and copy):
        return None
    return echo["median"], 2 * null["median"] + copy["median"]


def spawn_goal(results):
    record = results.guest("posix", SPAWN_TO_MAIN)
    return Goal("From posix_spawn to the first line of main, ms", 5,
                record and nanoseconds(record) / 1e6, "fos guest: posix-bench",
                bool(record and record["emulated"]))


def linux_goal(results, what, name):
    """The same program on both, each in its own cycles."""
    fos = results.guest("posix", name)
    linux = results.first(results.select(LINUX, "posix", name))
    value = nanoseconds(fos) / nanoseconds(linux) if fos and linux else None
    return Goal(f"{what}, to Linux in the same Xen", 1.0, value,
                "fos and Linux guest: posix-bench", bool(fos and fos["emulated"]))


def all_goals(results):
    parts = kernel_parts(results)
    emulated = bool(results.run["emulated"])
    guest = "fos guest: echo-bench "
    return [
        host_goal(results, "Full API echo, to the minimal IPC", 1.3, HOST_API),
        Goal("Channel echo in the guest, to the minimal IPC", 1.6,
             ratio(results.guest("echo", "user channel echo 32 B")), guest + "echo", emulated),
        host_rate(results, "One way through the channel, bundles of 32 B, M/s", 150,
                  "channel 32 B, in bundles"),
        host_rate(results, "One way through the full API, single messages of 32 B, M/s", 60,
                  "full API one way 32 B"),
        host_rate(results, "64 KiB one way, to the memcpy ring", 0.8,
                  "channel one way 64 KiB", "memcpy ring 64 KiB"),
        host_goal(results, "Typed RPC, to the minimal IPC", 1.5, HOST_TYPED),
        host_goal(results, "Fast RPC, to the minimal IPC", 1.15, HOST_FAST),
        Goal("Hybrid's cumulative cost to the better pure policy's, at any count", 2.0,
             policy_worst(results, POLICY_HYBRID), guest + "policy", emulated),
        Goal(f"Hybrid to user-only after {POLICY_MESSAGES} messages", 1.1,
             policy_after(results, POLICY_MESSAGES), guest + "policy", emulated),
        Goal("Echo beside 254 silent channels, to one", 1.1,
             silent_ratio(results, HOST), "host: " + HOST_API),
        Goal("The same in the guest", 1.1, silent_ratio(results, GUEST), guest + "silent",
             emulated),
        Goal("Kernel messaging echo, to two null system calls plus the copy", 1.3,
             parts and parts[0] / parts[1], guest + "echo", emulated),
        spawn_goal(results),
        *(linux_goal(results, what, name) for what, name in BESIDE_LINUX.items()),
    ]
