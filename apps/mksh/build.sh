#!/bin/bash
# SPDX-License-Identifier: MIT
# build.sh TARBALL FOLDER: mksh, by its own build script.  It takes the system for Linux,
# whose signal and terminal calls are those of POSIX.
#
# One correction: after a fork that fails in the middle of a pipeline the terminal is the
# killed job's still.  The prompt's next read then fails, which ends the shell, and a login
# shell's end is the machine's: exchild has to take the terminal back before it gives up.
set -eu
cd "$2"
tar xf "$1" --strip-components=1
sed -i 's/^\t\tremove_job(j, "fork failed");$/\t\tif (ttypgrp_ok \&\& j->pgrp)\n\t\t\ttcsetpgrp(tty_fd, kshpgrp);\n&/' jobs.c
grep -B 1 'remove_job(j, "fork failed")' jobs.c | grep -q tcsetpgrp
export TARGET_OS=Linux CPPFLAGS=-DMKSH_BUILDMEAT CFLAGS='-O2 -w'
bash Build.sh -r
[ -x mksh ]
rm mksh
echo *.o >objects
echo sh >links
