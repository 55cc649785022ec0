/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "vnic_path_isa.h"
#include "vnic_rx.h"

/*
 * Instances of the receive body. This file is compiled once for each vector
 * width; VNIC_ISA_NAME() puts the width into the names.
 */

#define P VNIC_PATH_PACKED
#define I VNIC_PATH_IN_ORDER
#define M VNIC_PATH_MRG
#define O VNIC_PATH_OFFLOAD
#define H VNIC_PATH_HASH

#define VNIC_RX_INSTANCE(name, flags) \
static uint16_t \
rx_##name(void *rxq, struct rte_mbuf **pkts, uint16_t nb) \
{ \
	return vnic_rx_burst(rxq, pkts, nb, flags); \
}

/* Column 1: name; column 2: what it does. */
#define VNIC_RX_TABLE(ROW) \
	ROW(split, 0) \
	ROW(split_offload, O) \
	ROW(split_hash, O | H) \
	ROW(split_mrg, M) \
	ROW(split_mrg_offload, M | O) \
	ROW(split_mrg_hash, M | O | H) \
	ROW(split_inorder, I) \
	ROW(split_inorder_offload, I | O) \
	ROW(split_inorder_hash, I | O | H) \
	ROW(split_inorder_mrg, I | M) \
	ROW(split_inorder_mrg_offload, I | M | O) \
	ROW(split_inorder_mrg_hash, I | M | O | H) \
	ROW(packed, P) \
	ROW(packed_offload, P | O) \
	ROW(packed_hash, P | O | H) \
	ROW(packed_mrg, P | M) \
	ROW(packed_mrg_offload, P | M | O) \
	ROW(packed_mrg_hash, P | M | O | H) \
	ROW(packed_inorder, P | I) \
	ROW(packed_inorder_offload, P | I | O) \
	ROW(packed_inorder_hash, P | I | O | H) \
	ROW(packed_inorder_mrg, P | I | M) \
	ROW(packed_inorder_mrg_offload, P | I | M | O) \
	ROW(packed_inorder_mrg_hash, P | I | M | O | H)

VNIC_RX_TABLE(VNIC_RX_INSTANCE)

#define VNIC_RX_ROW(name, bits) \
	{ bits, VNIC_ISA_BITS, "rx_" #name VNIC_ISA_SUFFIX, rx_##name },

const struct vnic_rx_path VNIC_ISA_NAME(vnic_rx_rows)[VNIC_RX_ROWS] = {
	VNIC_RX_TABLE(VNIC_RX_ROW)
};
