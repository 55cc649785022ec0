/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_telemetry.h>

#include "vnic_coalesce.h"
#include "vnic_negotiate.h"
#include "vnic_path.h"
#include "vnic_port.h"
#include "vnic_queue.h"
#include "vnic_stats.h"
#include "vnic_telemetry.h"

/*
 * /vnic/... on DPDK's telemetry socket, in any process. A reply holds at most
 * 16 KiB, 256 dictionary entries and 512 array entries, so queues are paged.
 */

#define QUEUES_PER_PAGE 16

/* One command at a time, and none while a port goes. */
static pthread_mutex_t telemetry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct vnic_dev *telemetry_ports[RTE_MAX_ETHPORTS];

void
vnic_telemetry_add(struct vnic_dev *dev)
{
	pthread_mutex_lock(&telemetry_lock);
	telemetry_ports[dev->port_id] = dev;
	pthread_mutex_unlock(&telemetry_lock);
}

void
vnic_telemetry_remove(uint16_t port_id)
{
	pthread_mutex_lock(&telemetry_lock);
	telemetry_ports[port_id] = NULL;
	pthread_mutex_unlock(&telemetry_lock);
}

/*
 * A secondary is not told when its port goes: ethdev has the last word, in
 * this process and in the memory that it shares with the primary.
 */
static struct vnic_dev *
telemetry_find(unsigned long port)
{
	struct vnic_dev *dev;

	if (port >= RTE_MAX_ETHPORTS || !vnic_ethdev_is_ours(port))
		return NULL;
	dev = telemetry_ports[port];
	return dev == vnic_dev_of(&rte_eth_devices[port]) ? dev : NULL;
}

struct vnic_dev *
vnic_telemetry_begin(unsigned long port)
{
	struct vnic_dev *dev;

	pthread_mutex_lock(&telemetry_lock);
	dev = telemetry_find(port);
	if (dev == NULL)
		pthread_mutex_unlock(&telemetry_lock);
	return dev;
}

void
vnic_telemetry_end(void)
{
	pthread_mutex_unlock(&telemetry_lock);
}

/** What an answer is made from. */
struct question {
	struct vnic_dev *dev;
	unsigned long first;	/**< pair of the page */
	struct rte_tel_data *d;
};

/* "P" or "P,FIRST"; false for a malformed or foreign port. */
static bool
telemetry_parse(const char *params, struct question *q)
{
	unsigned long port;
	char *end;

	if (params == NULL || *params < '0' || *params > '9')
		return false;
	port = strtoul(params, &end, 10);
	q->first = 0;
	if (*end == ',') {
		if (end[1] < '0' || end[1] > '9')
			return false;
		q->first = strtoul(end + 1, &end, 10);
	}
	q->dev = *end == '\0' ? telemetry_find(port) : NULL;
	return q->dev != NULL;
}

/* Why there is no more in the answer than there is. */
static void
answer_error(const struct question *q, const char *why)
{
	rte_tel_data_add_dict_string(q->d, "error", why);
}

/* The pairs of this page, from @p first to before @p last. */
static uint16_t
answer_page(const struct question *q, uint16_t nb, uint16_t *last)
{
	uint16_t first = RTE_MIN(q->first, nb);

	*last = RTE_MIN(first + QUEUES_PER_PAGE, nb);
	rte_tel_data_add_dict_int(q->d, "pairs", nb);
	return first;
}

static void
answer_next(const struct question *q, uint16_t nb, uint16_t next)
{
	if (next < nb)
		rte_tel_data_add_dict_int(q->d, "next", next);
}

static int
telemetry_list(const char *cmd __rte_unused, const char *params __rte_unused,
	       struct rte_tel_data *d)
{
	uint16_t port;

	rte_tel_data_start_array(d, RTE_TEL_INT_VAL);
	pthread_mutex_lock(&telemetry_lock);
	for (port = 0; port < RTE_MAX_ETHPORTS; port++)
		if (telemetry_find(port) != NULL)
			rte_tel_data_add_array_int(d, port);
	pthread_mutex_unlock(&telemetry_lock);
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

static void
answer_info(const struct question *q)
{
	const struct vnic_dev *dev = q->dev;
	const struct vnic_rx_path *rx;
	const struct vnic_tx_path *tx;

	info_device(q->d, dev);
	if (dev->state != VNIC_DEV_PROBED) {
		rx = vnic_rx_path_select(dev);
		tx = vnic_tx_path_select(dev);
		rte_tel_data_add_dict_string(q->d, "rx_path",
					     rx != NULL ? rx->name : "none");
		rte_tel_data_add_dict_string(q->d, "tx_path",
					     tx != NULL ? tx->name : "none");
	}
	info_names(q->d, "offered", &dev->offered);
	info_names(q->d, "accepted", &dev->nego.accepted);
	info_refused(q->d, dev);
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

#define TRY_AGAIN "the port is being changed, or recovers: ask again"
#define ASK_PRIMARY "only the primary process knows: ask its socket"

static void
answer_queues_locked(const struct question *q)
{
	const struct vnic_dev *dev = q->dev;
	uint16_t nb = RTE_MAX(dev->data->nb_rx_queues, dev->data->nb_tx_queues);
	uint16_t last, i = answer_page(q, nb, &last);

	for (; i < last; i++) {
		if (vnic_rxq_of(dev, i) != NULL)
			queue_add_rx(q->d, vnic_rxq_of(dev, i));
		if (vnic_txq_of(dev, i) != NULL)
			queue_add_tx(q->d, vnic_txq_of(dev, i));
	}
	answer_next(q, nb, last);
}

/* Queues are freed under the control lock, which a secondary never takes. */
static void
answer_queues(const struct question *q)
{
	if (vnic_ethdev_is_secondary(q->dev)) {
		answer_error(q, ASK_PRIMARY);
		return;
	}
	if (vnic_dev_lock(q->dev, VNIC_LOCK_EVENT_MS) < 0) {
		answer_error(q, TRY_AGAIN);
		return;
	}
	answer_queues_locked(q);
	vnic_dev_unlock(q->dev);
}

static void
answer_errors(const struct question *q)
{
	const struct vnic_dev *dev = q->dev;
	struct rte_tel_data *d = q->d;
	unsigned int i;

	for (i = 0; i < VNIC_VIOLATION_MAX; i++)
		rte_tel_data_add_dict_uint(d, vnic_stats_violation_name(i),
					   dev->violations[i]);
	rte_tel_data_add_dict_uint(d, "resets_needed", dev->resets_needed);
	rte_tel_data_add_dict_uint(d, "recoveries", dev->recoveries);
	rte_tel_data_add_dict_uint(d, "backend_losses", dev->backend_losses);
}

/* One virtqueue; 0, also where there is no such queue, or an error. */
static int
coalescing_add(const struct question *q, uint16_t vq_index)
{
	struct vnic_coalesce coal;
	struct rte_tel_data *d;
	int ret = vnic_coalesce_get(q->dev, vq_index, &coal);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	d = rte_tel_data_alloc();
	if (d == NULL)
		return -ENOMEM;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_uint(d, "max_usecs", coal.max_usecs);
	rte_tel_data_add_dict_uint(d, "max_packets", coal.max_packets);
	queue_add(q->d, vq_index & 1 ? "tx" : "rx", vq_index / 2, d);
	return 0;
}

static void
coalescing_error(const struct question *q, int err)
{
	char why[96], reason[64];

	if (err == -ENOTSUP) {
		snprintf(why, sizeof(why), "VQ_NOTF_COAL: %s",
			 vnic_negotiate_reason(&q->dev->nego,
					       VIRTIO_NET_F_VQ_NOTF_COAL,
					       reason, sizeof(reason)));
		answer_error(q, why);
		return;
	}
	answer_error(q, err == -EBUSY ? TRY_AGAIN :
		     "the device does not answer as it should");
}

/*
 * Asked of the device, so the primary process only. A page ends early rather
 * than that a slow device holds up the port's end.
 */
static void
answer_coalescing(const struct question *q)
{
	uint64_t end = rte_get_timer_cycles() + rte_get_timer_hz() / 1000 *
		q->dev->args.ctrl_timeout_ms;
	uint16_t nb = q->dev->nb_pairs, last, i;
	int ret = 0;

	if (vnic_ethdev_is_secondary(q->dev)) {
		answer_error(q, ASK_PRIMARY);
		return;
	}
	i = answer_page(q, nb, &last);
	for (; i < last && rte_get_timer_cycles() < end; i++) {
		ret = coalescing_add(q, vnic_vq_rx(i));
		if (ret == 0)
			ret = coalescing_add(q, vnic_vq_tx(i));
		if (ret < 0)
			break;
	}
	if (ret < 0)
		coalescing_error(q, ret);
	else
		answer_next(q, nb, i);
}

/* A help text of 128 bytes or more keeps a command from being registered. */
static const struct {
	const char *name;
	void (*answer)(const struct question *q);
	const char help[128];
} commands[] = {
	{ "/vnic/coalescing", answer_coalescing,
	  "Notification coalescing as the device has it, 16 pairs a reply. Parameters: int port_id[, int first_pair]" },
	{ "/vnic/info", answer_info,
	  "Features, state and paths of a port. Parameters: int port_id" },
	{ "/vnic/queues", answer_queues,
	  "Counters of queues, 16 pairs a reply. Parameters: int port_id[, int first_pair]" },
	{ "/vnic/errors", answer_errors,
	  "What the device did against the specification. Parameters: int port_id" },
};

static int
telemetry_answer(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct question q = { .d = d };
	unsigned int i;
	int ret = -EINVAL;

	pthread_mutex_lock(&telemetry_lock);
	for (i = 0; i < RTE_DIM(commands); i++) {
		if (strcmp(cmd, commands[i].name) != 0 ||
		    !telemetry_parse(params, &q))
			continue;
		rte_tel_data_start_dict(d);
		commands[i].answer(&q);
		ret = 0;
	}
	pthread_mutex_unlock(&telemetry_lock);
	return ret;
}

RTE_INIT(vnic_telemetry_init)
{
	unsigned int i;

	rte_telemetry_register_cmd("/vnic/list", telemetry_list,
		"Ports of vnic. Takes no parameters");
	for (i = 0; i < RTE_DIM(commands); i++)
		rte_telemetry_register_cmd(commands[i].name, telemetry_answer,
					   commands[i].help);
}
