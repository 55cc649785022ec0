/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_string_fns.h>

#include <bus_vdev_driver.h>
#include <ethdev_driver.h>
#include <ethdev_vdev.h>

#include "vnic_args.h"
#include "vnic_device.h"
#include "vnic_kernel.h"
#include "vnic_log.h"
#include "vnic_pmdinfo.h"
#include "vnic_queue.h"
#include "vnic_vhost_user.h"

/** The same for a back end in the kernel, which is always there. */
static int
vnic_user_init_kernel(struct rte_eth_dev *eth_dev)
{
	struct vnic_dev *dev = eth_dev->data->dev_private;
	int ret = vnic_kernel_create(dev);

	if (ret == 0) {
		ret = vnic_device_probe(eth_dev);
		if (ret != 0)
			vnic_transport_ops(dev)->close(dev);
	}
	return ret;
}

/** Fill in a device that was just allocated, zeroed; connect and probe it. */
static int
vnic_user_init(struct rte_eth_dev *eth_dev, const char *name,
	       const struct vnic_args *args, bool cq)
{
	struct vnic_dev *dev = eth_dev->data->dev_private;
	int error, ret;

	dev->transport = vnic_kernel_kind(args->path);
	dev->port_id = eth_dev->data->port_id;
	dev->args = *args;
	rte_strscpy(dev->name, name, sizeof(dev->name));
	if (dev->transport != VNIC_TRANSPORT_USER)
		return vnic_user_init_kernel(eth_dev);
	ret = vnic_user_create(dev, cq);
	if (ret != 0)
		return ret;
	ret = vnic_device_probe(eth_dev);
	/* What broke the channel says more than that nothing worked then. */
	error = vnic_user(dev)->conn.chan.error;
	if (ret != 0) {
		vnic_transport_ops(dev)->close(dev);
		return error != 0 ? error : ret;
	}
	ret = error;
	if (ret == 0)
		ret = vnic_user_monitor_start(vnic_user(dev));
	if (ret != 0)
		vnic_device_remove(eth_dev);
	return ret;
}

static int
vnic_user_probe_primary(struct rte_vdev_device *vdev)
{
	const char *name = rte_vdev_device_name(vdev);
	const char *text = rte_vdev_device_args(vdev);
	struct rte_eth_dev *eth_dev;
	struct vnic_args args;
	int ret;

	ret = vnic_args_parse(name, text, VNIC_TRANSPORT_USER, &args);
	if (ret != 0)
		return ret;
	eth_dev = rte_eth_vdev_allocate(vdev, sizeof(struct vnic_dev));
	if (eth_dev == NULL) {
		VNIC_LOG(ERR, "%s: no ethdev port: out of ports or memory, or the name is taken",
			name);
		return -ENOMEM;
	}
	ret = vnic_user_init(eth_dev, name, &args, vnic_args_flag(text, "cq"));
	if (ret != 0) {
		rte_eth_dev_release_port(eth_dev);
		return ret;
	}
	rte_eth_dev_probing_finish(eth_dev);
	return 0;
}

static int
vnic_user_probe_secondary(struct rte_vdev_device *vdev)
{
	const char *name = rte_vdev_device_name(vdev);
	struct rte_eth_dev *eth_dev = rte_eth_dev_attach_secondary(name);
	int ret;

	if (eth_dev == NULL) {
		VNIC_LOG(ERR, "%s: the primary process has no such port", name);
		return -ENODEV;
	}
	eth_dev->device = &vdev->device;
	/* Doorbells of a former port of this number. */
	vnic_user_mp_forget(eth_dev->data->port_id);
	ret = vnic_device_attach(eth_dev);
	if (ret != 0) {
		rte_eth_dev_release_port(eth_dev);
		return ret;
	}
	rte_eth_dev_probing_finish(eth_dev);
	return 0;
}

static int
vnic_user_probe(struct rte_vdev_device *vdev)
{
	if (rte_eal_process_type() == RTE_PROC_PRIMARY)
		return vnic_user_probe_primary(vdev);
	return vnic_user_probe_secondary(vdev);
}

static int
vnic_user_remove(struct rte_vdev_device *vdev)
{
	struct rte_eth_dev *eth_dev =
		rte_eth_dev_allocated(rte_vdev_device_name(vdev));
	struct vnic_dev *dev;

	if (eth_dev == NULL)
		return 0;
	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		vnic_device_detach(eth_dev);
		return rte_eth_dev_release_port(eth_dev);
	}
	dev = eth_dev->data->dev_private;
	if (dev->transport == VNIC_TRANSPORT_USER && vnic_user(dev) != NULL)
		vnic_user_monitor_stop(vnic_user(dev));
	vnic_device_remove(eth_dev);
	return rte_eth_dev_release_port(eth_dev);
}

static struct rte_vdev_driver vnic_user_driver = {
	.probe = vnic_user_probe,
	.remove = vnic_user_remove,
};

RTE_PMD_REGISTER_VDEV(net_vnic_user, vnic_user_driver);
RTE_PMD_REGISTER_PARAM_STRING(net_vnic_user, VNIC_ARGS_PARAMS_USER);
VNIC_PMD_INFO(net_vnic_user, VNIC_ARGS_PARAMS_USER, "", "");
