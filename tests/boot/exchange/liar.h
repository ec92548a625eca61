/* SPDX-License-Identifier: MIT */
/* What a sender by pages may lie about. */
#ifndef LIAR_H
#define LIAR_H

enum lie {
    LIE_NO_SWAP,
    LIE_MORE, /* pages than were exchanged */
    LIE_LESS,
    LIE_UNEVEN,      /* not whole pages, nor all */
    LIE_ABOVE_TOTAL, /* more bytes than the message has */
    LIE_NOTHING,
    LIE_ENORMOUS,
    LIE_ABOVE_LIMIT, /* a message longer than the mailbox takes */
    LIE_SILENT_SWAP,
    LIE_HALF, /* the rest, which is to be streamed, does not come */
    LIES,
    LIE_SILENT_FOR_EVER = LIES, /* exchanges, and announces nothing */
};

#endif
