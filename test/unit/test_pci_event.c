/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_dev.h>
#include <rte_interrupts.h>
#include <rte_log.h>

#include <bus_pci_driver.h>
#include <ethdev_driver.h>

#include "fake_pci.h"
#include "vnic_device.h"
#include "vnic_log.h"
#include "vnic_port.h"

/*
 * Configuration-change interrupts and removal. EAL's interrupts are replaced
 * by the functions below, which count.
 */

int vnic_logtype;
const struct eth_dev_ops vnic_ethdev_ops;

static struct eal {
	enum rte_intr_handle_type type;
	bool enable_fails;
	int enabled;
	uint32_t efds;
	rte_intr_callback_fn interrupt;
	void *interrupt_arg;
	int interrupt_busy;	/* unregister says -EAGAIN so often */
	bool interrupt_pending_removal;
	bool is_intr_thread;
	unsigned int acks;
	rte_dev_event_cb_fn device;
	int device_busy;	/* unregister says -EAGAIN so often */
	struct rte_eth_dev *port;
	unsigned int config_changed;
	unsigned int removed;
} eal;

enum rte_intr_handle_type
rte_intr_type_get(const struct rte_intr_handle *intr)
{
	(void)intr;
	return eal.type;
}

int
rte_intr_callback_register(const struct rte_intr_handle *intr,
			   rte_intr_callback_fn cb, void *arg)
{
	(void)intr;
	eal.interrupt = cb;
	eal.interrupt_arg = arg;
	return 0;
}

int
rte_intr_callback_unregister(const struct rte_intr_handle *intr,
			     rte_intr_callback_fn cb, void *arg)
{
	(void)intr;
	assert_ptr_equal(cb, eal.interrupt);
	assert_ptr_equal(arg, eal.interrupt_arg);
	if (eal.interrupt_busy > 0) {
		eal.interrupt_busy--;
		return -EAGAIN;
	}
	eal.interrupt = NULL;
	return 1;
}

int
rte_intr_callback_unregister_pending(const struct rte_intr_handle *intr,
				     rte_intr_callback_fn cb, void *arg,
				     rte_intr_unregister_callback_fn done)
{
	(void)intr;
	(void)cb;
	(void)arg;
	(void)done;
	eal.interrupt_pending_removal = true;
	return 1;
}

int
rte_thread_is_intr(void)
{
	return eal.is_intr_thread;
}

int
rte_intr_enable(const struct rte_intr_handle *intr)
{
	(void)intr;
	if (eal.enable_fails)
		return -1;
	eal.enabled = 1;
	return 0;
}

int
rte_intr_disable(const struct rte_intr_handle *intr)
{
	(void)intr;
	/* As VFIO, which says so in a log of EAL's. */
	assert_int_equal(eal.enabled, 1);
	eal.enabled = 0;
	return 0;
}

int
rte_intr_efd_enable(struct rte_intr_handle *intr, uint32_t nb_efd)
{
	(void)intr;
	eal.efds = nb_efd;
	return 0;
}

void
rte_intr_efd_disable(struct rte_intr_handle *intr)
{
	(void)intr;
	eal.efds = 0;
}

int
rte_intr_ack(const struct rte_intr_handle *intr)
{
	(void)intr;
	eal.acks++;
	return 0;
}

int
rte_dev_event_callback_register(const char *name, rte_dev_event_cb_fn cb,
				void *arg)
{
	(void)arg;
	assert_string_equal(name, "fake");
	eal.device = cb;
	return 0;
}

int
rte_dev_event_callback_unregister(const char *name, rte_dev_event_cb_fn cb,
				  void *arg)
{
	(void)name;
	(void)cb;
	(void)arg;
	if (eal.device_busy > 0) {
		eal.device_busy--;
		return -EAGAIN;
	}
	eal.device = NULL;
	return 1;
}

struct rte_eth_dev *
rte_eth_dev_allocated(const char *name)
{
	(void)name;
	return eal.port;
}

void
vnic_event_config_changed(struct vnic_dev *dev)
{
	assert_string_equal(dev->name, "fake");
	eal.config_changed++;
}

void
vnic_event_removed(struct vnic_dev *dev)
{
	assert_string_equal(dev->name, "fake");
	eal.removed++;
}

struct world {
	struct fake_pci *fake;
	struct vnic_dev *dev;
	struct vnic_pci *pci;
	struct rte_pci_device pci_dev;
};

static void
open_as(struct world *w, enum rte_intr_handle_type type)
{
	eal.type = type;
	w->pci->msix = false;
	/* Never followed, as all that takes it is replaced. */
	w->pci_dev.intr_handle = (struct rte_intr_handle *)(uintptr_t)1;
	vnic_pci_events_open(w->dev, &w->pci_dev);
}

static void
test_msix(void **state)
{
	struct world *w = *state;

	open_as(w, RTE_INTR_HANDLE_VFIO_MSIX);
	assert_int_equal(eal.enabled, 0);
	assert_int_equal(vnic_pci_event_enable(w->dev, true), 0);
	assert_int_equal(eal.enabled, 1);
	assert_int_equal(w->fake->config_vector, 0);
	/* ISR is not for MSI-X; its content must not matter. */
	w->fake->isr = 0;
	eal.interrupt(eal.interrupt_arg);
	assert_int_equal(eal.config_changed, 1);
	assert_int_equal(eal.acks, 1);
	assert_int_equal(vnic_pci_event_enable(w->dev, false), 0);
	assert_int_equal(eal.enabled, 0);
	assert_int_equal(w->fake->config_vector, VIRTIO_PCI_NO_VECTOR);
	vnic_pci_events_close(w->dev);
	assert_null(eal.interrupt);
	assert_null(eal.device);
}

/* A reset unmaps the vector: the next start maps it again. */
static void
test_msix_restart(void **state)
{
	struct world *w = *state;

	open_as(w, RTE_INTR_HANDLE_VFIO_MSIX);
	assert_int_equal(vnic_pci_event_enable(w->dev, true), 0);
	assert_int_equal(vnic_pci_reset(w->dev), 0);
	assert_int_equal(w->fake->config_vector, VIRTIO_PCI_NO_VECTOR);
	assert_int_equal(vnic_pci_event_enable(w->dev, true), 0);
	assert_int_equal(w->fake->config_vector, 0);
	vnic_pci_events_close(w->dev);
	assert_int_equal(eal.enabled, 0);
}

/* Vectors of receive queues: none unless asked, and no more than there are. */
static void
test_rx_vectors(void **state)
{
	struct world *w = *state;

	open_as(w, RTE_INTR_HANDLE_VFIO_MSIX);
	/* Of three, one is for configuration changes. */
	assert_int_equal(vnic_pci_intr_max(w->dev), 2);
	assert_int_equal(vnic_pci_intr_open(w->dev, 2), 0);
	assert_int_equal(eal.efds, 2);
	assert_int_equal(eal.enabled, 1);
	assert_int_equal(vnic_pci_event_enable(w->dev, true), 0);
	assert_int_equal(eal.efds, 2);
	/* Without a vector for changes the queues keep theirs. */
	w->fake->vector_wrong = true;
	assert_int_equal(vnic_pci_event_enable(w->dev, true), -ENOTSUP);
	assert_int_equal(eal.enabled, 1);
	w->fake->vector_wrong = false;
	assert_int_equal(vnic_pci_intr_open(w->dev, 0), 0);
	assert_int_equal(eal.efds, 0);
	assert_int_equal(eal.enabled, 0);
	eal.enable_fails = true;
	assert_true(vnic_pci_intr_open(w->dev, 1) < 0);
	vnic_pci_events_close(w->dev);
	/* Neither INTx nor a function with one vector can. */
	eal.enable_fails = false;
	open_as(w, RTE_INTR_HANDLE_VFIO_LEGACY);
	assert_int_equal(vnic_pci_intr_max(w->dev), 0);
	vnic_pci_events_close(w->dev);
	open_as(w, RTE_INTR_HANDLE_VFIO_MSIX);
	w->pci->nb_vectors = 1;
	assert_int_equal(vnic_pci_intr_max(w->dev), 0);
	vnic_pci_events_close(w->dev);
}

static void
test_vector_refused(void **state)
{
	struct world *w = *state;

	open_as(w, RTE_INTR_HANDLE_VFIO_MSIX);
	w->fake->vector_wrong = true;
	assert_int_equal(vnic_pci_event_enable(w->dev, true), -ENOTSUP);
	assert_int_equal(eal.enabled, 0);
	w->fake->vector_wrong = false;
	eal.enable_fails = true;
	assert_int_equal(vnic_pci_event_enable(w->dev, true), -ENOTSUP);
	assert_int_equal(w->fake->config_vector, VIRTIO_PCI_NO_VECTOR);
	vnic_pci_events_close(w->dev);
}

static void
test_intx(void **state)
{
	struct world *w = *state;

	open_as(w, RTE_INTR_HANDLE_VFIO_LEGACY);
	/* The port is polled too. */
	assert_int_equal(vnic_pci_event_enable(w->dev, true), 1);
	assert_int_equal(fake_pci_write_at(w->fake,
			FAKE_OFF(config_msix_vector), 0), -1);
	w->fake->isr = VIRTIO_PCI_ISR_QUEUE;
	eal.interrupt(eal.interrupt_arg);
	assert_int_equal(eal.config_changed, 0);
	assert_int_equal(w->fake->isr, 0);
	w->fake->isr = VIRTIO_PCI_ISR_QUEUE | VIRTIO_PCI_ISR_CONFIG;
	eal.interrupt(eal.interrupt_arg);
	assert_int_equal(eal.config_changed, 1);
	assert_int_equal(eal.acks, 2);
	vnic_pci_events_close(w->dev);
}

static void
test_no_interrupt(void **state)
{
	struct world *w = *state;

	open_as(w, RTE_INTR_HANDLE_UNKNOWN);
	assert_null(eal.interrupt);
	assert_int_equal(vnic_pci_event_enable(w->dev, true), -ENOTSUP);
	assert_int_equal(vnic_pci_event_enable(w->dev, false), 0);
	vnic_pci_events_close(w->dev);
	/* VFIO answers for MSI-X of a function that has none. */
	w->pci->nb_vectors = 0;
	open_as(w, RTE_INTR_HANDLE_VFIO_MSIX);
	assert_null(eal.interrupt);
	assert_int_equal(vnic_pci_event_enable(w->dev, true), -ENOTSUP);
	assert_int_equal(eal.enabled, 0);
	vnic_pci_events_close(w->dev);
	/* INTx cannot be served without an ISR structure. */
	w->pci->isr.base = NULL;
	open_as(w, RTE_INTR_HANDLE_VFIO_LEGACY);
	assert_null(eal.interrupt);
	vnic_pci_events_close(w->dev);
}

static void
test_removal(void **state)
{
	struct world *w = *state;
	struct rte_eth_dev_data data = { .dev_private = w->dev };
	struct rte_eth_dev port = { .data = &data };

	open_as(w, RTE_INTR_HANDLE_VFIO_MSIX);
	/* No such port, a port of somebody else, then ours. */
	eal.device("fake", RTE_DEV_EVENT_REMOVE, NULL);
	eal.port = &port;
	eal.device("fake", RTE_DEV_EVENT_REMOVE, NULL);
	assert_int_equal(eal.removed, 0);
	port.dev_ops = &vnic_ethdev_ops;
	eal.device("fake", RTE_DEV_EVENT_ADD, NULL);
	assert_int_equal(eal.removed, 0);
	eal.device("fake", RTE_DEV_EVENT_REMOVE, NULL);
	assert_int_equal(eal.removed, 1);
	vnic_pci_events_close(w->dev);
}

/* Closing waits for a callback of another thread, never for its own. */
static void
test_close_busy(void **state)
{
	struct world *w = *state;

	open_as(w, RTE_INTR_HANDLE_VFIO_MSIX);
	eal.interrupt_busy = 3;
	eal.device_busy = 3;
	vnic_pci_events_close(w->dev);
	assert_null(eal.interrupt);
	assert_null(eal.device);
	assert_false(eal.interrupt_pending_removal);
	open_as(w, RTE_INTR_HANDLE_VFIO_MSIX);
	eal.interrupt_busy = 1;
	eal.device_busy = 2;
	eal.is_intr_thread = true;
	vnic_pci_events_close(w->dev);
	assert_true(eal.interrupt_pending_removal);
	assert_int_equal(eal.device_busy, 1);
}

static int
setup(void **state)
{
	static struct world world;

	memset(&eal, 0, sizeof(eal));
	world.fake = fake_pci_create();
	world.dev = fake_pci_dev(world.fake);
	world.pci = world.dev->priv;
	world.pci->config_vector = vnic_pci_config_vector;
	*state = &world;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;
	unsigned int violations = w->fake->violations;

	if (violations != 0)
		print_error("%s\n", w->fake->violation);
	fake_pci_dev_free(w->dev);
	fake_pci_free(w->fake);
	return violations != 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_msix),
		CASE(test_msix_restart),
		CASE(test_rx_vectors),
		CASE(test_vector_refused),
		CASE(test_intx),
		CASE(test_no_interrupt),
		CASE(test_removal),
		CASE(test_close_busy),
	};

	vnic_logtype = rte_log_register("test.vnic");
	rte_log_set_level(vnic_logtype, RTE_LOG_CRIT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
