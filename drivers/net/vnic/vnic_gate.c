/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ethdev_driver.h>
#include <rte_cycles.h>

#include "vnic.h"
#include "vnic_gate.h"
#include "vnic_log.h"

#define PARK_TIMEOUT_MS 1000
#define BORROW_TIMEOUT_US 1000
#define GATE_OPEN UINT16_MAX

/* Bursts load it: alone in its line, which nobody writes to. */
uint32_t vnic_gate_owner __rte_cache_aligned = VNIC_GATE_SOMEBODY;
static uint64_t gate_pid_ns __rte_cache_aligned;

/* ---- who is who ---- */

/* Process ids mean the same within one of these only; 0 if /proc is not there. */
static uint64_t
pid_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
}

/* The mark, from the namespace in which it will be read. */
static void
gate_owner_set(uint64_t reader_ns)
{
	gate_pid_ns = reader_ns;
	vnic_gate_owner = reader_ns != 0 && reader_ns == pid_namespace() ?
		(uint32_t)getpid() : VNIC_GATE_SOMEBODY;
}

static bool
barrier_register(void)
{
	return syscall(__NR_membarrier,
		       MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0;
}

/* A child goes by a process id of its own. */
static void
gate_forked(void)
{
	barrier_register();
	if (gate_pid_ns != 0)
		gate_owner_set(gate_pid_ns);
}

RTE_INIT(vnic_gate_at_fork)
{
	pthread_atfork(NULL, NULL, gate_forked);
}

void
vnic_gate_join(struct vnic_dev *dev)
{
	if (rte_eal_process_type() == RTE_PROC_PRIMARY)
		dev->pid_ns = pid_namespace();
	gate_owner_set(dev->pid_ns);
	/* A filter of system calls may forbid it. */
	if (!barrier_register())
		dev->barrier_slow = true;
}

/* 1 ended, which includes a zombie; 0 not; -1 this kernel cannot tell. */
static int
pid_has_ended(pid_t pid)
{
#ifdef SYS_pidfd_open
	struct pollfd p = { .events = POLLIN };
	int ready;

	p.fd = syscall(SYS_pidfd_open, pid, 0);
	if (p.fd < 0)
		return errno == ESRCH ? 1 : -1;
	ready = poll(&p, 1, 0);
	close(p.fd);
	return ready > 0 && (p.revents & POLLIN);
#else
	(void)pid;
	return -1;
#endif
}

static bool
owner_is_dead(uint32_t owner)
{
	int ended;

	if (owner == 0 || owner == vnic_gate_owner ||
	    owner == VNIC_GATE_SOMEBODY)
		return false;
	ended = pid_has_ended(owner);
	if (ended >= 0)
		return ended;
	return kill(owner, 0) != 0 && errno == ESRCH;
}

/* ---- all gates of a port ---- */

struct gate_ref {
	struct vnic_gate *gate;
	bool *orphan;
	bool opens;		/**< the device has the ring, not stopped */
	uint16_t queue_id;
	const char *way;
};

static void
gate_of_rxq(struct vnic_rxq *rxq, struct gate_ref *ref)
{
	*ref = (struct gate_ref){
		.gate = &rxq->gate, .orphan = &rxq->orphan,
		.opens = rxq->enabled && !rxq->stopped,
		.queue_id = rxq->queue_id,
		.way = "receive",
	};
}

static void
gate_of_txq(struct vnic_txq *txq, struct gate_ref *ref)
{
	*ref = (struct gate_ref){
		.gate = &txq->gate, .orphan = &txq->orphan,
		.opens = txq->enabled && !txq->stopped,
		.queue_id = txq->queue_id,
		.way = "transmit",
	};
}

/* The next gate from *@p at on; false after the last. */
static bool
gate_next(const struct vnic_dev *dev, unsigned int *at, struct gate_ref *ref)
{
	const struct rte_eth_dev_data *data = dev->data;
	unsigned int rx = data->nb_rx_queues;
	unsigned int all = rx + data->nb_tx_queues;

	for (; *at < all; (*at)++) {
		void *queue = *at < rx ? (void *)dev->rxqs[*at] :
			(void *)dev->txqs[*at - rx];

		if (queue == NULL)
			continue;
		if ((*at)++ < rx)
			gate_of_rxq(queue, ref);
		else
			gate_of_txq(queue, ref);
		return true;
	}
	return false;
}

static void
gates_set(struct vnic_dev *dev, uint16_t limit)
{
	struct gate_ref ref;
	unsigned int at = 0;

	while (gate_next(dev, &at, &ref))
		if (limit == 0 || ref.opens)
			__atomic_store_n(&ref.gate->limit, limit,
					 __ATOMIC_RELEASE);
}

/* The mark of a process that is inside a burst, and where; or 0. */
static uint32_t
gates_owner(const struct vnic_dev *dev, struct gate_ref *ref)
{
	unsigned int at = 0;
	uint32_t owner;

	while (gate_next(dev, &at, ref)) {
		owner = __atomic_load_n(&ref->gate->busy, __ATOMIC_ACQUIRE);
		if (owner != 0)
			return owner;
	}
	return 0;
}

static void
gate_bury(const struct vnic_dev *dev, const struct gate_ref *ref,
	  uint32_t owner)
{
	uint32_t mark = owner;

	/* A live process may have come since: then the mark is its own. */
	__atomic_compare_exchange_n(&ref->gate->busy, &mark, 0, false,
				    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	*ref->orphan = true;
	VNIC_LOG(WARNING, "%s: process %u died inside a burst of %s queue %u: the queue begins anew, the mbufs that it held are lost",
		 dev->name, owner, ref->way, ref->queue_id);
}

bool
vnic_port_is_quiet(struct vnic_dev *dev)
{
	struct gate_ref ref;
	uint32_t owner;

	while ((owner = gates_owner(dev, &ref)) != 0) {
		if (!owner_is_dead(owner))
			return false;
		gate_bury(dev, &ref, owner);
	}
	return true;
}

bool
vnic_port_is_orphaned(struct vnic_dev *dev)
{
	struct gate_ref ref;
	unsigned int at = 0;

	while (gate_next(dev, &at, &ref))
		if (owner_is_dead(__atomic_load_n(&ref.gate->busy,
						  __ATOMIC_ACQUIRE)))
			return true;
	return false;
}

/*
 * A full barrier on every processor that may be inside a burst, those of
 * secondary processes included. Partner: the compiler barrier in
 * vnic_gate_enter. The expedited call reaches, in microseconds, the threads
 * of all registered processes, which those that joined are unless they said
 * otherwise; the other one reaches every thread of the machine, after a grace
 * period of 10 ms and more. Kernels without either get one by time: a store
 * is globally visible long before a millisecond has passed.
 */
static void
gate_barrier(const struct vnic_dev *dev)
{
	if (!dev->barrier_slow &&
	    syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0,
		    0) == 0)
		return;
	if (syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0)
		rte_delay_us_sleep(1000);
}

static void
gate_complain(const struct vnic_dev *dev, const struct gate_ref *ref,
	      uint32_t owner)
{
	char who[32] = "an lcore";

	if (owner == 0)
		return;
	if (owner != VNIC_GATE_SOMEBODY)
		snprintf(who, sizeof(who), "an lcore of process %u", owner);
	VNIC_LOG(ERR, "%s: %s has been inside a burst of %s queue %u for %d ms: port %u's queues are left alone until it goes on or ends (is it stopped, or in a debugger?)",
		 dev->name, who, ref->way, ref->queue_id, PARK_TIMEOUT_MS,
		 dev->port_id);
}

static uint64_t
gate_deadline(void)
{
	return rte_get_timer_cycles() +
		rte_get_timer_hz() / 1000 * PARK_TIMEOUT_MS;
}

int
vnic_port_park(struct vnic_dev *dev)
{
	uint64_t deadline = gate_deadline();
	struct gate_ref ref;
	uint32_t owner;

	gates_set(dev, 0);
	gate_barrier(dev);
	while (!vnic_port_is_quiet(dev)) {
		if (rte_get_timer_cycles() > deadline) {
			owner = gates_owner(dev, &ref);
			gate_complain(dev, &ref, owner);
			return -ETIMEDOUT;
		}
		rte_delay_us_sleep(10);
	}
	return 0;
}

void
vnic_txq_give_back(struct vnic_txq *txq)
{
	/* The queue shuts its own gate for good when its ring broke. */
	if (vnic_txq_fault(txq) == VRING_FAULT_NONE)
		__atomic_store_n(&txq->gate.limit, GATE_OPEN,
				 __ATOMIC_RELEASE);
}

int
vnic_txq_borrow(struct vnic_txq *txq)
{
	uint64_t deadline = rte_get_timer_cycles() +
		rte_get_timer_hz() / 1000000 * BORROW_TIMEOUT_US;

	if (__atomic_load_n(&txq->gate.limit, __ATOMIC_RELAXED) == 0)
		return -EBUSY;
	__atomic_store_n(&txq->gate.limit, 0, __ATOMIC_RELEASE);
	gate_barrier(txq->dev);
	while (__atomic_load_n(&txq->gate.busy, __ATOMIC_ACQUIRE) != 0) {
		if (rte_get_timer_cycles() > deadline) {
			vnic_txq_give_back(txq);
			return -EBUSY;
		}
		rte_pause();
	}
	return 0;
}

void
vnic_port_open(struct vnic_dev *dev)
{
	gates_set(dev, GATE_OPEN);
}

/* ---- the gate of one queue ---- */

static bool
gate_is_quiet(const struct vnic_dev *dev, const struct gate_ref *ref)
{
	uint32_t owner = __atomic_load_n(&ref->gate->busy, __ATOMIC_ACQUIRE);

	if (owner_is_dead(owner)) {
		gate_bury(dev, ref, owner);
		owner = __atomic_load_n(&ref->gate->busy, __ATOMIC_ACQUIRE);
	}
	return owner == 0;
}

static int
gate_park(const struct vnic_dev *dev, const struct gate_ref *ref)
{
	uint16_t limit = __atomic_exchange_n(&ref->gate->limit, 0,
					     __ATOMIC_RELEASE);
	uint64_t deadline = gate_deadline();

	gate_barrier(dev);
	while (!gate_is_quiet(dev, ref)) {
		if (rte_get_timer_cycles() > deadline) {
			gate_complain(dev, ref, ref->gate->busy);
			__atomic_store_n(&ref->gate->limit, limit,
					 __ATOMIC_RELEASE);
			return -ETIMEDOUT;
		}
		rte_delay_us_sleep(10);
	}
	return 0;
}

int
vnic_rxq_park(struct vnic_rxq *rxq)
{
	struct gate_ref ref;

	gate_of_rxq(rxq, &ref);
	return gate_park(rxq->dev, &ref);
}

int
vnic_txq_park(struct vnic_txq *txq)
{
	struct gate_ref ref;

	gate_of_txq(txq, &ref);
	return gate_park(txq->dev, &ref);
}

void
vnic_rxq_open(struct vnic_rxq *rxq)
{
	__atomic_store_n(&rxq->gate.limit, GATE_OPEN, __ATOMIC_RELEASE);
}

void
vnic_txq_open(struct vnic_txq *txq)
{
	__atomic_store_n(&txq->gate.limit, GATE_OPEN, __ATOMIC_RELEASE);
}
