/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include <rte_cpuflags.h>
#include <rte_vect.h>

#include "vnic.h"
#include "vnic_path.h"
#include "vnic_path_isa.h"

/* Widest first, so that the first row that fits is the best one. */
static const struct {
	uint16_t bits;
	const struct vnic_rx_path *rx;
	const struct vnic_tx_path *tx;
} path_sets[] = {
#ifdef VNIC_HAVE_AVX512
	{ 512, vnic_rx_rows_512, vnic_tx_rows_512 },
#endif
#ifdef VNIC_HAVE_AVX2
	{ 256, vnic_rx_rows_256, vnic_tx_rows_256 },
#endif
	{ 128, vnic_rx_rows_128, vnic_tx_rows_128 },
};

static struct vnic_rx_path rx_table[RTE_DIM(path_sets) * VNIC_RX_ROWS];
static struct vnic_tx_path tx_table[RTE_DIM(path_sets) * VNIC_TX_ROWS];

RTE_INIT(vnic_path_tables)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(path_sets); i++) {
		memcpy(&rx_table[i * VNIC_RX_ROWS], path_sets[i].rx,
		       VNIC_RX_ROWS * sizeof(rx_table[0]));
		memcpy(&tx_table[i * VNIC_TX_ROWS], path_sets[i].tx,
		       VNIC_TX_ROWS * sizeof(tx_table[0]));
	}
}

const struct vnic_rx_path *
vnic_rx_paths(unsigned int *nb)
{
	*nb = RTE_DIM(rx_table);
	return rx_table;
}

const struct vnic_tx_path *
vnic_tx_paths(unsigned int *nb)
{
	*nb = RTE_DIM(tx_table);
	return tx_table;
}

uint16_t
vnic_path_simd(void)
{
	uint16_t allowed = rte_vect_get_max_simd_bitwidth();

#if defined(RTE_ARCH_X86)
	if (allowed >= 512 &&
	    rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512F) == 1 &&
	    rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512BW) == 1 &&
	    rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512VL) == 1 &&
	    rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512DQ) == 1)
		return 512;
	if (allowed >= 256 &&
	    rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX2) == 1)
		return 256;
#endif
	return RTE_MIN(allowed, 128);
}

static uint32_t
path_layout(const struct vnic_dev *dev)
{
	uint32_t flags = 0;

	if (vnic_dev_has(dev, VIRTIO_F_RING_PACKED))
		flags |= VNIC_PATH_PACKED;
	if (vnic_dev_has(dev, VIRTIO_F_IN_ORDER))
		flags |= VNIC_PATH_IN_ORDER;
	return flags;
}

/* The only layout bits are matched exactly; offload may be had unasked. */
static bool
path_fits(uint32_t have, uint16_t simd, uint32_t need, uint16_t allowed)
{
	return simd <= RTE_MAX(allowed, 128) &&
		(have & VNIC_PATH_LAYOUT) == (need & VNIC_PATH_LAYOUT) &&
		(have & need) == need;
}

#define PATH_SELECT(table, need) do { \
	uint16_t allowed = vnic_path_simd(); \
	unsigned int best = 0, i; \
	bool found = false; \
	for (i = 0; i < RTE_DIM(table) && !found; i++) { \
		found = path_fits(table[i].flags, table[i].simd, need, \
				  allowed) && \
			(table[i].flags & ~(need)) == 0; \
		best = i; \
	} \
	return &table[best]; \
} while (0)

const struct vnic_rx_path *
vnic_rx_path_select(const struct vnic_dev *dev)
{
	uint32_t need = path_layout(dev);

	if (vnic_dev_has(dev, VIRTIO_NET_F_MRG_RXBUF))
		need |= VNIC_PATH_MRG;
	if (vnic_dev_has(dev, VIRTIO_NET_F_GUEST_CSUM) ||
	    vnic_dev_has(dev, VIRTIO_NET_F_GUEST_TSO4) ||
	    vnic_dev_has(dev, VIRTIO_NET_F_GUEST_TSO6))
		need |= VNIC_PATH_OFFLOAD;
	if (vnic_dev_has(dev, VIRTIO_NET_F_HASH_REPORT))
		need |= VNIC_PATH_OFFLOAD | VNIC_PATH_HASH;
	PATH_SELECT(rx_table, need);
}

const struct vnic_tx_path *
vnic_tx_path_select(const struct vnic_dev *dev)
{
	uint32_t need = path_layout(dev);

	if (!vnic_dev_has(dev, VIRTIO_F_INDIRECT_DESC))
		need |= VNIC_PATH_CHAIN;
	/* IPv4 header checksums need no device, but are work too. */
	if (vnic_dev_has(dev, VIRTIO_NET_F_CSUM) ||
	    (dev->data != NULL && dev->data->dev_conf.txmode.offloads &
	     (RTE_ETH_TX_OFFLOAD_IPV4_CKSUM |
	      RTE_ETH_TX_OFFLOAD_OUTER_IPV4_CKSUM)))
		need |= VNIC_PATH_OFFLOAD;
	PATH_SELECT(tx_table, need);
}
