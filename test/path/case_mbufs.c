/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <stdlib.h>
#include <sys/mman.h>

#include <rte_ip.h>

#include "packet.h"
#include "path.h"

/* Mbufs that are not simply of their pool: external buffers, clones. */

#define NB 511
#define ROOM (RTE_PKTMBUF_HEADROOM + 2048)

/* ---- a pool whose buffers are elsewhere, each pinned to its mbuf ---- */

static struct rte_mempool *
pinned_pool(void)
{
	struct rte_mempool *pool = rte_mempool_lookup("pinned");
	static struct rte_pktmbuf_extmem ext = {
		.elt_size = ROOM, .buf_len = (size_t)NB * ROOM,
		.buf_iova = RTE_BAD_IOVA,
	};

	if (pool != NULL)
		return pool;
	assert_int_equal(posix_memalign(&ext.buf_ptr, 4096, ext.buf_len), 0);
	pool = rte_pktmbuf_pool_create_extbuf("pinned", NB, 0, 0, ROOM,
					      SOCKET_ID_ANY, &ext, 1);
	assert_non_null(pool);
	return pool;
}

static struct rte_mempool *
clones_pool(void)
{
	struct rte_mempool *pool = rte_mempool_lookup("mbufs_clones");

	if (pool == NULL)
		pool = rte_pktmbuf_pool_create("mbufs_clones", 63, 0, 0, 0,
					       SOCKET_ID_ANY);
	assert_non_null(pool);
	return pool;
}

/* One frame in; its clone outlives it and goes out again. */
static void
pinned_frame(struct sim_port *port, uint32_t seq, uint32_t len)
{
	static uint8_t data[9000];
	struct rte_mempool *clones = clones_pool();
	struct rte_mbuf *m, *clone, *seg;

	frame_write(data, seq, len);
	assert_true(devsim_rx_inject(port->dev, 0, data, len, NULL) > 0);
	assert_int_equal(rte_eth_rx_burst(port->id, 0, &m, 1), 1);
	frame_check(m, seq, len);
	for (seg = m; seg != NULL; seg = seg->next)
		assert_int_equal(seg->ol_flags, RTE_MBUF_F_EXTERNAL);
	clone = rte_pktmbuf_clone(m, clones);
	assert_non_null(clone);
	rte_pktmbuf_free(m);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &clone, 1), 1);
	assert_int_equal(devsim_tx_collect(port->dev, 1, 2, NULL, NULL), 1);
	assert_int_equal(rte_eth_tx_done_cleanup(port->id, 0, 0), 1);
	assert_int_equal(rte_mempool_avail_count(clones), 63);
}

static void
pinned_row(const struct sim_row *row)
{
	struct sim_options o = {
		.pool = pinned_pool(), .nb_mbufs = NB,
		.nb_rxd = 64, .nb_txd = 64,
	};
	struct sim_port *port = sim_open(row, &o);
	uint32_t i;

	for (i = 0; i < 200; i++)
		pinned_frame(port, i, 60 + i * 7);
	if (row->flags & VNIC_PATH_MRG)
		pinned_frame(port, i, 5000);
	sim_close(port, true);
}

void
case_pinned(void **state)
{
	(void)state;
	sim_for_rows(pinned_row);
}

/* ---- a header that others read is not written to if it is right ---- */

static void
ext_freed(void *addr, void *opaque)
{
	(void)addr;
	(void)opaque;
}

/* A frame that lies in @p page, where nothing can be written any more. */
static struct rte_mbuf *
readonly_mbuf(struct rte_mempool *pool, void *page, struct packet *k)
{
	static struct rte_mbuf_ext_shared_info info;
	struct rte_mbuf *m = packet_mbuf(pool, k, k->payload, 0, 0);
	struct rte_ipv4_hdr *ip;
	uint64_t flags = m->ol_flags;
	uint32_t len = m->pkt_len;

	assert_int_equal(mprotect(page, 4096, PROT_READ | PROT_WRITE), 0);
	memcpy(page, rte_pktmbuf_mtod(m, void *), len);
	ip = RTE_PTR_ADD(page, m->l2_len);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	assert_int_equal(mprotect(page, 4096, PROT_READ), 0);
	info.free_cb = ext_freed;
	rte_mbuf_ext_refcnt_set(&info, 1);
	rte_pktmbuf_attach_extbuf(m, page, RTE_BAD_IOVA, 4096, &info);
	m->ol_flags |= flags;
	m->data_off = 0;
	m->data_len = len;
	m->pkt_len = len;
	return m;
}

static void
readonly_row(const struct sim_row *row)
{
	struct packet k = { .payload = 100 };
	struct packet_seen s = { .k = &k };
	struct sim_port *port;
	struct rte_mbuf *m;
	void *page;

	if (!(row->flags & VNIC_PATH_OFFLOAD))
		return;
	port = sim_open(row, NULL);
	page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(page != MAP_FAILED);
	sim_memory_add(port, page, 4096);
	m = readonly_mbuf(port->pool, page, &k);
	assert_true(m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	assert_int_equal(devsim_tx_collect(port->dev, 1, 2, NULL, NULL), 1);
	sim_close(port, true);
	munmap(page, 4096);
	/* One that is wrong is put right, whatever is there. */
	port = sim_open(row, NULL);
	m = packet_mbuf(port->pool, &k, k.payload, RTE_MBUF_F_TX_TCP_CKSUM, 0);
	rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *,
				m->l2_len)->hdr_checksum = 0x1234;
	assert_int_equal(rte_eth_tx_prepare(port->id, 0, &m, 1), 1);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
	assert_int_equal(devsim_tx_collect(port->dev, 1, 2, packet_see, &s), 1);
	sim_close(port, true);
}

void
case_readonly(void **state)
{
	(void)state;
	sim_for_rows(readonly_row);
}

/* ---- more segments than a ring may have, or than the mbuf says ---- */

static void
segs_refused(struct sim_port *port, struct rte_mbuf *m)
{
	packet_refused(port, m, EINVAL, true);
}

static void
segs_row(const struct sim_row *row)
{
	struct sim_options o = { .nb_rxd = 16, .nb_txd = 16 };
	struct sim_port *port = sim_open(row, &o);
	uint16_t max = sim_txq(port, 0)->nb_desc - 1, round;
	struct rte_mbuf *m;

	assert_int_equal(max, 15);
	for (round = 0; round < 3; round++) {
		m = frame_mbuf(port->pool, 1, 1500, max);
		/* A header of its own: one element more. */
		if (round == 1)
			m->data_off = 0;
		assert_int_equal(rte_eth_tx_prepare(port->id, 0, &m, 1), 1);
		assert_int_equal(rte_eth_tx_burst(port->id, 0, &m, 1), 1);
		assert_int_equal(devsim_tx_collect(port->dev, 1, 4, NULL,
						   NULL), 1);
		assert_int_equal(rte_eth_tx_done_cleanup(port->id, 0, 0), 1);
	}
	segs_refused(port, frame_mbuf(port->pool, 1, 1500, max + 1));
	/* A chain that goes on beyond its end. */
	m = frame_mbuf(port->pool, 1, 1500, max);
	m->nb_segs = 2;
	segs_refused(port, m);
	sim_close(port, true);
}

void
case_segments(void **state)
{
	(void)state;
	sim_for_rows(segs_row);
}
