/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <linux/membarrier.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ethdev_driver.h>
#include <rte_cycles.h>

#include "vnic.h"
#include "vnic_gate.h"
#include "vnic_log.h"

#define PARK_TIMEOUT_MS 1000
#define GATE_OPEN UINT16_MAX

/*
 * A full barrier on every processor that may be inside a burst, those of
 * secondary processes included. Partner: the compiler barrier in
 * vnic_gate_enter. The expedited call reaches the threads of registered
 * processes, which each that has the driver is, in microseconds; the other
 * one waits for a grace period of the whole machine, 10 ms and more. Kernels
 * without either get one by time: a store is globally visible long before a
 * millisecond has passed.
 */
static void
gate_barrier(void)
{
	if (syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0,
		    0) != 0 &&
	    syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0)
		rte_delay_us_sleep(1000);
}

RTE_INIT(vnic_gate_register)
{
	syscall(__NR_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0,
		0);
}

static void
gates_set(struct vnic_dev *dev, uint16_t limit)
{
	struct rte_eth_dev_data *data = dev->data;
	uint16_t i;

	for (i = 0; i < data->nb_rx_queues; i++) {
		struct vnic_rxq *rxq = data->rx_queues[i];

		if (rxq != NULL && (limit == 0 || rxq->enabled))
			__atomic_store_n(&rxq->gate.limit, limit,
					 __ATOMIC_RELEASE);
	}
	for (i = 0; i < data->nb_tx_queues; i++) {
		struct vnic_txq *txq = data->tx_queues[i];

		if (txq != NULL && (limit == 0 || txq->enabled))
			__atomic_store_n(&txq->gate.limit, limit,
					 __ATOMIC_RELEASE);
	}
}

static bool
gates_busy(const struct vnic_dev *dev)
{
	const struct rte_eth_dev_data *data = dev->data;
	uint16_t i;

	for (i = 0; i < data->nb_rx_queues; i++) {
		const struct vnic_rxq *rxq = data->rx_queues[i];

		if (rxq != NULL &&
		    __atomic_load_n(&rxq->gate.busy, __ATOMIC_ACQUIRE))
			return true;
	}
	for (i = 0; i < data->nb_tx_queues; i++) {
		const struct vnic_txq *txq = data->tx_queues[i];

		if (txq != NULL &&
		    __atomic_load_n(&txq->gate.busy, __ATOMIC_ACQUIRE))
			return true;
	}
	return false;
}

int
vnic_port_park(struct vnic_dev *dev)
{
	uint64_t deadline = rte_get_timer_cycles() +
		rte_get_timer_hz() / 1000 * PARK_TIMEOUT_MS;

	gates_set(dev, 0);
	gate_barrier();
	while (gates_busy(dev)) {
		if (rte_get_timer_cycles() > deadline) {
			VNIC_LOG(ERR, "%s: an lcore has been inside a burst for %d ms (stopped in a debugger?); its queues are left alone",
				 dev->name, PARK_TIMEOUT_MS);
			return -ETIMEDOUT;
		}
		rte_delay_us_sleep(10);
	}
	return 0;
}

void
vnic_port_open(struct vnic_dev *dev)
{
	gates_set(dev, GATE_OPEN);
}
