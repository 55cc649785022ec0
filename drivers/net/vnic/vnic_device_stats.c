/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_cycles.h>
#include <rte_malloc.h>

#include "vnic_command.h"
#include "vnic_ctrl.h"
#include "vnic_device_stats.h"
#include "vnic_log.h"
#include "vnic_port.h"
#include "vnic_stats.h"

#define REFRESH_MS 100
/* A secondary waits so long for an answer: some looks of the health timer. */
#define AWAIT_MS 300
/* Pairs asked for by one command: their full answers fit in one result. */
#define PAIRS_A_COMMAND 24
#define COUNTERS_MAX 16

enum stats_way { WAY_RX, WAY_TX, WAY_CVQ };

/** One type of statistics: whose, and the names of its counters in order. */
static const struct stats_group {
	uint8_t type;
	uint8_t way;
	uint8_t first;		/**< place of its counters in a queue's */
	uint8_t nb;
	/** Features of which it needs one; none: always there. */
	uint64_t needs;
	const char *names[6];
} groups[] = {
#define BIT(b) (UINT64_C(1) << VIRTIO_NET_F_##b)
#define TYPE(name) VIRTIO_NET_STATS_TYPE_REPLY_##name
	{ TYPE(RX_BASIC), WAY_RX, 0, 6, 0,
	  { "rx_notifications", "rx_packets", "rx_bytes", "rx_interrupts",
	    "rx_drops", "rx_drop_overruns" } },
	{ TYPE(RX_CSUM), WAY_RX, 6, 4, BIT(GUEST_CSUM),
	  { "rx_csum_valid", "rx_needs_csum", "rx_csum_none",
	    "rx_csum_bad" } },
	{ TYPE(RX_GSO), WAY_RX, 10, 4, BIT(GUEST_TSO4) | BIT(GUEST_TSO6),
	  { "rx_gso_packets", "rx_gso_bytes", "rx_gso_packets_coalesced",
	    "rx_gso_bytes_coalesced" } },
	{ TYPE(RX_SPEED), WAY_RX, 14, 2, BIT(SPEED_DUPLEX),
	  { "rx_packets_allowance_exceeded",
	    "rx_bytes_allowance_exceeded" } },
	{ TYPE(TX_BASIC), WAY_TX, 0, 6, 0,
	  { "tx_notifications", "tx_packets", "tx_bytes", "tx_interrupts",
	    "tx_drops", "tx_drop_malformed" } },
	{ TYPE(TX_CSUM), WAY_TX, 6, 2, BIT(CSUM),
	  { "tx_csum_none", "tx_needs_csum" } },
	{ TYPE(TX_GSO), WAY_TX, 8, 6,
	  BIT(HOST_TSO4) | BIT(HOST_TSO6) | BIT(HOST_USO),
	  { "tx_gso_packets", "tx_gso_bytes", "tx_gso_segments",
	    "tx_gso_segments_bytes", "tx_gso_packets_noseg",
	    "tx_gso_bytes_noseg" } },
	{ TYPE(TX_SPEED), WAY_TX, 14, 2, BIT(SPEED_DUPLEX),
	  { "tx_packets_allowance_exceeded",
	    "tx_bytes_allowance_exceeded" } },
	{ TYPE(CVQ), WAY_CVQ, 0, 2, 0,
	  { "cvq_command_num", "cvq_ok_num" } },
};
#define DROPS 4

/** Counters of one virtqueue. The masks have a bit for each group. */
struct stats_vq {
	uint64_t last[COUNTERS_MAX];	/**< as the device said last */
	uint64_t total[COUNTERS_MAX];
	uint64_t base[COUNTERS_MAX];	/**< total at the last reset */
	uint32_t known;		/**< came once */
	uint32_t restarted;	/**< may have begun at 0 since the last answer */
	/** Reset by any process: the answer to the next question is the base. */
	uint32_t reset;
	uint32_t rebase;	/**< of these, those that are being asked for */
};

struct vnic_device_stats {
	uint64_t types;		/**< that may be asked for, 0: none */
	/** That are extended statistics: the types of the last device that told
	 * them, so that ids do not change while a new one is asked. */
	uint64_t shown;
	uint64_t at;		/**< timer cycles of the last answer */
	/** Timer cycles since when a secondary wants a new one; 0: none does. */
	uint64_t wanted;
	uint16_t ctrl;		/**< place of the control queue's */
	struct stats_vq vq[];
};

int
vnic_device_stats_create(struct vnic_dev *dev)
{
	uint16_t nb = dev->room_pairs * 2;
	struct vnic_device_stats *ds;

	if (dev->device_stats != NULL)
		return 0;
	ds = rte_zmalloc("vnic_device_stats", sizeof(*ds) +
			 (nb + 1) * sizeof(ds->vq[0]), RTE_CACHE_LINE_SIZE);
	if (ds == NULL) {
		VNIC_LOG(ERR, "%s: no memory for the device's statistics: give EAL more huge pages",
			 dev->name);
		return -ENOMEM;
	}
	ds->ctrl = nb;
	dev->device_stats = ds;
	return 0;
}

void
vnic_device_stats_free(struct vnic_dev *dev)
{
	rte_free(dev->device_stats);
	dev->device_stats = NULL;
}

/* The counters of a queue that the port uses, and its way; or NULL. */
static struct stats_vq *
stats_vq_of(const struct vnic_dev *dev, uint16_t vq_index, uint8_t *way)
{
	struct vnic_device_stats *ds = dev->device_stats;

	if (vq_index == vnic_vq_ctrl(dev)) {
		*way = WAY_CVQ;
		return &ds->vq[ds->ctrl];
	}
	*way = vq_index & 1 ? WAY_TX : WAY_RX;
	return vq_index < dev->nb_pairs * 2 ? &ds->vq[vq_index] : NULL;
}

/* NULL: a type that we know nothing of, or that is not of such a queue. */
static const struct stats_group *
stats_group_of(uint8_t type, uint8_t way)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(groups); i++)
		if (groups[i].type == type && groups[i].way == way)
			return &groups[i];
	return NULL;
}

static uint64_t
counter_read(const uint8_t *counters, unsigned int i)
{
	rte_le64_t raw;

	memcpy(&raw, counters + i * sizeof(raw), sizeof(raw));
	return rte_le_to_cpu_64(raw);
}

/* Counters wrap (5.1.6.5.9); one that is lower after a reset began at 0. */
static void
stats_take(struct stats_vq *vq, const struct stats_group *g,
	   const uint8_t *counters, unsigned int nb)
{
	uint32_t bit = UINT32_C(1) << (g - groups);
	unsigned int i;

	nb = RTE_MIN(nb, (unsigned int)g->nb);
	for (i = 0; i < nb; i++) {
		unsigned int at = g->first + i;
		uint64_t now = counter_read(counters, i), more;

		more = (vq->restarted & bit) && now < vq->last[at] ? now :
			now - vq->last[at];
		if (vq->known & bit)
			__atomic_store_n(&vq->total[at], vq->total[at] + more,
					 __ATOMIC_RELAXED);
		vq->last[at] = now;
	}
	if (vq->rebase & bit)
		vnic_stats_base_set(&vq->base[g->first], &vq->total[g->first],
				    nb * sizeof(vq->base[0]));
	vq->known |= bit;
	vq->restarted &= ~bit;
	vq->rebase &= ~bit;
}

int
vnic_device_stats_parse(struct vnic_dev *dev, const uint8_t *reply, size_t len)
{
	struct virtio_net_stats_reply_hdr hdr;
	const struct stats_group *g;
	struct stats_vq *vq;
	uint8_t way;
	size_t size;
	int nb;

	for (nb = 0; len > 0; nb++, reply += size, len -= size) {
		if (len < sizeof(hdr))
			return -EPROTO;
		memcpy(&hdr, reply, sizeof(hdr));
		size = rte_le_to_cpu_16(hdr.size);
		if (size < sizeof(hdr) || size > len)
			return -EPROTO;
		vq = stats_vq_of(dev, rte_le_to_cpu_16(hdr.vq_index), &way);
		if (vq == NULL)
			return -EPROTO;
		g = stats_group_of(hdr.type, way);
		if (g == NULL ||
		    !(dev->device_stats->types >> g->type & 1))
			return -EPROTO;
		stats_take(vq, g, reply + sizeof(hdr),
			   (size - sizeof(hdr)) / sizeof(rte_le64_t));
	}
	return nb;
}

static uint64_t
stats_types_of(const struct vnic_dev *dev, uint8_t way)
{
	uint64_t types = 0;
	unsigned int i;

	for (i = 0; i < RTE_DIM(groups); i++)
		if (groups[i].way == way)
			types |= UINT64_C(1) << groups[i].type;
	return types & dev->device_stats->types;
}

static unsigned int
stats_want(const struct vnic_dev *dev, struct vnic_stats_want *want,
	   uint16_t pair)
{
	uint64_t rx = stats_types_of(dev, WAY_RX);
	uint64_t tx = stats_types_of(dev, WAY_TX);
	uint64_t cvq = stats_types_of(dev, WAY_CVQ);
	uint16_t last = RTE_MIN(pair + PAIRS_A_COMMAND, dev->nb_pairs);
	unsigned int nb = 0;

	if (pair == 0 && cvq != 0)
		want[nb++] = (struct vnic_stats_want){
			vnic_vq_ctrl(dev), cvq };
	for (; pair < last; pair++) {
		if (rx != 0)
			want[nb++] = (struct vnic_stats_want){
				vnic_vq_rx(pair), rx };
		if (tx != 0)
			want[nb++] = (struct vnic_stats_want){
				vnic_vq_tx(pair), tx };
	}
	return nb;
}

/* A device that cannot be asked is not asked again until the next start; what
 * it told is still shown. */
static void
stats_give_up(struct vnic_dev *dev, const char *why)
{
	dev->device_stats->types = 0;
	VNIC_LOG(WARNING, "%s: port %u has no statistics of its device from now on: %s",
		 dev->name, dev->port_id, why);
}

/* What was reset before the question is answered as of after the reset. */
static void
stats_rebase(struct vnic_dev *dev, const struct vnic_stats_want *want,
	     unsigned int nb)
{
	unsigned int i;
	uint8_t way;

	for (i = 0; i < nb; i++) {
		struct stats_vq *vq = stats_vq_of(dev, want[i].vq_index, &way);

		if (vq == NULL)
			continue;
		/* Partner: the release in vnic_device_stats_reset. */
		vq->rebase |= __atomic_exchange_n(&vq->reset, 0,
						  __ATOMIC_ACQUIRE);
	}
}

/*
 * Each type that was asked for is answered, unless there was no room for all:
 * a later version's may be longer than ours.
 */
static bool
stats_lacks(const struct vnic_stats_want *want, unsigned int nb,
	    unsigned int entries, size_t got)
{
	unsigned int all = 0;

	while (nb-- > 0)
		all += __builtin_popcountll(want[nb].types);
	return entries < all && got < VNIC_CTRL_RESULT_MAX;
}

static int
stats_ask(struct vnic_dev *dev, uint16_t pair)
{
	struct vnic_stats_want want[2 * PAIRS_A_COMMAND + 1];
	uint8_t reply[VNIC_CTRL_RESULT_MAX];
	unsigned int nb = stats_want(dev, want, pair);
	size_t got;
	int ret;

	if (nb == 0)
		return 0;
	stats_rebase(dev, want, nb);
	ret = vnic_command_stats_get(dev, want, nb, reply, sizeof(reply),
				     &got);
	if (ret == -EIO && !vnic_ctrl_is_dead(dev))
		stats_give_up(dev, "it refuses STATS_GET");
	if (ret < 0)
		return ret;
	ret = vnic_device_stats_parse(dev, reply, got);
	if (ret < 0 || stats_lacks(want, nb, ret, got)) {
		ret = -EPROTO;
		dev->violations[VNIC_VIOLATION_CTRL]++;
		stats_give_up(dev, "its answer to STATS_GET is malformed or lacks some");
	}
	return ret;
}

/* All queues, or as many as are answered within one deadline. */
static void
stats_ask_all(struct vnic_dev *dev)
{
	uint64_t end = rte_get_timer_cycles() + rte_get_timer_hz() / 1000 *
		dev->args.ctrl_timeout_ms;
	uint16_t pair;

	for (pair = 0; pair < dev->nb_pairs; pair += PAIRS_A_COMMAND)
		if (rte_get_timer_cycles() > end || stats_ask(dev, pair) < 0)
			break;
	/* Partner: the acquire in stats_await. */
	__atomic_store_n(&dev->device_stats->at, rte_get_timer_cycles(),
			 __ATOMIC_RELEASE);
}

/* Types that we know, and whose features were agreed on. */
static uint64_t
stats_types_allowed(const struct vnic_dev *dev)
{
	uint64_t types = 0;
	unsigned int i;

	for (i = 0; i < RTE_DIM(groups); i++)
		if (groups[i].needs == 0 ||
		    (groups[i].needs & dev->accepted.w[0]) != 0)
			types |= UINT64_C(1) << groups[i].type;
	return types;
}

/* Read without a lock, and once a question. */
static void
stats_show(struct vnic_dev *dev, uint64_t types)
{
	__atomic_store_n(&dev->device_stats->shown, types, __ATOMIC_RELAXED);
}

void
vnic_device_stats_restarted(struct vnic_dev *dev, uint16_t vq_index)
{
	struct stats_vq *vq;
	uint8_t way;

	if (dev->device_stats == NULL)
		return;
	vq = stats_vq_of(dev, vq_index, &way);
	if (vq != NULL)
		vq->restarted = UINT32_MAX;
}

int
vnic_device_stats_start(struct vnic_dev *dev)
{
	uint64_t types = 0;
	uint16_t i;
	int ret;

	if (dev->device_stats == NULL)
		return 0;
	dev->device_stats->types = 0;
	for (i = 0; i <= dev->device_stats->ctrl; i++)
		dev->device_stats->vq[i].restarted = UINT32_MAX;
	if (!vnic_dev_has(dev, VIRTIO_NET_F_DEVICE_STATS)) {
		stats_show(dev, 0);
		return 0;
	}
	ret = vnic_command_stats_query(dev, &types);
	if (vnic_ctrl_is_dead(dev))
		return ret;
	if (ret < 0) {
		stats_give_up(dev, "it does not answer STATS_QUERY as it should");
		return 0;
	}
	dev->device_stats->types = types & stats_types_allowed(dev);
	stats_show(dev, dev->device_stats->types);
	stats_ask_all(dev);
	return vnic_ctrl_is_dead(dev) ? -EIO : 0;
}

static bool
stats_can_ask(const struct vnic_dev *dev)
{
	return dev->device_stats->types != 0 && vnic_dev_running(dev);
}

/* Under the control lock, waiting at most @p ms for it, or not at all. */
static void
stats_ask_now(struct vnic_dev *dev, unsigned int ms)
{
	if (!stats_can_ask(dev) || vnic_dev_lock(dev, ms) < 0)
		return;
	if (stats_can_ask(dev) && !vnic_ctrl_is_dead(dev))
		stats_ask_all(dev);
	vnic_dev_unlock(dev);
}

/*
 * Want an answer, and wait for it. A question that nobody has taken up for so
 * long is not waited for again: the primary may be gone.
 */
static void
stats_await(struct vnic_dev *dev)
{
	struct vnic_device_stats *ds = dev->device_stats;
	uint64_t at = __atomic_load_n(&ds->at, __ATOMIC_RELAXED);
	uint64_t since = 0, now = rte_get_timer_cycles(), end;

	if (!stats_can_ask(dev))
		return;
	/* Partner: the exchange in vnic_device_stats_serve. */
	if (__atomic_compare_exchange_n(&ds->wanted, &since, now, false,
					__ATOMIC_RELAXED, __ATOMIC_RELAXED))
		since = now;
	end = since + rte_get_timer_hz() / 1000 * AWAIT_MS;
	/* Partner: the release in stats_ask_all. */
	while (__atomic_load_n(&ds->at, __ATOMIC_ACQUIRE) == at &&
	       rte_get_timer_cycles() < end)
		rte_delay_us_sleep(1000);
}

static bool
stats_are_fresh(const struct vnic_device_stats *ds)
{
	return rte_get_timer_cycles() - __atomic_load_n(&ds->at,
			__ATOMIC_ACQUIRE) < rte_get_timer_hz() / 1000 *
		REFRESH_MS;
}

void
vnic_device_stats_refresh(struct vnic_dev *dev)
{
	if (dev->device_stats == NULL || stats_are_fresh(dev->device_stats))
		return;
	if (vnic_ethdev_is_secondary(dev))
		stats_await(dev);
	else
		stats_ask_now(dev, 0);
}

void
vnic_device_stats_serve(struct vnic_dev *dev)
{
	struct vnic_device_stats *ds = dev->device_stats;

	/* Partner: the exchange in stats_await. */
	if (ds == NULL || __atomic_exchange_n(&ds->wanted, 0,
					      __ATOMIC_RELAXED) == 0)
		return;
	if (!stats_are_fresh(ds) && stats_can_ask(dev))
		stats_ask_all(dev);
}

void
vnic_device_stats_reset(struct vnic_dev *dev)
{
	struct vnic_device_stats *ds = dev->device_stats;
	uint16_t i;

	if (ds == NULL)
		return;
	for (i = 0; i <= ds->ctrl; i++) {
		vnic_stats_base_set(ds->vq[i].base, ds->vq[i].total,
				    sizeof(ds->vq[i].base));
		/* Partner: the acquire in stats_rebase. */
		__atomic_store_n(&ds->vq[i].reset, UINT32_MAX,
				 __ATOMIC_RELEASE);
	}
	if (!vnic_ethdev_is_secondary(dev))
		stats_ask_now(dev, VNIC_LOCK_EVENT_MS);
}

static uint64_t
stats_value(const struct stats_vq *vq, unsigned int at)
{
	return vnic_stats_since(&vq->total[at], &vq->base[at]);
}

static uint64_t
stats_sum(const struct vnic_dev *dev, uint8_t way, unsigned int at)
{
	const struct vnic_device_stats *ds = dev->device_stats;
	uint64_t sum = 0;
	uint16_t i;

	if (way == WAY_CVQ)
		return stats_value(&ds->vq[ds->ctrl], at);
	for (i = 0; i < dev->nb_pairs; i++)
		sum += stats_value(&ds->vq[i * 2 + way], at);
	return sum;
}

uint64_t
vnic_device_stats_rx_drops(const struct vnic_dev *dev)
{
	return dev->device_stats != NULL ? stats_sum(dev, WAY_RX, DROPS) : 0;
}

uint64_t
vnic_device_stats_tx_drops(const struct vnic_dev *dev)
{
	return dev->device_stats != NULL ? stats_sum(dev, WAY_TX, DROPS) : 0;
}

/* Of one queue, or (@p pair < 0) the sum over all queues. */
static uint64_t
stats_of(const struct vnic_dev *dev, int pair, uint8_t way, unsigned int at)
{
	return pair < 0 ? stats_sum(dev, way, at) :
		stats_value(&dev->device_stats->vq[pair * 2 + way], at);
}

static void
stats_list(const struct vnic_dev *dev, uint64_t types, int pair,
	   struct vnic_xstats *x)
{
	char queue[16] = "";
	unsigned int g, i;

	if (pair >= 0)
		snprintf(queue, sizeof(queue), "q%d_", pair);
	for (g = 0; g < RTE_DIM(groups); g++) {
		if (!(types >> groups[g].type & 1) ||
		    (pair >= 0 && groups[g].way == WAY_CVQ))
			continue;
		for (i = 0; i < groups[g].nb; i++)
			vnic_xstats_add(x, stats_of(dev, pair, groups[g].way,
						    groups[g].first + i),
					"device_%s%s", queue,
					groups[g].names[i]);
	}
}

void
vnic_device_stats_list(const struct vnic_dev *dev, struct vnic_xstats *x)
{
	uint64_t types;
	uint16_t pair;

	if (dev->device_stats == NULL)
		return;
	types = __atomic_load_n(&dev->device_stats->shown, __ATOMIC_RELAXED);
	if (types == 0)
		return;
	stats_list(dev, types, -1, x);
	for (pair = 0; pair < dev->nb_pairs; pair++)
		stats_list(dev, types, pair, x);
}
