/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "attach.h"

static int
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	if (dir == NULL)
		return -1;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void
attach_undo(void)
{
	struct rte_eth_dev_info info;
	uint16_t port;

	RTE_ETH_FOREACH_DEV(port) {
		if (rte_eth_dev_info_get(port, &info) != 0)
			continue;
		rte_eth_dev_close(port);
		rte_dev_remove(info.device);
		return;
	}
}

void
attach_try(const char *devargs)
{
	int fds = count_fds(), ports = rte_eth_dev_count_total(), ret;

	printf("trying %s\n", devargs);
	ret = rte_dev_probe(devargs);
	if (ret == 0)
		attach_undo();
	printf("result %d (%s) fds %d ports %d\n", ret, strerror(-ret),
		count_fds() - fds, (int)rte_eth_dev_count_total() - ports);
	fflush(stdout);
}
