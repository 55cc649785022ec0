/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_PORT_H
#define VNIC_PORT_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <ethdev_driver.h>

#include "vnic.h"
#include "vnic_compat.h"
#include "vnic_queue.h"

/**
 * @file
 * What the files of the control plane give each other, by owning file. All
 * but the pure ones run in the primary process under vnic_dev_lock(), which
 * the ethdev operations and the event entry points take; "locked" below.
 */

static inline struct vnic_dev *
vnic_dev_of(const struct rte_eth_dev *eth_dev)
{
	return eth_dev->data->dev_private;
}

static inline struct rte_eth_dev *
vnic_eth_dev(const struct vnic_dev *dev)
{
	return &rte_eth_devices[dev->port_id];
}

/** A queue of the port's, or NULL. */
static inline struct vnic_rxq *
vnic_rxq_of(const struct vnic_dev *dev, uint16_t queue_id)
{
	return queue_id < dev->data->nb_rx_queues ?
		dev->rxqs[queue_id] : NULL;
}

static inline struct vnic_txq *
vnic_txq_of(const struct vnic_dev *dev, uint16_t queue_id)
{
	return queue_id < dev->data->nb_tx_queues ?
		dev->txqs[queue_id] : NULL;
}

/** A queue becomes the port's, or with NULL is so no more; locked. */
static inline void
vnic_rxq_put(struct vnic_dev *dev, uint16_t queue_id, struct vnic_rxq *rxq)
{
	dev->rxqs[queue_id] = rxq;
	dev->data->rx_queues[queue_id] = rxq;
}

static inline void
vnic_txq_put(struct vnic_dev *dev, uint16_t queue_id, struct vnic_txq *txq)
{
	dev->txqs[queue_id] = txq;
	dev->data->tx_queues[queue_id] = txq;
}

/* vnic_device.c */

/**
 * Take the control lock, waiting at most @p ms. Whoever holds it waits for
 * the device with deadlines of its own.
 *
 * @return 0, or -EBUSY.
 */
int
vnic_dev_lock(struct vnic_dev *dev, unsigned int ms);
void
vnic_dev_unlock(struct vnic_dev *dev);
/** Waits of an operation of the application, and of an event. */
#define VNIC_LOCK_OP_MS 3000
#define VNIC_LOCK_EVENT_MS 50

/** The control lock is free and the port runs on a live device; locked. */
static inline bool
vnic_dev_running(const struct vnic_dev *dev)
{
	return dev->state == VNIC_DEV_STARTED && !dev->parked;
}

/**
 * Reset the device and wait until it is quiet; then take back the mbufs of
 * all its rings. Locked; gates shut.
 *
 * @return 0; an error of the transport, or -EBUSY while an lcore is inside a
 *   burst: the rings' memory and mbufs are quarantined until a later reset
 *   succeeds.
 */
int
vnic_device_reset(struct vnic_dev *dev);

/** Set bits of the device status, keeping those set before. */
int
vnic_device_status_add(struct vnic_dev *dev, uint8_t bits);

/** The device has let go of this ring: take its mbufs back. */
void
vnic_device_drain_rxq(struct vnic_rxq *rxq);
void
vnic_device_drain_txq(struct vnic_txq *txq);

/** The transport's word for a device that will never write again. */
static inline bool
vnic_device_is_gone(int err)
{
	return err == -ENODEV;
}

/** The same of a device that no back end brings back: it is gone for good. */
static inline bool
vnic_device_is_lost(const struct vnic_dev *dev, int err)
{
	return vnic_device_is_gone(err) &&
		vnic_transport_ops(dev)->status_register;
}

/** Features from vnic_negotiate for this configuration; changes nothing. */
int
vnic_device_negotiate(struct vnic_dev *dev, const struct rte_eth_conf *conf,
		      struct vnic_negotiation *out);

/** From a configured port to traffic, and back; locked. */
int
vnic_device_start(struct vnic_dev *dev);
void
vnic_device_stop(struct vnic_dev *dev);

/**
 * The back end is back: the same rings on a fresh device; locked.
 *
 * @return 0; -EBUSY, nothing done, while an lcore is inside a burst; an
 *   error, after which the port is still down.
 */
int
vnic_device_resume(struct vnic_dev *dev);

/**
 * A started port that broke: reset the device, start it with all that the
 * port has; locked.
 *
 * @return 0; an error, after which the port is still down.
 */
int
vnic_device_recover(struct vnic_dev *dev);

/**
 * Shut the gates of a running port, link down; locked. Its queues are free
 * to be touched once vnic_port_is_quiet.
 */
void
vnic_device_park(struct vnic_dev *dev);

/* vnic_probe.c */

/** Configuration space, each field bounded. */
struct vnic_device_config {
	bool has_mac;
	struct rte_ether_addr mac;
	uint16_t max_pairs;
	uint16_t max_mtu;
	struct vnic_rss_caps rss;
	struct virtio_features bad;	/**< bits whose fields are unusable */
};

/**
 * Read the fields that @p offered announces.
 *
 * @return 0 (bad fields are in out->bad); -ENODEV, -ETIMEDOUT if the device
 *   does not answer, -EPROTO if it answers nonsense.
 */
int
vnic_probe_config(struct vnic_dev *dev, const struct virtio_features *offered,
		  struct vnic_device_config *out);

/**
 * rte_eth_dev_reset of a stopped port: the device as it is now, which may
 * offer other features and limits. Then the port is to be configured again.
 */
int
vnic_probe_again(struct rte_eth_dev *eth_dev);

/* vnic_rss.c */

/** Around a change of what vnic_rss_read reads; locked, and short. */
static inline void
vnic_rss_write_begin(struct vnic_dev *dev)
{
	/* Partner: the first load of vnic_rss_read. */
	rte_seqcount_write_begin(&dev->rss.seq);
}

static inline void
vnic_rss_write_end(struct vnic_dev *dev)
{
	/* Partner: the second load of vnic_rss_read. */
	rte_seqcount_write_end(&dev->rss.seq);
}

/* vnic_link.c */

/** Read link state, speed and duplex; true if the state changed. Locked. */
bool
vnic_link_refresh(struct vnic_dev *dev);
int
vnic_link_update(struct rte_eth_dev *eth_dev, int wait_to_complete);

/* vnic_filter.c */

/** At dev_start: what ethdev has for the port, from here on kept; locked. */
void
vnic_filter_begin(struct vnic_dev *dev);
/** After DRIVER_OK: VLANs, addresses and modes that the port has; locked. */
int
vnic_filter_restore(struct vnic_dev *dev);
int
vnic_filter_promisc_enable(struct rte_eth_dev *eth_dev);
int
vnic_filter_promisc_disable(struct rte_eth_dev *eth_dev);
int
vnic_filter_allmulti_enable(struct rte_eth_dev *eth_dev);
int
vnic_filter_allmulti_disable(struct rte_eth_dev *eth_dev);
int
vnic_filter_mac_set(struct rte_eth_dev *eth_dev, struct rte_ether_addr *mac);
int
vnic_filter_mac_add(struct rte_eth_dev *eth_dev, struct rte_ether_addr *mac,
		    uint32_t index, uint32_t pool);
void
vnic_filter_mac_remove(struct rte_eth_dev *eth_dev, uint32_t index);
int
vnic_filter_mc_list(struct rte_eth_dev *eth_dev, struct rte_ether_addr *addrs,
		    uint32_t nb);
int
vnic_filter_vlan(struct rte_eth_dev *eth_dev, uint16_t vlan_id, int on);
int
vnic_filter_vlan_offload(struct rte_eth_dev *eth_dev, int mask);

/* vnic_event.c */

/** Keep an event for vnic_event_tell. */
static inline void
vnic_event_note(struct vnic_dev *dev, enum rte_eth_event_type type)
{
	__atomic_fetch_or(&dev->tell, UINT32_C(1) << type, __ATOMIC_RELAXED);
}

/**
 * Tell the application what was noted; not locked, for it may call back. It
 * may even close the port: @p dev is not valid afterwards.
 */
void
vnic_event_tell(struct vnic_dev *dev);

/** The port cannot go on: park it until a reset helps; locked. */
void
vnic_event_needs_reset(struct vnic_dev *dev);

/** The device is gone for good: park the port, tell of it; locked. */
void
vnic_event_gone(struct vnic_dev *dev);

/** What has worked for so long is well: attempts are counted anew. */
#define VNIC_HEALTHY_MS 10000

/** Start and stop the 100 ms health timer of a started port. */
int
vnic_event_health_start(struct vnic_dev *dev);
void
vnic_event_health_stop(struct vnic_dev *dev);
/** The port was not stopped after all: watch it as before. */
int
vnic_event_health_resume(struct vnic_dev *dev);

/* vnic_info.c */

int
vnic_info_get(struct rte_eth_dev *eth_dev, struct rte_eth_dev_info *info);
uint64_t
vnic_info_rx_offloads(const struct vnic_dev *dev);
uint64_t
vnic_info_tx_offloads(const struct vnic_dev *dev);
void
vnic_info_rxq(struct rte_eth_dev *eth_dev, uint16_t queue_id,
	      struct rte_eth_rxq_info *info);
void
vnic_info_txq(struct rte_eth_dev *eth_dev, uint16_t queue_id,
	      struct rte_eth_txq_info *info);
int
vnic_info_rx_burst_mode(struct rte_eth_dev *eth_dev, uint16_t queue_id,
			struct rte_eth_burst_mode *mode);
int
vnic_info_tx_burst_mode(struct rte_eth_dev *eth_dev, uint16_t queue_id,
			struct rte_eth_burst_mode *mode);

/* vnic_setup.c: dev_configure and the life of queues, as ethdev sees it */

int
vnic_setup_configure(struct rte_eth_dev *eth_dev);
int
vnic_setup_rxq(struct rte_eth_dev *eth_dev, uint16_t queue_id,
	       uint16_t nb_desc, unsigned int socket_id,
	       const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
int
vnic_setup_txq(struct rte_eth_dev *eth_dev, uint16_t queue_id,
	       uint16_t nb_desc, unsigned int socket_id,
	       const struct rte_eth_txconf *conf);
void
vnic_setup_rxq_release(struct rte_eth_dev *eth_dev, uint16_t queue_id);
void
vnic_setup_txq_release(struct rte_eth_dev *eth_dev, uint16_t queue_id);
int
vnic_setup_mtu(struct rte_eth_dev *eth_dev, uint16_t mtu);
/** Whether frames of @p mtu fit into the buffers of every queue; logs if not. */
int
vnic_setup_rx_rooms(const struct vnic_dev *dev, uint16_t mtu);
/** Whether frames of the port's MTU need chains of a queue's mbufs. */
bool
vnic_setup_rx_scatters(const struct vnic_rxq *rxq);
/**
 * At a start, tell ethdev the same of the port. Not while it runs: the bit
 * shares its byte with those that ethdev itself writes, in any thread.
 */
void
vnic_setup_scattered(struct vnic_dev *dev);
/** Bytes of frame that an MTU asks for: Ethernet header and one tag. */
#define VNIC_FRAME_OVERHEAD (RTE_ETHER_HDR_LEN + 4)

/* vnic_ethdev.c */

extern const struct eth_dev_ops vnic_ethdev_ops;
extern const struct eth_dev_ops vnic_ethdev_secondary_ops;
/** Whether a port of this process is one of ours. */
bool
vnic_ethdev_is_ours(uint16_t port_id);
/** This process may not ask the device anything: its primary does. */
bool
vnic_ethdev_is_secondary(const struct vnic_dev *dev);
/** Install this process's burst functions for the negotiated features. */
void
vnic_ethdev_install_bursts(struct rte_eth_dev *eth_dev);
void
vnic_ethdev_remove_bursts(struct rte_eth_dev *eth_dev);
/** Give what is installed to the application's lcores; secondary process. */
void
vnic_ethdev_publish_bursts(struct rte_eth_dev *eth_dev);

#endif /* VNIC_PORT_H */
