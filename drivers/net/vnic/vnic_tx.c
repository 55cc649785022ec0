/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#include "vnic_path_isa.h"
#include "vnic_tx_chain.h"

/*
 * Instances of the transmit body; compiled once for each vector width, as
 * vnic_rx.c. Whether receive buffers merge does not matter here.
 */

#define P VNIC_PATH_PACKED
#define I VNIC_PATH_IN_ORDER
#define C VNIC_PATH_CHAIN
#define O VNIC_PATH_OFFLOAD

#define VNIC_TX_INSTANCE(name, flags) \
static uint16_t \
tx_##name(void *txq, struct rte_mbuf **pkts, uint16_t nb) \
{ \
	return (flags) & C ? vnic_tx_chain_burst(txq, pkts, nb, flags) : \
		vnic_tx_burst(txq, pkts, nb, flags); \
} \
static int \
tx_##name##_cleanup(void *txq, uint32_t max) \
{ \
	return vnic_tx_cleanup(txq, max, flags); \
}

#define VNIC_TX_TABLE(ROW) \
	ROW(split, 0) \
	ROW(split_offload, O) \
	ROW(split_inorder, I) \
	ROW(split_inorder_offload, I | O) \
	ROW(packed, P) \
	ROW(packed_offload, P | O) \
	ROW(packed_inorder, P | I) \
	ROW(packed_inorder_offload, P | I | O) \
	ROW(split_chain, C) \
	ROW(split_chain_offload, C | O) \
	ROW(split_inorder_chain, I | C) \
	ROW(split_inorder_chain_offload, I | C | O) \
	ROW(packed_chain, P | C) \
	ROW(packed_chain_offload, P | C | O) \
	ROW(packed_inorder_chain, P | I | C) \
	ROW(packed_inorder_chain_offload, P | I | C | O)

VNIC_TX_TABLE(VNIC_TX_INSTANCE)

#define VNIC_TX_ROW(name, bits) \
	{ bits, VNIC_ISA_BITS, "tx_" #name VNIC_ISA_SUFFIX, tx_##name, \
	  tx_##name##_cleanup },

const struct vnic_tx_path VNIC_ISA_NAME(vnic_tx_rows)[VNIC_TX_ROWS] = {
	VNIC_TX_TABLE(VNIC_TX_ROW)
};
