/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_PATH_ISA_H
#define VNIC_PATH_ISA_H

/**
 * @file
 * Names of a data-path object by the vector width it is compiled for: the
 * build gives VNIC_ISA_BITS (128, 256 or 512) with the compiler flags.
 * Included first, so that the ring verbs see VRING_VEC.
 */

#ifndef VNIC_ISA_BITS
#define VNIC_ISA_BITS 128
#endif

#if VNIC_ISA_BITS == 512
#define VNIC_ISA_NAME(name) name##_512
#define VNIC_ISA_SUFFIX "_avx512"
#define VRING_VEC 512
#define VRING_STORE16_ATOMIC
#elif VNIC_ISA_BITS == 256
#define VNIC_ISA_NAME(name) name##_256
#define VNIC_ISA_SUFFIX "_avx2"
#define VRING_VEC 256
#define VRING_STORE16_ATOMIC
#elif defined(__AARCH64EL__)
#define VNIC_ISA_NAME(name) name##_128
#define VNIC_ISA_SUFFIX "_neon"
#define VRING_VEC 128
#else
#define VNIC_ISA_NAME(name) name##_128
#define VNIC_ISA_SUFFIX ""
#endif

#include "vnic_path.h"

#define VNIC_RX_ROWS 24
#define VNIC_TX_ROWS 16

extern const struct vnic_rx_path vnic_rx_rows_128[VNIC_RX_ROWS];
extern const struct vnic_rx_path vnic_rx_rows_256[VNIC_RX_ROWS];
extern const struct vnic_rx_path vnic_rx_rows_512[VNIC_RX_ROWS];
extern const struct vnic_tx_path vnic_tx_rows_128[VNIC_TX_ROWS];
extern const struct vnic_tx_path vnic_tx_rows_256[VNIC_TX_ROWS];
extern const struct vnic_tx_path vnic_tx_rows_512[VNIC_TX_ROWS];

#endif /* VNIC_PATH_ISA_H */
