/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bus_pci_driver.h>
#include <rte_config.h>
#include <rte_ethdev.h>
#include <rte_io.h>

#include "vnic_notify.h"
#include "vnic_queue.h"

/* Of this process: doorbell addresses and descriptors differ by process. */
static struct {
	struct vnic_notify *slots;
	uint16_t nb;
} notify_tables[RTE_MAX_ETHPORTS];

int
vnic_notify_table(uint16_t port_id, uint16_t nb_vqs)
{
	struct vnic_notify *slots = NULL;

	if (port_id >= RTE_MAX_ETHPORTS)
		return -EINVAL;
	if (nb_vqs > 0) {
		slots = calloc(nb_vqs, sizeof(*slots));
		if (slots == NULL)
			return -ENOMEM;
	}
	free(notify_tables[port_id].slots);
	notify_tables[port_id].slots = slots;
	notify_tables[port_id].nb = nb_vqs;
	return 0;
}

struct vnic_notify *
vnic_notify_slot(uint16_t port_id, uint16_t vq_index)
{
	if (port_id >= RTE_MAX_ETHPORTS ||
	    vq_index >= notify_tables[port_id].nb)
		return NULL;
	return &notify_tables[port_id].slots[vq_index];
}

void
vnic_notify_set(struct vnic_notify *slot, const struct vnic_notify *notify)
{
	if (slot == NULL || memcmp(slot, notify, sizeof(*slot)) == 0)
		return;
	__atomic_store_n(&slot->kind, VNIC_NOTIFY_NONE, __ATOMIC_RELAXED);
	/* Partner: the acquire in vnic_notify; with the fence a burst that
	 * reads a new word does not read the old kind after it. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	slot->value = notify->value;
	slot->pio = notify->pio;
	slot->pio_off = notify->pio_off;
	__atomic_store_n(&slot->kind, notify->kind, __ATOMIC_RELEASE);
}

/* With NOTIFICATION_DATA: where the next buffer will go (section 2.9). */
static uint32_t
notify_data(const struct vnic_notify *n, const struct vring *vr, bool packed)
{
	uint16_t idx = vring_peek(vr).avail_idx;
	uint32_t next = idx;

	if (packed)
		next = (idx & vr->mask) | (uint32_t)vring_wrap(vr, idx) << 15;
	return n->value | next << 16;
}

/* May be a system call (VFIO): the ring is to be visible before it. */
static void
notify_pio(const struct vnic_notify *n)
{
	rte_le16_t value = rte_cpu_to_le_16(n->value);

	rte_io_wmb();
	rte_pci_ioport_write(n->pio, &value, sizeof(value), n->pio_off);
}

void
vnic_notify(uint16_t port_id, uint16_t vq_index, const struct vring *vr,
	    bool packed)
{
	const struct vnic_notify *n = vnic_notify_slot(port_id, vq_index);
	const uint64_t one = 1;

	if (n == NULL)
		return;
	/* Partner: the release in vnic_notify_set. */
	switch (__atomic_load_n(&n->kind, __ATOMIC_ACQUIRE)) {
	case VNIC_NOTIFY_MMIO16:
		/* rte_write orders the ring before the doorbell. */
		rte_write16(rte_cpu_to_le_16(n->value), n->addr);
		break;
	case VNIC_NOTIFY_MMIO32:
		rte_write32(rte_cpu_to_le_32(notify_data(n, vr, packed)),
			    n->addr);
		break;
	case VNIC_NOTIFY_EVENTFD:
		/* Full means that the device has not read the last one yet,
		 * so nothing is lost when it fails. */
		if (write(n->fd, &one, sizeof(one)) < 0)
			return;
		break;
	case VNIC_NOTIFY_PIO16:
		notify_pio(n);
		break;
	case VNIC_NOTIFY_NONE:
		break;
	}
}
