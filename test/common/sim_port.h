/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef SIM_PORT_H
#define SIM_PORT_H

#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <devsim.h>

#include "vnic.h"
#include "vnic_path.h"
#include "vnic_queue.h"

/**
 * @file
 * An ethdev port of the driver whose device is devsim, in this process. Tests
 * use the public ethdev API; only the rows of the path table and the ledger
 * are looked at from inside.
 */

/** A receive row with the transmit row that a test takes along. */
struct sim_row {
	const struct vnic_rx_path *rx;
	const struct vnic_tx_path *tx;
	uint32_t flags;		/**< VNIC_PATH_*, both directions */
	uint16_t simd;
};

struct sim_options {
	uint16_t nb_rxd;	/**< 0 = 256 */
	uint16_t nb_txd;
	uint16_t pairs;		/**< 0 = 1 */
	uint16_t nb_rx;		/**< queues of the port, 0 = pairs */
	uint16_t nb_tx;
	uint16_t nb_mbufs;	/**< 0 = 2048 */
	struct rte_mempool *pool;	/**< of nb_mbufs, instead of one of the port's own */
	uint16_t room;		/**< mbuf data room without headroom, 0 = 2048 */
	uint16_t mtu;		/**< 0 = 1500 */
	uint64_t rx_offloads;
	uint64_t tx_offloads;
	bool no_event_idx;
	bool no_scatter;	/**< where buffers merge too */
	bool rx_intr;		/**< intr_conf.rxq */
	bool rmv_intr;		/**< intr_conf.rmv */
	bool no_ring_reset;
	bool ctrl;		/**< offer CTRL_VQ and what goes with it */
	uint64_t extra[2];	/**< further feature bits to offer */
	uint32_t ctrl_timeout_ms;
	enum vnic_lro lro;	/**< devarg */
	enum vnic_udp_tso udp_tso;	/**< devarg */
	bool rsc_info;		/**< devarg */
	uint32_t tx_stall_ms;	/**< 0 = the driver's default */
	struct devsim_policy policy;	/**< of all data queues */
	uint64_t rss_hf;	/**< not 0: RSS is offered and configured */
	/** Called with what the device is to be, before it is made. */
	void (*shape)(struct devsim_config *config);
	/** Called with the device before the driver meets it. */
	void (*prepare)(struct devsim *dev);
};

struct sim_port {
	struct devsim *dev;
	struct rte_mempool *pool;
	uint16_t id;
	struct vnic_dev *vnic;
	struct sim_options opts;
	struct sim_row row;
	struct rte_device device;
	char name[32];
	pthread_t ctrl_thread;
	bool ctrl_stop;
	uint64_t memory_sum;	/**< of the memzones told to devsim */
	struct rte_mempool *pool2;	/**< the device may touch it too; or NULL */
};

/**
 * Wait until @p cond holds. How long that takes on a busy machine is nobody's
 * promise, so the minute only ends a test that would hang; asserts.
 */
#define SIM_AWAIT(cond) do { \
	unsigned int sim_looks; \
	for (sim_looks = 0; !(cond); sim_looks++) { \
		assert_true(sim_looks < 30000); \
		rte_delay_us_sleep(2000); \
	} \
} while (0)

/** EAL without huge pages, root, PCI; exits on failure. */
void
sim_eal_init(const char *name);
/** The same with more lcores than one, as EAL's --lcores has them. */
void
sim_eal_init_lcores(const char *name, const char *lcores);

/** The same with a telemetry socket, in rte_eal_get_runtime_dir(). */
void
sim_eal_init_telemetry(const char *name);

/**
 * Devices of before virtio 1.0 (environment VNIC_TEST_LEGACY): no VERSION_1, so
 * a header of 10 bytes without mergeable buffers, and rings of the device's size.
 */
extern bool sim_legacy;

/** All rows that this processor can run; NULL at the end. */
const struct sim_row *
sim_row_get(unsigned int i);

/** The widest vectors among those rows. */
uint16_t
sim_simd_max(void);

/** Run @p fn for each row, and say so. */
void
sim_for_rows(void (*fn)(const struct sim_row *row));

/** Probe, configure, set up, start; asserts on any failure. */
struct sim_port *
sim_open(const struct sim_row *row, const struct sim_options *opts);
/** As sim_open, but stop after rte_eth_dev_configure and queue setup. */
struct sim_port *
sim_open_stopped(const struct sim_row *row, const struct sim_options *opts);
/** Probe only. @return 0 or the driver's error; then *@p out is NULL. */
int
sim_probe(const struct sim_row *row, const struct sim_options *opts,
	  struct sim_port **out);
void
sim_start(struct sim_port *port);
/** Stop, close; asserts a full mempool and, if @p honest, no violation. */
void
sim_close(struct sim_port *port, bool honest);
/** The same for a device that misbehaved: violations are not looked at. */

/** Tell devsim of more memory: buffers outside of the port's pool. */
void
sim_memory_add(struct sim_port *port, void *addr, size_t len);

struct vnic_rxq *
sim_rxq(struct sim_port *port, uint16_t queue);
struct vnic_txq *
sim_txq(struct sim_port *port, uint16_t queue);
/** packets = completed + returned + in the ring. */
void
sim_ledger_check(struct sim_port *port, uint16_t queue);
/** No violation so far; prints the first. */
void
sim_honest(struct sim_port *port);

/* frames.c: content that can be checked anywhere */

void
frame_write(uint8_t *p, uint32_t seq, uint32_t len);
/** 0, or 1 + the offset of the first wrong byte. */
uint32_t
frame_diff(const uint8_t *p, uint32_t seq, uint32_t len);
/** An mbuf chain of @p segs segments with frame @p seq; NULL: no mbuf. */
struct rte_mbuf *
frame_mbuf(struct rte_mempool *pool, uint32_t seq, uint32_t len,
	   uint16_t segs);
/** Chain whole and content as sent; asserts. */
void
frame_check(const struct rte_mbuf *m, uint32_t seq, uint32_t len);

#endif /* SIM_PORT_H */
