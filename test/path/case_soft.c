/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "path.h"
#include "vnic_rx_soft.h"
#include "wire.h"

/* Receive offloads by the processor, on every row of the path table. */

#define GOOD4 (RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD)
#define ONE_TAG (RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED)
#define TWO_TAGS (ONE_TAG | RTE_MBUF_F_RX_QINQ | RTE_MBUF_F_RX_QINQ_STRIPPED)
#define ALL_PTYPES (RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK | RTE_PTYPE_L4_MASK)
#define ALL_OFFLOADS (RTE_ETH_RX_OFFLOAD_VLAN_STRIP | \
		      RTE_ETH_RX_OFFLOAD_QINQ_STRIP | \
		      RTE_ETH_RX_OFFLOAD_CHECKSUM)

/* The one frame that the device gives to @p queue. */
static struct rte_mbuf *
receive(struct sim_port *port, uint16_t queue, const struct wire *f,
	const struct virtio_net_hdr *hdr)
{
	struct virtio_net_hdr_tunnel h;
	struct rte_mbuf *m = NULL;

	memset(&h, 0, sizeof(h));
	if (hdr != NULL)
		h.hash.hdr = *hdr;
	assert_true(devsim_rx_inject(port->dev, queue * 2, f->data, f->len,
				     &h) > 0);
	assert_int_equal(rte_eth_rx_burst(port->id, queue, &m, 1), 1);
	return m;
}

/* Content, but for @p tags tags that were taken out. */
static void
content_check(const struct rte_mbuf *m, const struct wire *f,
	      unsigned int tags)
{
	uint8_t got[WIRE_MAX];
	const uint8_t *p;

	assert_int_equal(rte_mbuf_check(m, 1, &(const char *){ NULL }), 0);
	assert_int_equal(m->pkt_len, f->len - 4 * tags);
	p = rte_pktmbuf_read(m, 0, m->pkt_len, got);
	assert_non_null(p);
	assert_memory_equal(p, f->data, 12);
	assert_memory_equal(p + 12, f->data + 12 + 4 * tags,
			    f->len - 12 - 4 * tags);
	/* The last tag that was taken is the inner one. */
	if (tags > 0) {
		p = &f->data[10 + 4 * tags];
		assert_int_equal(m->vlan_tci, p[0] << 8 | p[1]);
	}
	if (tags > 1)
		assert_int_equal(m->vlan_tci_outer,
				 f->data[14] << 8 | f->data[15]);
}

static uint32_t
ptype_of(bool v6, bool tcp)
{
	return RTE_PTYPE_L2_ETHER | (v6 ? RTE_PTYPE_L3_IPV6 :
		RTE_PTYPE_L3_IPV4) | (tcp ? RTE_PTYPE_L4_TCP :
		RTE_PTYPE_L4_UDP);
}

static void
all_one(struct sim_port *port, uint32_t kind, uint32_t payload)
{
	static const uint64_t tags_flags[3] = { 0, ONE_TAG, TWO_TAGS };
	unsigned int tags = kind % 3;
	bool v6 = kind & 4, tcp = kind & 8, bad = kind & 16;
	struct rte_mbuf *m;
	struct wire f;

	wire_simple(&f, tags, v6, tcp ? 6 : 17, payload);
	if (bad)
		f.data[f.l4 + 1] ^= 1;
	m = receive(port, 0, &f, NULL);
	content_check(m, &f, tags);
	assert_int_equal(m->ol_flags, tags_flags[tags] |
			 (v6 ? 0 : RTE_MBUF_F_RX_IP_CKSUM_GOOD) |
			 (bad ? RTE_MBUF_F_RX_L4_CKSUM_BAD :
			  RTE_MBUF_F_RX_L4_CKSUM_GOOD));
	assert_int_equal(m->packet_type, ptype_of(v6, tcp));
	rte_pktmbuf_free(m);
}

/* What the device has told of a checksum stays. */
static void
told_one(struct sim_port *port)
{
	struct virtio_net_hdr valid = { .flags = VIRTIO_NET_HDR_F_DATA_VALID };
	struct virtio_net_hdr partial = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_offset = rte_cpu_to_le_16(16),
	};
	struct rte_mbuf *m;
	struct wire f;

	wire_simple(&f, 1, false, 6, 100);
	f.data[f.l4 + 1] ^= 1;
	partial.csum_start = rte_cpu_to_le_16(f.l4);
	m = receive(port, 0, &f, &valid);
	assert_int_equal(m->ol_flags, ONE_TAG | GOOD4);
	rte_pktmbuf_free(m);
	m = receive(port, 0, &f, &partial);
	assert_int_equal(m->ol_flags, ONE_TAG | RTE_MBUF_F_RX_L4_CKSUM_NONE |
			 RTE_MBUF_F_RX_IP_CKSUM_GOOD);
	assert_int_equal(m->packet_type, ptype_of(false, true));
	rte_pktmbuf_free(m);
}

static void
all_row(const struct sim_row *row)
{
	struct sim_options o = { .rx_offloads = ALL_OFFLOADS };
	struct rte_eth_burst_mode mode;
	struct sim_port *port;
	uint32_t i;

	/* Frames over several mbufs, where buffers can be merged. */
	if (row->flags & VNIC_PATH_MRG)
		o.room = 256;
	port = sim_open(row, &o);
	assert_int_equal(rte_eth_dev_set_ptypes(port->id, ALL_PTYPES, NULL, 0),
			 0);
	assert_ptr_equal(rte_eth_fp_ops[port->id].rx_pkt_burst,
			 vnic_rx_soft_burst);
	for (i = 0; i < 600; i++)
		all_one(port, i % 32, i * 7 % 1400);
	if (row->flags & VNIC_PATH_OFFLOAD)
		told_one(port);
	assert_int_equal(rte_eth_rx_burst_mode_get(port->id, 0, &mode), 0);
	assert_non_null(strstr(mode.info, row->rx->name));
	assert_non_null(strstr(mode.info, "vlan-strip"));
	sim_close(port, true);
}

void
case_soft_rx(void **state)
{
	(void)state;
	sim_for_rows(all_row);
}

/* soft_csum=0: what the device tells, and not one sum more. */
static void
device_only_row(const struct sim_row *row)
{
	struct virtio_net_hdr valid = { .flags = VIRTIO_NET_HDR_F_DATA_VALID };
	const uint64_t l4 = RTE_ETH_RX_OFFLOAD_UDP_CKSUM |
		RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
	struct sim_port *port = sim_open_stopped(row, NULL);
	bool device = row->flags & VNIC_PATH_OFFLOAD;
	struct rte_eth_dev_info info;
	struct rte_mbuf *m;
	struct wire f;

	port->vnic->args.soft_csum = false;
	sim_start(port);
	assert_int_equal(rte_eth_dev_info_get(port->id, &info), 0);
	assert_int_equal(info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_CHECKSUM,
			 device ? l4 : 0);
	assert_int_equal(info.rx_queue_offload_capa &
			 RTE_ETH_RX_OFFLOAD_CHECKSUM, 0);
	assert_ptr_equal(rte_eth_fp_ops[port->id].rx_pkt_burst,
			 row->rx->burst);
	wire_simple(&f, 0, false, 6, 100);
	m = receive(port, 0, &f, NULL);
	assert_int_equal(m->ol_flags, 0);
	rte_pktmbuf_free(m);
	if (device) {
		m = receive(port, 0, &f, &valid);
		assert_int_equal(m->ol_flags, RTE_MBUF_F_RX_L4_CKSUM_GOOD);
		rte_pktmbuf_free(m);
	}
	sim_close(port, true);
}

void
case_soft_device_only(void **state)
{
	(void)state;
	sim_for_rows(device_only_row);
}

/* ---- garbage ---- */

static uint64_t
next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Headers that begin well and go wrong, of any length that a device may give. */
static void
garbage_write(struct wire *f, uint64_t *seed)
{
	uint64_t r = next_random(seed);
	uint32_t i;

	wire_ether(f, r % 3, r & 4 ? 0x86dd : 0x0800);
	if (r & 4)
		wire_ipv6(f, (r >> 8) % 64);
	else
		wire_ipv4(f, r & 8 ? 6 : 17, (r >> 8) % 11 * 4, r >> 16);
	for (i = (r >> 32) % 8; i > 0; i--)
		f->data[12 + next_random(seed) % (f->len - 12)] = r >> i * 8;
	wire_fill(f, 100);
	f->len = 14 + next_random(seed) % (f->len - 13);
}

/* No read beyond a frame (sanitizers), lengths that add up, mbufs all back. */
static void
garbage_row(const struct sim_row *row)
{
	struct sim_options o = { .rx_offloads = ALL_OFFLOADS };
	struct sim_port *port = sim_open(row, &o);
	uint64_t seed = 20261122;
	unsigned int i;

	assert_int_equal(rte_eth_dev_set_ptypes(port->id, ALL_PTYPES, NULL, 0),
			 0);
	for (i = 0; i < 5000; i++) {
		struct rte_mbuf *m;
		struct wire f;

		garbage_write(&f, &seed);
		m = receive(port, 0, &f, NULL);
		content_check(m, &f, (m->ol_flags & TWO_TAGS) == TWO_TAGS ? 2 :
			      (m->ol_flags & ONE_TAG) == ONE_TAG ? 1 : 0);
		rte_pktmbuf_free(m);
	}
	sim_close(port, true);
}

void
case_soft_garbage(void **state)
{
	(void)state;
	sim_for_rows(garbage_row);
}

/* ---- packet types: only for those who ask ---- */

static uint32_t
ptype_one(struct sim_port *port)
{
	struct rte_mbuf *m;
	struct wire f;
	uint32_t type;

	wire_simple(&f, 0, false, 6, 10);
	m = receive(port, 0, &f, NULL);
	type = m->packet_type;
	rte_pktmbuf_free(m);
	return type;
}

static void
ptypes_row(const struct sim_row *row)
{
	struct sim_port *port = sim_open(row, NULL);
	eth_rx_burst_t first = rte_eth_fp_ops[port->id].rx_pkt_burst;
	uint32_t types[16];
	int nb;

	assert_int_equal(ptype_one(port), 0);
	/* To ask is to rely on the answer. */
	nb = rte_eth_dev_get_supported_ptypes(port->id, UINT32_MAX, types, 16);
	assert_in_range(nb, 8, 16);
	assert_ptr_equal(rte_eth_fp_ops[port->id].rx_pkt_burst,
			 vnic_rx_soft_burst);
	assert_int_equal(ptype_one(port), ptype_of(false, true));
	assert_int_equal(rte_eth_dev_set_ptypes(port->id, RTE_PTYPE_L3_MASK,
						NULL, 0), 0);
	assert_int_equal(ptype_one(port), RTE_PTYPE_L3_IPV4);
	assert_int_equal(rte_eth_dev_set_ptypes(port->id, 0, NULL, 0), 0);
	assert_int_equal(ptype_one(port), 0);
	assert_ptr_equal(rte_eth_fp_ops[port->id].rx_pkt_burst, first);
	/* Who has chosen none may still look what there is. */
	nb = rte_eth_dev_get_supported_ptypes(port->id, RTE_PTYPE_L4_MASK,
					      types, 16);
	assert_int_equal(nb, 4);
	assert_int_equal(ptype_one(port), 0);
	/* And so it stays over stop and start. */
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	sim_start(port);
	assert_int_equal(ptype_one(port), 0);
	sim_close(port, true);
}

void
case_soft_ptypes(void **state)
{
	(void)state;
	sim_for_rows(ptypes_row);
}

/* ---- per queue ---- */

static uint64_t
queue_one(struct sim_port *port, uint16_t queue)
{
	struct rte_mbuf *m;
	struct wire f;
	uint64_t flags;

	wire_simple(&f, 1, false, 17, 20);
	m = receive(port, queue, &f, NULL);
	flags = m->ol_flags;
	content_check(m, &f, flags & RTE_MBUF_F_RX_VLAN_STRIPPED ? 1 : 0);
	rte_pktmbuf_free(m);
	return flags;
}

/* The port asks anew; its queues stay, with what they asked for themselves. */
static void
configure_again(struct sim_port *port, uint64_t on, uint64_t off)
{
	struct rte_eth_conf conf =
		rte_eth_devices[port->id].data->dev_conf;

	conf.rxmode.offloads = (conf.rxmode.offloads | on) & ~off;
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(rte_eth_dev_configure(port->id, 2, 2, &conf), 0);
	sim_start(port);
}

/* A queue that is set up anew under way has what it asks for now. */
static void
queue_again(struct sim_port *port, uint16_t queue, uint64_t offloads)
{
	struct rte_eth_rxconf conf = { .offloads = offloads };
	uint16_t id = port->id;

	assert_int_equal(rte_eth_dev_rx_queue_stop(id, queue), 0);
	assert_int_equal(rte_eth_rx_queue_setup(id, queue, 64, SOCKET_ID_ANY,
						&conf, port->pool), 0);
	assert_int_equal(rte_eth_dev_rx_queue_start(id, queue), 0);
}

static void
queues_row(const struct sim_row *row)
{
	struct sim_options o = { .pairs = 2, .nb_rxd = 64, .nb_txd = 64 };
	struct rte_eth_rxconf conf = {
		.offloads = RTE_ETH_RX_OFFLOAD_VLAN_STRIP |
			RTE_ETH_RX_OFFLOAD_IPV4_CKSUM,
	};
	struct sim_port *port = sim_open_stopped(row, &o);
	const uint64_t l4 = row->flags & VNIC_PATH_OFFLOAD ?
		RTE_MBUF_F_RX_L4_CKSUM_GOOD : 0;
	const uint64_t ip = RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	uint16_t id = port->id;

	assert_int_equal(rte_eth_rx_queue_setup(id, 1, 64, SOCKET_ID_ANY,
						&conf, port->pool), 0);
	sim_start(port);
	assert_int_equal(queue_one(port, 0), l4);
	assert_int_equal(queue_one(port, 1), l4 | ip | ONE_TAG);
	assert_int_equal(rte_eth_dev_set_vlan_strip_on_queue(id, 0, 1), 0);
	assert_int_equal(rte_eth_dev_set_vlan_strip_on_queue(id, 1, 0), 0);
	assert_int_equal(queue_one(port, 0), l4 | ONE_TAG);
	assert_int_equal(queue_one(port, 1), l4 | ip);
	assert_int_equal(rte_eth_dev_set_vlan_offload(id,
			 RTE_ETH_VLAN_STRIP_OFFLOAD), 0);
	assert_int_equal(queue_one(port, 0), l4 | ONE_TAG);
	assert_int_equal(queue_one(port, 1), l4 | ip | ONE_TAG);
	assert_int_equal(rte_eth_dev_set_vlan_offload(id, 0), 0);
	assert_int_equal(queue_one(port, 0), l4);
	assert_int_equal(queue_one(port, 1), l4 | ip);
	configure_again(port, RTE_ETH_RX_OFFLOAD_VLAN_STRIP, 0);
	assert_int_equal(queue_one(port, 0), l4 | ONE_TAG);
	assert_int_equal(queue_one(port, 1), l4 | ip | ONE_TAG);
	configure_again(port, 0, RTE_ETH_RX_OFFLOAD_VLAN_STRIP);
	assert_int_equal(queue_one(port, 0), l4);
	assert_int_equal(queue_one(port, 1), l4 | ip | ONE_TAG);
	queue_again(port, 1, 0);
	assert_int_equal(queue_one(port, 1), l4);
	queue_again(port, 0, RTE_ETH_RX_OFFLOAD_VLAN_STRIP);
	assert_int_equal(queue_one(port, 0), l4 | ONE_TAG);
	sim_close(port, true);
}

void
case_soft_queues(void **state)
{
	(void)state;
	sim_for_rows(queues_row);
}

/* ---- turned on and off under traffic ---- */

struct toggle {
	struct sim_port *port;
	bool stop;
	unsigned int stripped;
	unsigned int left;
	unsigned int wrong;
};

static void
toggle_judge(struct toggle *t, const struct rte_mbuf *m, const struct wire *f)
{
	unsigned int tags = m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED ? 1 : 0;
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

	if (tags > 0)
		t->stripped++;
	else
		t->left++;
	t->wrong += m->pkt_len != f->len - 4 * tags ||
		memcmp(p, f->data, 12) != 0 ||
		memcmp(p + 12, f->data + 12 + 4 * tags,
		       f->len - 12 - 4 * tags) != 0 ||
		(tags > 0 && m->vlan_tci != 0x6123);
}

/* Device and lcore; no assertion here, it would leave another stack. */
static void *
toggle_traffic(void *arg)
{
	struct toggle *t = arg;
	struct rte_mbuf *pkts[8];
	struct wire f;
	uint16_t i, nb;

	wire_simple(&f, 1, false, 17, 40);
	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED)) {
		for (i = 0; i < RTE_DIM(pkts); i++)
			devsim_rx_inject(t->port->dev, 0, f.data, f.len, NULL);
		nb = rte_eth_rx_burst(t->port->id, 0, pkts, RTE_DIM(pkts));
		for (i = 0; i < nb; i++)
			toggle_judge(t, pkts[i], &f);
		rte_pktmbuf_free_bulk(pkts, nb);
	}
	return NULL;
}

static unsigned int
toggle_seen(const unsigned int *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* One more frame of the new kind, and so the change has arrived. */
static void
toggle_set(struct toggle *t, bool on)
{
	unsigned int *counter = on ? &t->stripped : &t->left;
	unsigned int before;

	assert_int_equal(rte_eth_dev_set_vlan_offload(t->port->id,
			 on ? RTE_ETH_VLAN_STRIP_OFFLOAD : 0), 0);
	before = toggle_seen(counter);
	SIM_AWAIT(toggle_seen(counter) >= before + 100);
}

static void
toggle_row(const struct sim_row *row)
{
	struct toggle t = { .port = sim_open(row, NULL) };
	eth_rx_burst_t first = rte_eth_fp_ops[t.port->id].rx_pkt_burst;
	pthread_t thread;
	unsigned int i;

	assert_int_equal(pthread_create(&thread, NULL, toggle_traffic, &t), 0);
	for (i = 0; i < 10; i++)
		toggle_set(&t, i % 2 == 0);
	__atomic_store_n(&t.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_int_equal(t.wrong, 0);
	assert_ptr_equal(rte_eth_fp_ops[t.port->id].rx_pkt_burst, first);
	sim_close(t.port, true);
}

void
case_soft_toggle(void **state)
{
	(void)state;
	sim_for_rows(toggle_row);
}
