// SPDX-License-Identifier: MIT
/*
 * A socket of the kernel's audit records, for supd: opening it needs CAP_AUDIT_READ in the initial
 * namespaces, reading it nothing. Only records of seccomp pass its filter, which cannot be taken
 * off.
 */
#pragma once

/* Descriptor, non-blocking; -errno where there is no audit or it is not ours to read. */
int auditsock_open(void);
