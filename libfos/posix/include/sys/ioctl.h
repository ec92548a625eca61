/* SPDX-License-Identifier: MIT */
/* What a descriptor can be asked beyond POSIX.  Values as Linux has them. */
#ifndef _SYS_IOCTL_H
#define _SYS_IOCTL_H

#ifdef __cplusplus
extern "C" {
#endif

struct winsize {
    unsigned short ws_row, ws_col;       /* characters; 0: unknown */
    unsigned short ws_xpixel, ws_ypixel; /* 0: unknown */
};

#define TCGETS     0x5401 /* struct termios * */
#define TCSETS     0x5402
#define TCSETSW    0x5403
#define TCSETSF    0x5404
#define TCSBRK     0x5409
#define TCXONC     0x540a
#define TCFLSH     0x540b
#define TIOCSCTTY  0x540e
#define TIOCGPGRP  0x540f /* pid_t * */
#define TIOCSPGRP  0x5410
#define TIOCOUTQ   0x5411 /* int * */
#define TIOCGWINSZ 0x5413 /* struct winsize * */
#define TIOCSWINSZ 0x5414
#define FIONREAD   0x541b /* int *: bytes to be read now */
#define TIOCINQ    FIONREAD
#define FIONBIO    0x5421 /* int *: O_NONBLOCK on or off */
#define TIOCNOTTY  0x5422
#define TIOCGSID   0x5429 /* pid_t * */
#define FIONCLEX   0x5450
#define FIOCLEX    0x5451

int ioctl(int fd, unsigned long request, ...);

#ifdef __cplusplus
}
#endif

#endif
