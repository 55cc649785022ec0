/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <inttypes.h>

#include <rte_dev_info.h>

#include "vnic_dump.h"
#include "vnic_log.h"
#include "vnic_path.h"
#include "vnic_port.h"
#include "vnic_queue.h"

static int
dump_regs(struct vnic_dev *dev, struct rte_dev_reg_info *info)
{
	const struct vnic_transport_ops *ops = vnic_transport_ops(dev);
	uint32_t nb;

	if (ops->regs_get == NULL)
		return -ENOTSUP;
	if (dev->state == VNIC_DEV_GONE)
		return -ENODEV;
	nb = ops->regs_get(dev, NULL, 0);
	if (info->data == NULL) {
		info->length = nb;
		info->width = sizeof(uint32_t);
		return 0;
	}
	if (info->length != 0 && info->length < nb) {
		VNIC_LOG(ERR, "%s: room for %u registers, there are %u", dev->name,
			 info->length, nb);
		return -EINVAL;
	}
	info->length = ops->regs_get(dev, info->data, nb);
	info->width = sizeof(uint32_t);
	info->version = 0;
	return 0;
}

int
vnic_dump_regs(struct rte_eth_dev *eth_dev, struct rte_dev_reg_info *info)
{
	struct vnic_dev *dev = vnic_dev_of(eth_dev);
	int ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);

	if (ret < 0)
		return ret;
	ret = dump_regs(dev, info);
	vnic_dev_unlock(dev);
	return ret;
}

static const char *
dump_state(const struct vnic_dev *dev)
{
	static const char *const text[] = {
		[VNIC_DEV_PROBED] = "probed",
		[VNIC_DEV_CONFIGURED] = "configured",
		[VNIC_DEV_STARTED] = "started",
		[VNIC_DEV_NEEDS_RESET] = "needs reset",
		[VNIC_DEV_GONE] = "gone",
	};

	return dev->state < RTE_DIM(text) ? text[dev->state] : "?";
}

static void
dump_ring(FILE *file, const char *way, uint16_t queue_id,
	  const struct vring *vr, bool enabled, bool stopped)
{
	struct vring_view now = vring_peek(vr);

	fprintf(file, "  %s queue %u: %s%s, size %u, avail %u, used %u, fault %u\n",
		way, queue_id, enabled ? "enabled" : "not enabled",
		stopped ? ", stopped" : "", vring_size(vr), now.avail_idx,
		now.used_idx, now.fault);
}

int
vnic_dump_priv(struct rte_eth_dev *eth_dev, FILE *file)
{
	const struct vnic_dev *dev = vnic_dev_of(eth_dev);
	const struct vnic_rx_path *rx = vnic_rx_path_select(dev);
	const struct vnic_tx_path *tx = vnic_tx_path_select(dev);
	uint16_t i;

	fprintf(file, "  device %s by %s: %s%s%s, status 0x%02x\n", dev->name,
		vnic_transport_ops(dev)->name, dump_state(dev),
		dev->parked ? ", parked" : "",
		dev->quarantined ? ", quarantined" : "", dev->status);
	fprintf(file, "  features offered 0x%016" PRIx64 "%016" PRIx64 ", accepted 0x%016" PRIx64 "%016" PRIx64 "\n",
		dev->offered.w[1], dev->offered.w[0], dev->accepted.w[1],
		dev->accepted.w[0]);
	fprintf(file, "  pairs %u of %u, net header %u bytes, MTU %u of %u, bursts %s and %s\n",
		dev->nb_pairs, dev->max_pairs, dev->hdr_len, dev->mtu,
		dev->max_mtu, rx != NULL ? rx->name : "none",
		tx != NULL ? tx->name : "none");
	fprintf(file, "  resets needed %" PRIu64 ", helped %" PRIu64 ", transmit stalls %" PRIu64 ", back ends lost %" PRIu64 "\n",
		dev->resets_needed, dev->recoveries, dev->tx_stalls,
		dev->backend_losses);
	for (i = 0; i < dev->nb_pairs; i++) {
		const struct vnic_rxq *rxq = vnic_rxq_of(dev, i);
		const struct vnic_txq *txq = vnic_txq_of(dev, i);

		if (rxq != NULL)
			dump_ring(file, "receive", i, &rxq->vr, rxq->enabled,
				  rxq->stopped);
		if (txq != NULL)
			dump_ring(file, "transmit", i, &txq->vr, txq->enabled,
				  txq->stopped);
	}
	return 0;
}
