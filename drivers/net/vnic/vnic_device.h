/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_DEVICE_H
#define VNIC_DEVICE_H

#include <stdint.h>

struct rte_device;
struct rte_eth_dev;
struct vnic_dev;

/**
 * @file
 * The device's life: status machine of virtio 1.4 section 3.1, above any
 * transport. Control thread of the primary process only.
 */

/**
 * First contact, called by a transport's probe after it filled
 * dev->transport, dev->args, dev->name and dev->priv: reset, ACKNOWLEDGE,
 * DRIVER, read the offered features and the configuration space, bound both,
 * and fill in the ethdev (dev_ops, data->mac_addrs, flags).
 *
 * @return 0; -ENOTSUP without VERSION_1 (where the transport needs it), or
 *   any error of the transport. On error the device is left reset.
 */
int
vnic_device_probe(struct rte_eth_dev *eth_dev);

/** Undo vnic_device_probe: reset the device, free what it allocated. */
void
vnic_device_remove(struct rte_eth_dev *eth_dev);

/**
 * Secondary process: install ops on a shared port, with doorbells and burst
 * functions while it is started (vnic_attach.h).
 *
 * @return 0; -ENOTSUP, -ENOMEM, or why a doorbell of a started port cannot be
 *   had in this process. On error nothing is left.
 */
int
vnic_device_attach(struct rte_eth_dev *eth_dev);
/** Undo it. */
void
vnic_device_detach(struct rte_eth_dev *eth_dev);

/**
 * Entry points of transports' event sources; interrupt thread. Each is cheap
 * and never touches a data queue of a healthy device.
 */
void
vnic_event_config_changed(struct vnic_dev *dev);

/**
 * The device is gone for good (unplugged, all registers read ones). If the
 * lock is not to be had, the health timer sees to it.
 */
void
vnic_event_removed(struct vnic_dev *dev);

/**
 * The back end hung up (@p up false): parks the queues, link down.
 * It is back, features already agreed again by the transport (@p up true):
 * rings are rebuilt from the driver's own records, frames that the old back
 * end had not returned are posted again in their order, link up.
 *
 * @return 0, or a negative errno (device stays down).
 */
int
vnic_event_backend(struct vnic_dev *dev, bool up);

#endif /* VNIC_DEVICE_H */
