// SPDX-License-Identifier: MIT
/*
 * Denied system calls in words: reads the kernel's audit record of seccomp, and says which setting
 * of the unit denied the call and what would allow it. Pure; the record's text is hostile (a
 * process chooses its own name).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../runtime/base/limits.h"
#include "../runtime/plan/manifest.h"

struct denial {
	uint32_t number; /* of the call */
	uint32_t arch;   /* AUDIT_ARCH_* */
	bool killed;     /* else it returned an error */
	uint32_t uid;    /* in the initial namespace */
	int32_t pid;
	char comm[17];
};

/*
 * From "audit(…): auid=… uid=… pid=… comm="x" … sig=… arch=… syscall=… code=0x…". -EBADMSG: not
 * such a text; -ENOMSG: one of a call that was not denied.
 */
int denial_parse(const char *text, size_t n, struct denial *ret);

/* "mount", NULL for a number that this version does not know or of another architecture. */
const char *denial_call_name(const struct denial *d);

/*
 * "mount(2) denied by SystemCallFilter= (standard profile); it would be allowed by
 * SystemCallFilter=@mount". unit may be NULL: nothing is known of the settings.
 */
void denial_explain(
	const struct denial *d, const struct manifest_unit *unit, char *buf, size_t size);
