/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <errno.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <rte_interrupts.h>

#include "vnic.h"
#include "vnic_log.h"
#include "vnic_pci.h"

/* The kernel resets the function and gives its configuration space back. */
int
vnic_pci_function_reset(struct vnic_dev *dev)
{
	const struct vnic_pci *pci = dev->priv;
	struct vfio_device_info info = { .argsz = sizeof(info) };

	if (pci->vfio_fd < 0)
		return -ENOTSUP;
	if (ioctl(pci->vfio_fd, VFIO_DEVICE_GET_INFO, &info) != 0)
		return -errno;
	if (!(info.flags & VFIO_DEVICE_FLAGS_RESET)) {
		VNIC_LOG(ERR, "%s: the kernel knows no way to reset the function alone",
			 dev->name);
		return -ENOTSUP;
	}
	if (ioctl(pci->vfio_fd, VFIO_DEVICE_RESET) == 0)
		return 0;
	VNIC_LOG(ERR, "%s: the kernel's reset of the function failed: %s",
		 dev->name, strerror(errno));
	return -errno;
}
