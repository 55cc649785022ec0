/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef VNIC_PCI_IO_H
#define VNIC_PCI_IO_H

#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_io.h>

/**
 * @file
 * Access to the registers of a PCI function: 8, 16 or 32 bits wide and
 * aligned, little-endian on the bus (virtio 1.4, section 4.1.3.1). Never on
 * a data path, so another way to reach registers, or a model of a device, may
 * stand in for loads and stores.
 */

/** Registers that are no memory: I/O ports, and models in tests. */
struct vnic_pci_model {
	/** @p base of the structure, width 1, 2 or 4. */
	uint32_t (*read)(volatile void *base, uint32_t off,
			 unsigned int width);
	void (*write)(volatile void *base, uint32_t off, uint32_t value,
		      unsigned int width);
};

/** One virtio structure: in a mapped BAR, or behind a model. */
struct vnic_pci_regs {
	volatile uint8_t *base;	/**< NULL if the device has no such one */
	uint32_t len;
	uint32_t start;		/**< model only: added to each offset */
	const struct vnic_pci_model *model;	/**< NULL: mapped memory */
};

static inline uint8_t
vnic_pci_read8(const struct vnic_pci_regs *regs, size_t off)
{
	if (regs->model != NULL)
		return regs->model->read(regs->base, regs->start + off, 1);
	return rte_read8(regs->base + off);
}

static inline uint16_t
vnic_pci_read16(const struct vnic_pci_regs *regs, size_t off)
{
	if (regs->model != NULL)
		return regs->model->read(regs->base, regs->start + off, 2);
	return rte_le_to_cpu_16(rte_read16(regs->base + off));
}

static inline uint32_t
vnic_pci_read32(const struct vnic_pci_regs *regs, size_t off)
{
	if (regs->model != NULL)
		return regs->model->read(regs->base, regs->start + off, 4);
	return rte_le_to_cpu_32(rte_read32(regs->base + off));
}

static inline void
vnic_pci_write8(const struct vnic_pci_regs *regs, size_t off, uint8_t value)
{
	if (regs->model != NULL)
		regs->model->write(regs->base, regs->start + off, value, 1);
	else
		rte_write8(value, regs->base + off);
}

static inline void
vnic_pci_write16(const struct vnic_pci_regs *regs, size_t off, uint16_t value)
{
	if (regs->model != NULL)
		regs->model->write(regs->base, regs->start + off, value, 2);
	else
		rte_write16(rte_cpu_to_le_16(value), regs->base + off);
}

static inline void
vnic_pci_write32(const struct vnic_pci_regs *regs, size_t off, uint32_t value)
{
	if (regs->model != NULL)
		regs->model->write(regs->base, regs->start + off, value, 4);
	else
		rte_write32(rte_cpu_to_le_32(value), regs->base + off);
}

/** 64-bit fields go as two 32-bit halves, low first (section 4.1.3.1). */
static inline void
vnic_pci_write64(const struct vnic_pci_regs *regs, size_t off, uint64_t value)
{
	vnic_pci_write32(regs, off, (uint32_t)value);
	vnic_pci_write32(regs, off + 4, (uint32_t)(value >> 32));
}

#endif /* VNIC_PCI_IO_H */
