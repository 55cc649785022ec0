/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_telemetry.h>

#include "vnic_coalesce.h"
#include "vnic_negotiate.h"
#include "vnic_path.h"
#include "vnic_port.h"
#include "vnic_queue.h"
#include "vnic_stats.h"

/*
 * /vnic/... on DPDK's telemetry socket, in any process. A reply holds at most
 * 16 KiB, 256 dictionary entries and 512 array entries, so queues are paged.
 */

#define QUEUES_PER_PAGE 16

/* "P" or "P,FIRST"; NULL after a malformed or foreign port. */
static const struct vnic_dev *
telemetry_port(const char *params, unsigned long *first)
{
	unsigned long port;
	char *end;

	if (params == NULL || *params < '0' || *params > '9')
		return NULL;
	port = strtoul(params, &end, 10);
	*first = 0;
	if (*end == ',') {
		if (end[1] < '0' || end[1] > '9')
			return NULL;
		*first = strtoul(end + 1, &end, 10);
	}
	if (*end != '\0' || port >= RTE_MAX_ETHPORTS ||
	    !vnic_ethdev_is_ours(port))
		return NULL;
	return vnic_dev_of(&rte_eth_devices[port]);
}

static int
telemetry_list(const char *cmd __rte_unused, const char *params __rte_unused,
	       struct rte_tel_data *d)
{
	uint16_t port;

	rte_tel_data_start_array(d, RTE_TEL_INT_VAL);
	RTE_ETH_FOREACH_DEV(port)
		if (vnic_ethdev_is_ours(port))
			rte_tel_data_add_array_int(d, port);
	return 0;
}

static const char *const state_text[] = {
	[VNIC_DEV_PROBED] = "probed",
	[VNIC_DEV_CONFIGURED] = "configured",
	[VNIC_DEV_STARTED] = "started",
	[VNIC_DEV_NEEDS_RESET] = "needs-reset",
	[VNIC_DEV_GONE] = "gone",
};

/* Names of a set of features, under @p key. */
static void
info_names(struct rte_tel_data *d, const char *key,
	   const struct virtio_features *set)
{
	struct rte_tel_data *names = rte_tel_data_alloc();
	unsigned int bit;
	char name[32];

	if (names == NULL)
		return;
	rte_tel_data_start_array(names, RTE_TEL_STRING_VAL);
	for (bit = 0; bit < VIRTIO_FEATURES_BITS; bit++)
		if (virtio_features_has(set, bit))
			rte_tel_data_add_array_string(names,
				vnic_negotiate_name(bit, name, sizeof(name)));
	if (rte_tel_data_add_dict_container(d, key, names, 0) < 0)
		rte_tel_data_free(names);
}

/* Bits that the device offers or the driver wants, and that are not used. */
static void
info_refused(struct rte_tel_data *d, const struct vnic_dev *dev)
{
	struct rte_tel_data *refused = rte_tel_data_alloc();
	char name[32], reason[64];
	unsigned int bit;

	if (refused == NULL)
		return;
	rte_tel_data_start_dict(refused);
	for (bit = 0; bit < VIRTIO_FEATURES_BITS; bit++) {
		bool seen = virtio_features_has(&dev->offered, bit) ||
			virtio_features_has(&dev->nego.wanted, bit);

		if (!seen || dev->nego.verdict[bit] == VNIC_VERDICT_ACCEPTED)
			continue;
		vnic_negotiate_name(bit, name, sizeof(name));
		/* Telemetry allows no blank in a key. */
		if (virtio_features_name(bit) == NULL)
			snprintf(name, sizeof(name), "bit_%u", bit);
		rte_tel_data_add_dict_string(refused, name,
			vnic_negotiate_reason(&dev->nego, bit, reason,
					      sizeof(reason)));
	}
	if (rte_tel_data_add_dict_container(d, "refused", refused, 0) < 0)
		rte_tel_data_free(refused);
}

static void
info_device(struct rte_tel_data *d, const struct vnic_dev *dev)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);
	char mac[RTE_ETHER_ADDR_FMT_SIZE];

	rte_ether_format_addr(mac, sizeof(mac), &dev->mac);
	rte_tel_data_add_dict_string(d, "name", dev->name);
	rte_tel_data_add_dict_string(d, "transport",
				     ops != NULL ? ops->name : "?");
	rte_tel_data_add_dict_string(d, "state", state_text[dev->state]);
	rte_tel_data_add_dict_int(d, "parked", dev->parked);
	rte_tel_data_add_dict_int(d, "quarantined", dev->quarantined);
	rte_tel_data_add_dict_string(d, "mac", mac);
	rte_tel_data_add_dict_int(d, "mtu", dev->mtu);
	rte_tel_data_add_dict_int(d, "max_mtu", dev->max_mtu);
	rte_tel_data_add_dict_int(d, "pairs", dev->nb_pairs);
	rte_tel_data_add_dict_int(d, "max_pairs", dev->usable_pairs);
	rte_tel_data_add_dict_int(d, "header_bytes", dev->hdr_len);
	rte_tel_data_add_dict_string(d, "link", dev->link_up ? "up" : "down");
	rte_tel_data_add_dict_string(d, "trust",
		"L1 and L2: device-written values and shared memory");
}

static int
telemetry_info(const char *cmd __rte_unused, const char *params,
	       struct rte_tel_data *d)
{
	unsigned long first;
	const struct vnic_dev *dev = telemetry_port(params, &first);
	const struct vnic_rx_path *rx;
	const struct vnic_tx_path *tx;

	if (dev == NULL)
		return -EINVAL;
	rte_tel_data_start_dict(d);
	info_device(d, dev);
	if (dev->state != VNIC_DEV_PROBED) {
		rx = vnic_rx_path_select(dev);
		tx = vnic_tx_path_select(dev);
		rte_tel_data_add_dict_string(d, "rx_path",
					     rx != NULL ? rx->name : "none");
		rte_tel_data_add_dict_string(d, "tx_path",
					     tx != NULL ? tx->name : "none");
	}
	info_names(d, "offered", &dev->offered);
	info_names(d, "accepted", &dev->nego.accepted);
	info_refused(d, dev);
	return 0;
}

static void
queue_fields(struct rte_tel_data *d, const void *counters,
	     const struct vnic_stats_field *fields, unsigned int nb)
{
	unsigned int i;

	for (i = 0; i < nb; i++)
		rte_tel_data_add_dict_uint(d, fields[i].name,
			*(const uint64_t *)RTE_PTR_ADD(counters,
						       fields[i].offset));
}

static void
queue_ring(struct rte_tel_data *d, const struct vring *vr, uint16_t size,
	   bool enabled)
{
	rte_tel_data_add_dict_int(d, "enabled", enabled);
	rte_tel_data_add_dict_int(d, "size", size);
	/* Both indexes move meanwhile: a snapshot. */
	rte_tel_data_add_dict_int(d, "outstanding", vring_outstanding(vr));
	rte_tel_data_add_dict_int(d, "fault", vr->fault);
}

/* One queue's dictionary into the reply, which then owns it. */
static void
queue_add(struct rte_tel_data *d, const char *way, uint16_t queue_id,
	  struct rte_tel_data *q)
{
	char key[16];

	snprintf(key, sizeof(key), "%s_q%u", way, queue_id);
	if (rte_tel_data_add_dict_container(d, key, q, 0) < 0)
		rte_tel_data_free(q);
}

static void
queue_add_rx(struct rte_tel_data *d, const struct vnic_rxq *rxq)
{
	struct rte_tel_data *q = rte_tel_data_alloc();
	const struct vnic_stats_field *fields;
	unsigned int nb;

	if (q == NULL)
		return;
	fields = vnic_stats_rxq_fields(&nb);
	rte_tel_data_start_dict(q);
	queue_ring(q, &rxq->vr, rxq->depth, rxq->enabled);
	queue_fields(q, &rxq->stats, fields, nb);
	queue_add(d, "rx", rxq->queue_id, q);
}

static void
queue_add_tx(struct rte_tel_data *d, const struct vnic_txq *txq)
{
	struct rte_tel_data *q = rte_tel_data_alloc();
	const struct vnic_stats_field *fields;
	unsigned int nb;

	if (q == NULL)
		return;
	fields = vnic_stats_txq_fields(&nb);
	rte_tel_data_start_dict(q);
	queue_ring(q, &txq->vr, txq->nb_desc, txq->enabled);
	queue_fields(q, &txq->stats, fields, nb);
	queue_add(d, "tx", txq->queue_id, q);
}

static int
telemetry_queues(const char *cmd __rte_unused, const char *params,
		 struct rte_tel_data *d)
{
	unsigned long first;
	const struct vnic_dev *dev = telemetry_port(params, &first);
	uint16_t nb, last, i;

	if (dev == NULL)
		return -EINVAL;
	nb = RTE_MIN(dev->data->nb_rx_queues, dev->data->nb_tx_queues);
	first = RTE_MIN(first, nb);
	last = RTE_MIN(first + QUEUES_PER_PAGE, nb);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_int(d, "pairs", nb);
	if (last < nb)
		rte_tel_data_add_dict_int(d, "next", last);
	for (i = first; i < last; i++) {
		if (dev->data->rx_queues[i] != NULL)
			queue_add_rx(d, dev->data->rx_queues[i]);
		if (dev->data->tx_queues[i] != NULL)
			queue_add_tx(d, dev->data->tx_queues[i]);
	}
	return 0;
}

static int
telemetry_errors(const char *cmd __rte_unused, const char *params,
		 struct rte_tel_data *d)
{
	unsigned long first;
	const struct vnic_dev *dev = telemetry_port(params, &first);
	unsigned int i;

	if (dev == NULL)
		return -EINVAL;
	rte_tel_data_start_dict(d);
	for (i = 0; i < VNIC_VIOLATION_MAX; i++)
		rte_tel_data_add_dict_uint(d, vnic_stats_violation_name(i),
					   dev->violations[i]);
	rte_tel_data_add_dict_uint(d, "resets_needed", dev->resets_needed);
	rte_tel_data_add_dict_uint(d, "recoveries", dev->recoveries);
	rte_tel_data_add_dict_uint(d, "backend_losses", dev->backend_losses);
	return 0;
}

static void
coalescing_add(struct rte_tel_data *d, const char *way, uint16_t queue_id,
	       const struct vnic_coalesce *coal)
{
	struct rte_tel_data *q = rte_tel_data_alloc();

	if (q == NULL)
		return;
	rte_tel_data_start_dict(q);
	rte_tel_data_add_dict_uint(q, "max_usecs", coal->max_usecs);
	rte_tel_data_add_dict_uint(q, "max_packets", coal->max_packets);
	queue_add(d, way, queue_id, q);
}

/* Asked of the device, so the primary process only. */
static int
telemetry_coalescing(const char *cmd __rte_unused, const char *params,
		     struct rte_tel_data *d)
{
	unsigned long first;
	const struct vnic_dev *ask = telemetry_port(params, &first);
	struct vnic_coalesce coal;
	struct vnic_dev *dev;
	uint16_t i, last;

	if (ask == NULL || rte_eal_process_type() != RTE_PROC_PRIMARY)
		return -EINVAL;
	dev = vnic_dev_of(&rte_eth_devices[ask->port_id]);
	first = RTE_MIN(first, dev->nb_pairs);
	last = RTE_MIN(first + QUEUES_PER_PAGE, dev->nb_pairs);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_int(d, "pairs", dev->nb_pairs);
	for (i = first; i < last; i++) {
		if (vnic_coalesce_get(dev, vnic_vq_rx(i), &coal) < 0)
			break;
		coalescing_add(d, "rx", i, &coal);
		if (vnic_coalesce_get(dev, vnic_vq_tx(i), &coal) == 0)
			coalescing_add(d, "tx", i, &coal);
	}
	return 0;
}

RTE_INIT(vnic_telemetry_init)
{
	rte_telemetry_register_cmd("/vnic/coalescing", telemetry_coalescing,
		"Notification coalescing of queues as the device has it (VQ_NOTF_COAL), 16 pairs a reply. Parameters: int port_id[, int first_pair]");
	rte_telemetry_register_cmd("/vnic/list", telemetry_list,
		"Ports of vnic. Takes no parameters");
	rte_telemetry_register_cmd("/vnic/info", telemetry_info,
		"Features, state and paths of a port. Parameters: int port_id");
	rte_telemetry_register_cmd("/vnic/queues", telemetry_queues,
		"Counters of queues, 16 pairs a reply. Parameters: int port_id[, int first_pair]");
	rte_telemetry_register_cmd("/vnic/errors", telemetry_errors,
		"What the device did against the specification. Parameters: int port_id");
}
