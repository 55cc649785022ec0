/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <rte_malloc.h>

#include "vnic_device_stats.h"
#include "vnic_log.h"
#include "vnic_port.h"
#include "vnic_queue.h"
#include "vnic_stats.h"

/** In shared memory: a secondary reads, and may reset. */
struct vnic_stats_base {
	uint64_t violations[VNIC_VIOLATION_MAX];
	uint64_t port[10];
	uint16_t nb_pairs;
	struct {
		struct vnic_rxq_stats rx;
		struct vnic_txq_stats tx;
		/** Which q_... of rte_eth_stats; beyond them: none. */
		uint16_t rx_slot;
		uint16_t tx_slot;
	} pair[];
};

#define RX(field) { #field, offsetof(struct vnic_rxq_stats, field) }
#define TX(field) { #field, offsetof(struct vnic_txq_stats, field) }

static const struct vnic_stats_field rxq_fields[] = {
	RX(packets), RX(bytes), RX(bursts), RX(empty), RX(kicks),
	RX(kicks_saved), RX(nombuf), RX(errors), RX(slow),
	RX(too_long),
};

static const struct vnic_stats_field txq_fields[] = {
	TX(packets), TX(bytes), TX(bursts), TX(full), TX(kicks),
	TX(kicks_saved), TX(rekicks), TX(errors), TX(completed), TX(returned), TX(slow),
};

static const char *const violation_names[VNIC_VIOLATION_MAX] = {
	[VNIC_VIOLATION_USED_IDX] = "used_idx",
	[VNIC_VIOLATION_USED_ID] = "used_id",
	[VNIC_VIOLATION_USED_LEN] = "used_len",
	[VNIC_VIOLATION_NUM_BUFFERS] = "num_buffers",
	[VNIC_VIOLATION_HEADER] = "header",
	[VNIC_VIOLATION_CONFIG] = "config",
	[VNIC_VIOLATION_CTRL] = "ctrl",
	[VNIC_VIOLATION_MESSAGE] = "message",
};

/* In the order of vnic_stats_base.port[]. */
#define PORT(field) { #field, offsetof(struct vnic_dev, field) }
static const struct vnic_stats_field port_fields[] = {
	PORT(config_changes), PORT(announce_requests), PORT(resets_needed),
	PORT(recoveries), PORT(backend_losses), PORT(announce_frames),
	PORT(announce_acks), PORT(rx_ring_empty),
	PORT(tx_stalls), PORT(tx_stalls_given_up),
};

const struct vnic_stats_field *
vnic_stats_rxq_fields(unsigned int *nb)
{
	*nb = RTE_DIM(rxq_fields);
	return rxq_fields;
}

const struct vnic_stats_field *
vnic_stats_txq_fields(unsigned int *nb)
{
	*nb = RTE_DIM(txq_fields);
	return txq_fields;
}

const char *
vnic_stats_violation_name(unsigned int kind)
{
	return kind < VNIC_VIOLATION_MAX ? violation_names[kind] : NULL;
}

static const uint64_t *
counter_at(const void *counters, uint16_t offset)
{
	return RTE_PTR_ADD(counters, offset);
}

int
vnic_stats_alloc(struct vnic_dev *dev)
{
	struct vnic_stats_base *base;
	uint16_t q;

	RTE_BUILD_BUG_ON(RTE_DIM(port_fields) != RTE_DIM(base->port));
	if (dev->stats_base != NULL)
		return 0;
	base = rte_zmalloc("vnic_stats", sizeof(*base) +
			   dev->room_pairs * sizeof(base->pair[0]),
			   RTE_CACHE_LINE_SIZE);
	if (base == NULL) {
		VNIC_LOG(ERR, "%s: no memory for statistics: give EAL more huge pages",
			 dev->name);
		return -ENOMEM;
	}
	base->nb_pairs = dev->room_pairs;
	for (q = 0; q < base->nb_pairs; q++)
		base->pair[q].rx_slot = base->pair[q].tx_slot = q;
	dev->stats_base = base;
	return 0;
}

void
vnic_stats_free(struct vnic_dev *dev)
{
	rte_free(dev->stats_base);
	dev->stats_base = NULL;
}

void
vnic_stats_rxq_begin(struct vnic_dev *dev, uint16_t queue_id)
{
	if (dev->stats_base != NULL)
		memset(&dev->stats_base->pair[queue_id].rx, 0,
		       sizeof(dev->stats_base->pair[0].rx));
}

void
vnic_stats_txq_begin(struct vnic_dev *dev, uint16_t queue_id)
{
	if (dev->stats_base != NULL)
		memset(&dev->stats_base->pair[queue_id].tx, 0,
		       sizeof(dev->stats_base->pair[0].tx));
}

static uint64_t
rxq_value(const struct vnic_dev *dev, uint16_t q, uint16_t offset)
{
	const struct vnic_rxq *rxq = vnic_rxq_of(dev, q);

	if (rxq == NULL || dev->stats_base == NULL)
		return 0;
	return vnic_stats_since(counter_at(&rxq->stats, offset),
		counter_at(&dev->stats_base->pair[q].rx, offset));
}

static uint64_t
txq_value(const struct vnic_dev *dev, uint16_t q, uint16_t offset)
{
	const struct vnic_txq *txq = vnic_txq_of(dev, q);

	if (txq == NULL || dev->stats_base == NULL)
		return 0;
	return vnic_stats_since(counter_at(&txq->stats, offset),
		counter_at(&dev->stats_base->pair[q].tx, offset));
}

#define RXQ_VALUE(dev, q, field) \
	rxq_value(dev, q, offsetof(struct vnic_rxq_stats, field))
#define TXQ_VALUE(dev, q, field) \
	txq_value(dev, q, offsetof(struct vnic_txq_stats, field))

/* Of one queue in rte_eth_stats, where several may share a counter. */
static void
slot_add(uint64_t *counters, uint16_t slot, uint64_t value)
{
	if (slot < RTE_ETHDEV_QUEUE_STAT_CNTRS)
		counters[slot] += value;
}

static void
rxq_count(const struct vnic_dev *dev, uint16_t q, struct rte_eth_stats *stats,
	  struct eth_queue_stats *qstats)
{
	uint64_t packets = RXQ_VALUE(dev, q, packets);
	uint64_t bytes = RXQ_VALUE(dev, q, bytes);
	uint64_t errors = RXQ_VALUE(dev, q, errors);
	uint16_t slot;

	stats->ipackets += packets;
	stats->ibytes += bytes;
	stats->ierrors += errors;
	stats->rx_nombuf += RXQ_VALUE(dev, q, nombuf);
	if (qstats == NULL || dev->stats_base == NULL)
		return;
	slot = dev->stats_base->pair[q].rx_slot;
	slot_add(qstats->q_ipackets, slot, packets);
	slot_add(qstats->q_ibytes, slot, bytes);
	slot_add(qstats->q_errors, slot, errors);
}

static void
txq_count(const struct vnic_dev *dev, uint16_t q, struct rte_eth_stats *stats,
	  struct eth_queue_stats *qstats)
{
	uint64_t packets = TXQ_VALUE(dev, q, packets);
	uint64_t bytes = TXQ_VALUE(dev, q, bytes);
	uint16_t slot;

	stats->opackets += packets;
	stats->obytes += bytes;
	stats->oerrors += TXQ_VALUE(dev, q, errors);
	if (qstats == NULL || dev->stats_base == NULL)
		return;
	slot = dev->stats_base->pair[q].tx_slot;
	slot_add(qstats->q_opackets, slot, packets);
	slot_add(qstats->q_obytes, slot, bytes);
}

int
vnic_stats_get(struct rte_eth_dev *eth_dev, struct rte_eth_stats *stats,
	       struct eth_queue_stats *qstats)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	uint16_t q;

	vnic_device_stats_refresh(dev);
	stats->imissed = vnic_device_stats_rx_drops(dev);
	stats->oerrors = vnic_device_stats_tx_drops(dev);
	stats->rx_nombuf = 0;
	for (q = 0; q < eth_dev->data->nb_rx_queues; q++)
		rxq_count(dev, q, stats, qstats);
	for (q = 0; q < eth_dev->data->nb_tx_queues; q++)
		txq_count(dev, q, stats, qstats);
	return 0;
}

int
vnic_stats_map_queue(struct rte_eth_dev *eth_dev, uint16_t queue_id,
		     uint8_t slot, uint8_t is_rx)
{
	struct vnic_stats_base *base = vnic_dev_of(eth_dev)->stats_base;

	/* ethdev has checked both numbers. */
	if (base == NULL)
		return -EINVAL;
	if (is_rx)
		base->pair[queue_id].rx_slot = slot;
	else
		base->pair[queue_id].tx_slot = slot;
	return 0;
}

int
vnic_stats_reset(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	struct vnic_stats_base *base = dev->stats_base;
	uint16_t q;

	if (base == NULL)
		return 0;
	vnic_device_stats_reset(dev);
	vnic_stats_base_set(base->violations, dev->violations,
			    sizeof(base->violations));
	for (q = 0; q < RTE_DIM(port_fields); q++)
		vnic_stats_base_set(&base->port[q],
				    counter_at(dev, port_fields[q].offset),
				    sizeof(base->port[q]));
	for (q = 0; q < eth_dev->data->nb_rx_queues; q++) {
		const struct vnic_rxq *rxq = vnic_rxq_of(dev, q);

		if (rxq != NULL)
			vnic_stats_base_set(&base->pair[q].rx, &rxq->stats,
					    sizeof(rxq->stats));
	}
	for (q = 0; q < eth_dev->data->nb_tx_queues; q++) {
		const struct vnic_txq *txq = vnic_txq_of(dev, q);

		if (txq != NULL)
			vnic_stats_base_set(&base->pair[q].tx, &txq->stats,
					    sizeof(txq->stats));
	}
	return 0;
}

/* ---- extended statistics ---- */

void
vnic_xstats_add(struct vnic_xstats *x, uint64_t value, const char *format, ...)
{
	unsigned int id = x->nb++;
	va_list args;

	if (id >= x->room)
		return;
	if (x->values != NULL)
		x->values[id] = (struct rte_eth_xstat){
			.id = id, .value = value };
	if (x->names == NULL)
		return;
	va_start(args, format);
	vsnprintf(x->names[id].name, sizeof(x->names[id].name), format, args);
	va_end(args);
}

static void
xstats_of_port(const struct vnic_dev *dev, struct vnic_xstats *x)
{
	const struct vnic_stats_base *base = dev->stats_base;
	static const uint64_t never;
	unsigned int i;

	for (i = 0; i < VNIC_VIOLATION_MAX; i++)
		vnic_xstats_add(x, vnic_stats_since(&dev->violations[i],
				base != NULL ? &base->violations[i] : &never),
			"violation_%s", violation_names[i]);
	for (i = 0; i < RTE_DIM(port_fields); i++)
		vnic_xstats_add(x, vnic_stats_since(
				counter_at(dev, port_fields[i].offset),
				base != NULL ? &base->port[i] : &never),
			"%s", port_fields[i].name);
}

/* The one order of them all, for names and for values. */
static void
xstats_list(const struct rte_eth_dev *eth_dev, struct vnic_xstats *x)
{
	const struct vnic_dev *dev = vnic_dev_of(eth_dev);
	unsigned int i;
	uint16_t q;

	xstats_of_port(dev, x);
	for (q = 0; q < eth_dev->data->nb_rx_queues; q++)
		for (i = 0; i < RTE_DIM(rxq_fields); i++)
			vnic_xstats_add(x, rxq_value(dev, q,
						     rxq_fields[i].offset),
					"rx_q%u_%s", q, rxq_fields[i].name);
	for (q = 0; q < eth_dev->data->nb_tx_queues; q++)
		for (i = 0; i < RTE_DIM(txq_fields); i++)
			vnic_xstats_add(x, txq_value(dev, q,
						     txq_fields[i].offset),
					"tx_q%u_%s", q, txq_fields[i].name);
	vnic_device_stats_list(dev, x);
}

int
vnic_xstats_get(struct rte_eth_dev *eth_dev, struct rte_eth_xstat *xstats,
		unsigned int n)
{
	struct vnic_xstats x = { .values = xstats, .room = n };

	vnic_device_stats_refresh(vnic_dev_of(eth_dev));
	xstats_list(eth_dev, &x);
	return x.nb;
}

int
vnic_xstats_get_names(struct rte_eth_dev *eth_dev,
		      struct rte_eth_xstat_name *names, unsigned int n)
{
	struct vnic_xstats x = { .names = names, .room = n };

	xstats_list(eth_dev, &x);
	return x.nb;
}
