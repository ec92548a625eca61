#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mistakes in a protocol or its service that the compiler must find.

Each case changes one thing in a service that compiles.  The compiler and its flags are
the arguments.
"""
import subprocess
import sys

SERVICE = """
#include <fos/call.h>
#include <fos/service.h>

#define TOY_OPS(OP) OP(1, toy, add) OP(2, toy, text, 100)
FOS_PROTOCOL(toy, 1, TOY_OPS)

struct toy_add_req { struct fos_request head; uint64_t a; };
struct toy_add_rep { struct fos_reply head; uint64_t sum; };
struct toy_text_req { struct fos_request head; };
struct toy_text_rep { struct fos_reply head; };

FOS_CLIENT_CALLS(toy, TOY_OPS)
FOS_SERVICE_TABLE(table, TOY_OPS)
struct fos_service service = FOS_SERVICE(toy, table);

static void toy_add(const struct fos_caller *caller, const struct toy_add_req *req,
                    size_t length)
{
    (void)length;
    fos_answer(caller, (long)req->a, NULL, 0);
}

static void toy_text(const struct fos_caller *caller, const struct toy_text_req *req,
                     size_t length)
{
    (void)caller, (void)req, (void)length;
}

long use(struct fos_peer *to, struct toy_add_req *req, struct toy_add_rep *rep);
long use(struct fos_peer *to, struct toy_add_req *req, struct toy_add_rep *rep)
{
    return toy_add_call(to, req, rep, FOS_NEVER);
}
"""

MISTAKES = [
    ("a handler that is missing", "static void toy_text(const", "static void other(const"),
    ("a handler of another message", "const struct toy_text_req *req,",
     "const struct toy_add_req *req,"),
    ("a number given twice", "OP(2, toy, text", "OP(1, toy, text"),
    ("a number of the common ops", "OP(2, toy, text", "OP(241, toy, text"),
    ("a number beyond all", "OP(2, toy, text", "OP(300, toy, text"),
    ("a request without its head", "toy_add_req { struct fos_request head;",
     "toy_add_req {"),
    ("a head that is not the first", "{ struct fos_reply head; uint64_t sum; }",
     "{ uint64_t sum; struct fos_reply head; }"),
    ("a reply that is too long", "head; uint64_t sum;", "head; uint64_t sum[600];"),
    ("a message that is missing", "struct toy_text_rep {", "struct toy_other {"),
    ("a call with another's reply", "struct toy_add_rep *rep)",
     "struct toy_text_rep *rep)"),
]


def compiles(command, text):
    done = subprocess.run([*command, "-x", "c", "-c", "-o", "/dev/null", "-"],
                          input=text, text=True, capture_output=True, check=False)
    return done.returncode == 0, done.stderr


def main():
    command = sys.argv[1:]
    good, errors = compiles(command, SERVICE)
    print("ok a service without mistakes compiles" if good else
          f"FAIL a service without mistakes compiles: {errors[:300]!r}")
    failures = not good
    for name, before, after in MISTAKES:
        assert before in SERVICE, before
        accepted, _ = compiles(command, SERVICE.replace(before, after))
        failures |= accepted
        print(f"FAIL {name} does not compile: it does" if accepted else
              f"ok {name} does not compile")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
