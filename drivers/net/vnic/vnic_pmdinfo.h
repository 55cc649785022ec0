/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_PMDINFO_H
#define VNIC_PMDINFO_H

#include <rte_common.h>

/**
 * @file
 * What dpdk-pmdinfo.py prints of a driver. A DPDK tree derives it from
 * RTE_PMD_REGISTER_* by pmdinfogen, which no distribution packages, so out of
 * tree (VNIC_OUT_OF_TREE) the same string is written here.
 */

/** One PCI identifier with decimal numbers, as JSON knows no other. */
#define VNIC_PMD_PCI_ID(vendor, device) \
	"[" RTE_STR(vendor) ", " RTE_STR(device) ", 65535, 65535]"

/**
 * Describes one driver. Params and kmod are string literals without quotes
 * inside; pci_ids are VNIC_PMD_PCI_ID()s with ", " between, or "".
 */
#ifdef VNIC_OUT_OF_TREE
#define VNIC_PMD_INFO(driver, params, kmod, pci_ids) \
	extern const char driver##_pmd_info[]; \
	__attribute__((used)) const char driver##_pmd_info[] = \
		"PMD_INFO_STRING= {\"name\" : \"" RTE_STR(driver) "\", " \
		"\"params\" : \"" params "\", \"kmod\" : \"" kmod "\", " \
		"\"pci_ids\" : [" pci_ids "]}"
#else
#define VNIC_PMD_INFO(driver, params, kmod, pci_ids) \
	extern const char driver##_pmd_info[]
#endif

#endif /* VNIC_PMDINFO_H */
