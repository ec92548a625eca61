/* SPDX-License-Identifier: MIT */
/* Requests to devices: those of terminals. */
#ifndef FOS_POSIX_SYS_IOCTL_H
#define FOS_POSIX_SYS_IOCTL_H

struct winsize {
    unsigned short ws_row, ws_col, ws_xpixel, ws_ypixel;
};
#define TIOCSCTTY  0x540e
#define TIOCGPGRP  0x540f
#define TIOCSPGRP  0x5410
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD   0x541b
#define FIONBIO    0x5421
#define TIOCNOTTY  0x5422

int ioctl(int fd, unsigned long request, ...);

#endif
