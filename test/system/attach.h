/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The vnic authors
 */

#ifndef ATTACH_H
#define ATTACH_H

/**
 * Attach and detach the device of @p devargs; print the result of the first,
 * and by how many file descriptors and ports this process grew.
 */
void
attach_try(const char *devargs);

#endif /* ATTACH_H */
