/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef PERF_H
#define PERF_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include <rte_common.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "histogram.h"
#include "options.h"

/** @file What the driver core and the device core share. */

#if RTE_BYTE_ORDER != RTE_LITTLE_ENDIAN
#error "the device side plays on little-endian rings without conversion"
#endif

/*
 * The order to the device core: PERF_OP_* bits and a target, one word, written
 * by the driver core. The device core repeats it in `seen` once it acts on it;
 * after seen == PERF_IDLE it touches no ring and no counter.
 */
#define PERF_IDLE 0U
#define PERF_OP_RX 0x10U
#define PERF_OP_TX 0x20U
#define PERF_OP_RTT 0x40U
#define PERF_OP_LIMIT 0x80U
#define PERF_OP_MEASURE 0x100U
#define PERF_OP_QUIT 0x200U
#define PERF_TARGET_MASK 0xfU

struct perf_order {
	_Alignas(2 * RTE_CACHE_LINE_SIZE) _Atomic uint32_t want;
	_Alignas(2 * RTE_CACHE_LINE_SIZE) _Atomic uint32_t seen;
};

/** Frames as the device writes them and as the driver core sends them. */
struct perf_frame {
	_Alignas(RTE_CACHE_LINE_SIZE) uint8_t bytes[PERF_FRAME_MAX + 64];
};

/** Where a round-trip frame carries its time stamp. */
#define PERF_STAMP_OFFSET 16

/** Length of the virtio-net header of every layout here (VERSION_1). */
#define PERF_HDR_LEN 12

/** What the device core counts during a measured window. */
struct perf_device_window {
	uint64_t polls;
	uint64_t idle_polls;
	uint64_t frames;
	uint64_t lost; /**< round trips without an answer */
	uint64_t preempted; /**< times that the kernel took the core away */
	struct perf_histogram rtt; /**< in TSC cycles */
};

/** One measured window of one target. */
struct perf_window {
	enum perf_target target;
	uint64_t packets;
	uint64_t cycles;
	uint64_t empty_polls;
	uint64_t polls;
	uint64_t device_polls;
	uint64_t device_idle;
	double p50_us;
	double p99_us;
	bool disturbed; /**< one of the cores was taken away */
};

/** Totals of one port since its start, kept by the driver core. */
struct perf_totals {
	uint64_t rx;
	uint64_t tx;
	uint64_t tx_unsent; /**< forwarded frames for which no slot was free */
	uint64_t bad; /**< frames received with a wrong length or content */
};

/** Round trips of all windows, those of disturbed ones apart. */
struct perf_rtt {
	struct perf_histogram clean;
	struct perf_histogram disturbed;
};

struct perf_device;
struct perf_limit;

/** A port under test with all that the driver core needs for it. */
struct perf_port {
	uint16_t id;
	bool attached; /**< by us: to be removed at the end */
	bool single_segment; /**< frames fit in one mbuf */
	char name[64];
	struct rte_mempool *pool;
	struct perf_device *device; /**< NULL: external back end */
	const struct perf_frame *frame;
	/* Written by the driver core; the device core reads what is above. */
	_Alignas(2 * RTE_CACHE_LINE_SIZE) struct perf_totals totals;
	struct perf_rtt rtt;
	uint64_t rtt_lost;
	struct perf_txq {
		struct rte_mbuf *mbufs[PERF_BURST_MAX];
		unsigned int head;
		unsigned int left;
		unsigned int next_size;
	} txq[PERF_QUEUES_MAX];
};

struct perf {
	struct perf_options opt;
	struct perf_order order;
	struct perf_port port[2];
	unsigned int nr_ports;
	struct perf_limit *limit; /**< NULL: not wanted */
	struct perf_rtt limit_rtt;
	/** Written by the device core. */
	_Alignas(2 * RTE_CACHE_LINE_SIZE) struct perf_device_window window;
	_Alignas(2 * RTE_CACHE_LINE_SIZE) struct perf_frame frame[2];
	struct perf_window *windows;
	_Atomic unsigned int nr_windows;
	unsigned int max_windows;
	_Atomic bool stop; /**< set by a signal */
	_Atomic bool failed; /**< a side gave up, reason logged */
	_Atomic bool done;
};

/**
 * Run the calling thread before ordinary ones, or as one of them again. Only the
 * polling threads do so: whatever sets up a port may need threads of its own.
 */
static inline int
perf_realtime(bool on)
{
	const struct sched_param param = { .sched_priority = on ? 10 : 0 };

	return -pthread_setschedparam(pthread_self(), on ? SCHED_FIFO : SCHED_OTHER,
				      &param);
}

/** Involuntary context switches of the calling thread so far. */
static inline uint64_t
perf_preemptions(void)
{
	struct rusage ru;

	return getrusage(RUSAGE_THREAD, &ru) == 0 ? (uint64_t)ru.ru_nivcsw : 0;
}

/* device.c */
int perf_device_main(void *arg);

/* driver.c */
int perf_driver_main(void *arg);

/* port.c */

/** Create, configure and start port `which`; 0 or a negative errno. */
int perf_port_open(struct perf *perf, enum perf_target which);

/**
 * Stop and remove the port.
 * @return the number of mbufs that did not come home to the pool.
 */
unsigned int perf_port_close(struct perf *perf, enum perf_target which);

/** Name of a target as the user knows it. */
const char *perf_target_name(const struct perf *perf, enum perf_target target);

#endif /* PERF_H */
