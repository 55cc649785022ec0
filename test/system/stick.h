/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef STICK_H
#define STICK_H

/**
 * An array of mbufs for rte_eth_rx_burst that cannot be written to: the first
 * frame stops the process inside the burst, which it says by "stuck", until
 * SIGUSR1 comes.
 *
 * @return a page; NULL: none could be had.
 */
void *
stick_set_up(void);

#endif /* STICK_H */
