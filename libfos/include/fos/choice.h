/* SPDX-License-Identifier: MIT */
/*
 * When to pay for a channel: the choice between kernel sends, which cost nothing
 * to set up, and a channel, whose messages cost next to nothing.
 *
 * Nobody knows how many messages will follow.  So a destination begins with the
 * kernel, adds up what its kernel sends cost more than sends by a channel would
 * have, and buys the channel with the message that would bring the sum above the
 * price of making one.
 *
 *  T1. With prices that do not change, the total after any number of messages is at
 *      most twice that of the better of the two pure policies in hindsight.  (Until
 *      the channel is bought, kernel sends alone were the better one.  From then on
 *      that is the channel, at its price and its sends; what was paid more is that
 *      price at most.)
 *
 *  T2. After a refusal the price counts double, again and again: a receiver with no
 *      room is asked ever more rarely.
 *
 *  T3. The channel that the next message would buy is made before it, if its sender
 *      first has to wait for long: in time that nobody wants then.  Should no message
 *      follow, the total is at most that of T1 and one kernel send.
 *
 * The prices are measured where they are paid and kept as running means by each
 * thread.  What accepting costs, the receiver pays: a thread takes what it costs
 * itself, or as much as connecting where it has accepted none.  This is the ski-rental
 * problem (Karlin et al., Algorithmica 1988); the thesis uses it with a fixed
 * threshold (Belay 2011, section 4.3).
 */
#ifndef FOS_CHOICE_H
#define FOS_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

/* Cycles, as running means; 0: not yet measured. */
struct fos_costs {
    uint64_t kernel;  /* a send through the kernel */
    uint64_t channel; /* a send by a channel */
    uint64_t connect; /* the making of one, at this side */
    uint64_t accept;  /* the same at the receiver's, as it is here */
};

/* Of one destination. */
struct fos_choice {
    uint64_t extra;   /* cycles paid for kernel sends above a channel's */
    uint32_t doubled; /* how often the price counts double now (T2) */
};

/* Takes a sample into a running mean.  A lower one counts for more than a higher
 * one, and one that is far above as four times the mean: who lost its processor in
 * between has not measured the price. */
void fos_cost_learn(uint64_t *mean, uint64_t sample);

/* Before a message: whether it should go by a channel that is to be made. */
bool fos_choice_pays(const struct fos_choice *choice,
                     const struct fos_costs *costs);

/* What has happened: a kernel send was paid; a channel was made; was refused; was
 * taken away by the receiver.  Of a thread, not of one destination: one was accepted;
 * a small message was sent by one (what took longer than a kernel send is no price:
 * nobody had touched that code or memory before). */
void fos_choice_sent(struct fos_choice *choice, struct fos_costs *costs,
                     uint64_t cycles);
void fos_choice_connected(struct fos_choice *choice, struct fos_costs *costs,
                          uint64_t cycles);
void fos_choice_refused(struct fos_choice *choice);
void fos_choice_evicted(struct fos_choice *choice);
void fos_choice_accepted(struct fos_costs *costs, uint64_t cycles);
void fos_choice_by_channel(struct fos_costs *costs, uint64_t cycles);

#endif
