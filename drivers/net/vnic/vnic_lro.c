/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_telemetry.h>

#include "vnic_ctrl.h"
#include "vnic_log.h"
#include "vnic_lro.h"
#include "vnic_port.h"
#include "vnic_telemetry.h"

#define F(name) VIRTIO_NET_F_##name

/* The features that the command switches, GUEST_CSUM first. */
static const uint8_t lro_offloads[] = {
	F(GUEST_CSUM), F(GUEST_TSO4), F(GUEST_TSO6), F(GUEST_ECN),
	F(GUEST_UFO), F(GUEST_UDP_TUNNEL_GSO), F(GUEST_UDP_TUNNEL_GSO_CSUM),
	F(GUEST_USO4), F(GUEST_USO6),
};

bool
vnic_lro_has(const struct vnic_dev *dev)
{
	return vnic_dev_has(dev, F(GUEST_TSO4)) ||
		vnic_dev_has(dev, F(GUEST_TSO6)) ||
		vnic_dev_has(dev, F(GUEST_UFO)) ||
		vnic_dev_has(dev, F(GUEST_USO4)) ||
		vnic_dev_has(dev, F(GUEST_USO6));
}

static int
lro_send(struct vnic_dev *dev, bool on)
{
	struct virtio_features set = { { 0, 0 } };
	unsigned int i;

	for (i = 0; i < RTE_DIM(lro_offloads); i++)
		if (vnic_dev_has(dev, lro_offloads[i]) &&
		    (on || lro_offloads[i] == F(GUEST_CSUM)))
			virtio_features_add(&set, lro_offloads[i]);
	return vnic_ctrl_guest_offloads(dev, set);
}

int
vnic_lro_restore(struct vnic_dev *dev)
{
	int ret;

	/* All that was agreed on is on at first. */
	if (!dev->lro_off)
		return 0;
	ret = lro_send(dev, false);
	if (ret != -EIO)
		return ret;
	VNIC_LOG(ERR, "%s: the device refuses to turn large receive off again: it is on",
		 dev->name);
	dev->lro_off = false;
	return 0;
}

static int
lro_set_locked(struct vnic_dev *dev, bool on)
{
	int ret = 0;

	if (!vnic_lro_has(dev)) {
		VNIC_LOG(ERR, "%s: port %u has no large receive to switch: configure it with RTE_ETH_RX_OFFLOAD_TCP_LRO",
			 dev->name, dev->port_id);
		return -ENOTSUP;
	}
	if (!vnic_dev_has(dev, F(CTRL_GUEST_OFFLOADS))) {
		VNIC_LOG(ERR, "%s: large receive of port %u cannot be switched while it runs: CTRL_GUEST_OFFLOADS is not offered by the device: stop and configure the port",
			 dev->name, dev->port_id);
		return -ENOTSUP;
	}
	/* One that does not run is told when it is started. */
	if (vnic_dev_running(dev))
		ret = lro_send(dev, on);
	if (ret == 0)
		dev->lro_off = !on;
	return ret;
}

int
vnic_lro_set(struct vnic_dev *dev, bool on)
{
	int ret = vnic_dev_lock(dev, VNIC_LOCK_OP_MS);

	if (ret < 0)
		return ret;
	ret = dev->closed ? -ENODEV : lro_set_locked(dev, on);
	vnic_dev_unlock(dev);
	return ret;
}

/* "" tells, ",on" and ",off" change. */
static int
lro_answer(struct vnic_dev *dev, const char *wish, struct rte_tel_data *d)
{
	bool on = strcmp(wish, ",on") == 0;
	int ret = 0;

	if (*wish != '\0' && !on && strcmp(wish, ",off") != 0)
		return -EINVAL;
	if (*wish != '\0')
		ret = rte_eal_process_type() == RTE_PROC_PRIMARY ?
			vnic_lro_set(dev, on) : -ENOTSUP;
	if (ret < 0)
		return ret;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "lro", !vnic_lro_has(dev) ?
				     "not configured" :
				     dev->lro_off ? "off" : "on");
	rte_tel_data_add_dict_int(d, "switchable", vnic_lro_has(dev) &&
				  vnic_dev_has(dev, F(CTRL_GUEST_OFFLOADS)));
	return 0;
}

static int
lro_telemetry(const char *cmd __rte_unused, const char *params,
	      struct rte_tel_data *d)
{
	struct vnic_dev *dev;
	unsigned long port;
	char *end;
	int ret;

	if (params == NULL || *params < '0' || *params > '9')
		return -EINVAL;
	port = strtoul(params, &end, 10);
	dev = vnic_telemetry_begin(port);
	if (dev == NULL)
		return -EINVAL;
	ret = lro_answer(dev, end, d);
	vnic_telemetry_end();
	return ret;
}

RTE_INIT(vnic_lro_init)
{
	rte_telemetry_register_cmd("/vnic/lro", lro_telemetry,
		"Large receive of a port, and its switch. Parameters: int port_id[, on|off]");
}
