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
 * a data path, so a model of a device may stand in for the real one.
 */

/** Stands in for real registers; width is 1, 2 or 4. Tests only. */
struct vnic_pci_model {
	uint32_t (*read)(const volatile void *addr, unsigned int width);
	void (*write)(volatile void *addr, uint32_t value, unsigned int width);
};

/** One virtio structure in a mapped BAR. */
struct vnic_pci_regs {
	volatile uint8_t *base;	/**< NULL if the device has no such one */
	uint32_t len;
	const struct vnic_pci_model *model;	/**< NULL: the hardware */
};

static inline uint8_t
vnic_pci_read8(const struct vnic_pci_regs *regs, size_t off)
{
	if (regs->model != NULL)
		return regs->model->read(regs->base + off, 1);
	return rte_read8(regs->base + off);
}

static inline uint16_t
vnic_pci_read16(const struct vnic_pci_regs *regs, size_t off)
{
	if (regs->model != NULL)
		return regs->model->read(regs->base + off, 2);
	return rte_le_to_cpu_16(rte_read16(regs->base + off));
}

static inline uint32_t
vnic_pci_read32(const struct vnic_pci_regs *regs, size_t off)
{
	if (regs->model != NULL)
		return regs->model->read(regs->base + off, 4);
	return rte_le_to_cpu_32(rte_read32(regs->base + off));
}

static inline void
vnic_pci_write8(const struct vnic_pci_regs *regs, size_t off, uint8_t value)
{
	if (regs->model != NULL)
		regs->model->write(regs->base + off, value, 1);
	else
		rte_write8(value, regs->base + off);
}

static inline void
vnic_pci_write16(const struct vnic_pci_regs *regs, size_t off, uint16_t value)
{
	if (regs->model != NULL)
		regs->model->write(regs->base + off, value, 2);
	else
		rte_write16(rte_cpu_to_le_16(value), regs->base + off);
}

static inline void
vnic_pci_write32(const struct vnic_pci_regs *regs, size_t off, uint32_t value)
{
	if (regs->model != NULL)
		regs->model->write(regs->base + off, value, 4);
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
