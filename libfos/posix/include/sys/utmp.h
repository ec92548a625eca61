/* SPDX-License-Identifier: MIT */
/* Entries of who is logged in: nobody lists them. */
#ifndef FOS_POSIX_SYS_UTMP_H
#define FOS_POSIX_SYS_UTMP_H

#include <sys/types.h>

#define UTMP_FILE "/var/run/utmp"
struct utmp {
    short ut_type;
    pid_t ut_pid;
    char ut_line[32], ut_id[4], ut_user[32], ut_host[256];
    time_t ut_time;
};
#define ut_name       ut_user
#define BOOT_TIME     2
#define INIT_PROCESS  5
#define LOGIN_PROCESS 6
#define USER_PROCESS  7
#define DEAD_PROCESS  8

#endif
