/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_interrupts.h>

#include <bus_pci_driver.h>
#include <ethdev_driver.h>

#include "vnic.h"
#include "vnic_device.h"
#include "vnic_log.h"
#include "vnic_pci.h"
#include "vnic_port.h"

/* EAL wires the one event fd of a function to its MSI-X vector 0. */
#define EVENT_VECTOR 0
#define EVENT_CLOSE_TRIES 1000

/**
 * With INTx the read of ISR takes the interrupt back, and tells queue
 * interrupts, which nobody asked for, from configuration changes. With MSI-X
 * it is not to be read (section 4.1.4.5.2).
 */
static bool
event_is_config(const struct vnic_pci *pci)
{
	return pci->msix ||
		(vnic_pci_read8(&pci->isr, 0) & VIRTIO_PCI_ISR_CONFIG);
}

static void
event_interrupt(void *arg)
{
	struct vnic_dev *dev = arg;
	struct vnic_pci *pci = dev->priv;
	struct rte_intr_handle *intr = pci->intr;

	/* The callee may end in dev_close, so nothing of dev after it. */
	if (event_is_config(pci))
		vnic_event_config_changed(dev);
	rte_intr_ack(intr);
}

/**
 * EAL says that the function is to be removed. The device is looked up by
 * name, as a close from within this callback cannot unregister it.
 */
static void
event_device(const char *name, enum rte_dev_event_type type, void *arg)
{
	struct rte_eth_dev *eth_dev;

	RTE_SET_USED(arg);
	if (type != RTE_DEV_EVENT_REMOVE || name == NULL)
		return;
	eth_dev = rte_eth_dev_allocated(name);
	if (eth_dev == NULL || eth_dev->dev_ops != &vnic_ethdev_ops)
		return;
	VNIC_LOG(NOTICE, "%s: the device is being removed", name);
	vnic_event_removed(vnic_dev_of(eth_dev));
}

/** The interrupt that the kernel driver gives; NULL if we can use none. */
static struct rte_intr_handle *
event_intr(struct vnic_pci *pci, struct rte_pci_device *pci_dev)
{
	struct rte_intr_handle *intr = pci_dev->intr_handle;

	switch (rte_intr_type_get(intr)) {
	case RTE_INTR_HANDLE_VFIO_MSIX:
		/* EAL says so of functions without MSI-X too; enabling fails. */
		pci->msix = pci->nb_vectors > 0;
		return pci->msix ? intr : NULL;
	case RTE_INTR_HANDLE_VFIO_LEGACY:
	case RTE_INTR_HANDLE_UIO_INTX:
		return pci->isr.base != NULL ? intr : NULL;
	default:
		return NULL;
	}
}

void
vnic_pci_events_open(struct vnic_dev *dev, struct rte_pci_device *pci_dev)
{
	struct vnic_pci *pci = dev->priv;
	int ret;

	pci->intr = event_intr(pci, pci_dev);
	if (pci->intr != NULL &&
	    rte_intr_callback_register(pci->intr, event_interrupt, dev) < 0)
		pci->intr = NULL;
	if (pci->intr == NULL)
		VNIC_LOG(NOTICE, "%s: no usable interrupt: link state will be polled",
			 dev->name);
	ret = rte_dev_event_callback_register(dev->name, event_device, NULL);
	if (ret < 0 && ret != -EEXIST)
		VNIC_LOG(WARNING, "%s: its removal will not be announced: %s",
			 dev->name, strerror(-ret));
}

/*
 * Configuration changes and receive queues share it, each with vectors that
 * the other may be without. VFIO refuses to disable what is not enabled.
 */
static int
event_switch(struct vnic_pci *pci, bool on)
{
	if (on == pci->intr_on)
		return 0;
	if ((on ? rte_intr_enable(pci->intr) : rte_intr_disable(pci->intr)) < 0)
		return -EIO;
	pci->intr_on = on;
	return 0;
}

static void
event_unregister(struct rte_intr_handle *intr, struct vnic_dev *dev)
{
	unsigned int i;

	for (i = 0; i < EVENT_CLOSE_TRIES; i++) {
		if (rte_intr_callback_unregister(intr, event_interrupt,
						 dev) != -EAGAIN)
			return;
		/* Closed by its own callback: it ends only after us. */
		if (rte_thread_is_intr())
			break;
		rte_delay_us_sleep(1000);
	}
	rte_intr_callback_unregister_pending(intr, event_interrupt, dev, NULL);
}

/*
 * Whoever is told of the removal looks at the port. One that is still told
 * when this gives up finds it by name, or not at all.
 */
static void
event_device_unregister(const struct vnic_dev *dev)
{
	unsigned int i;

	for (i = 0; i < EVENT_CLOSE_TRIES; i++) {
		if (rte_dev_event_callback_unregister(dev->name, event_device,
						      NULL) != -EAGAIN ||
		    rte_thread_is_intr())
			return;
		rte_delay_us_sleep(1000);
	}
}

void
vnic_pci_events_close(struct vnic_dev *dev)
{
	struct vnic_pci *pci = dev->priv;

	vnic_pci_event_enable(dev, false);
	event_device_unregister(dev);
	if (pci->intr != NULL) {
		event_switch(pci, false);
		event_unregister(pci->intr, dev);
	}
	pci->intr = NULL;
}

static int
event_on(struct vnic_dev *dev)
{
	struct vnic_pci *pci = dev->priv;
	int ret = 0;

	if (pci->intr == NULL)
		return -ENOTSUP;
	if (event_switch(pci, true) < 0) {
		VNIC_LOG(WARNING, "%s: its interrupt cannot be enabled: link state will be polled",
			 dev->name);
		return -ENOTSUP;
	}
	if (pci->msix)
		ret = pci->config_vector(dev, EVENT_VECTOR);
	if (ret == 0)
		pci->events_on = true;
	else if (!pci->rx_vectors)
		event_switch(pci, false);
	/* A line that others share may be masked or read away by them. */
	return ret == 0 && !pci->msix ? 1 : ret;
}

int
vnic_pci_event_enable(struct vnic_dev *dev, bool on)
{
	struct vnic_pci *pci = dev->priv;

	/* A device reset has unmapped the vector, so map it every time. */
	if (on)
		return event_on(dev);
	if (!pci->events_on)
		return 0;
	pci->events_on = false;
	if (pci->msix)
		pci->config_vector(dev, VIRTIO_PCI_NO_VECTOR);
	if (!pci->rx_vectors)
		event_switch(pci, false);
	return 0;
}

uint16_t
vnic_pci_intr_max(const struct vnic_dev *dev)
{
	const struct vnic_pci *pci = dev->priv;

	/* Vector 0 tells of configuration changes. */
	if (pci->intr == NULL || !pci->msix || pci->nb_vectors < 2)
		return 0;
	return RTE_MIN(pci->nb_vectors - 1, RTE_MAX_RXTX_INTR_VEC_ID);
}

/* The vectors are the function's before the device is told of them. */
int
vnic_pci_intr_open(struct vnic_dev *dev, uint16_t nb)
{
	struct vnic_pci *pci = dev->priv;
	int ret;

	pci->rx_vectors = nb > 0;
	/* Enabled anew: only then does VFIO hear of other vectors. */
	event_switch(pci, false);
	if (nb == 0) {
		rte_intr_efd_disable(pci->intr);
		return 0;
	}
	ret = rte_intr_efd_enable(pci->intr, nb);
	if (ret == 0)
		ret = event_switch(pci, true);
	return ret;
}
