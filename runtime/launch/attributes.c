// SPDX-License-Identifier: MIT
#include "attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "launch.h"

#define SET_MEMORY_MERGE 67 /* PR_SET_MEMORY_MERGE, Linux 6.4 */

static int set_personality(struct launch *l)
{
	if (!l->plan.personality_set) {
		return 0;
	}
	return personality(l->plan.personality) < 0
		       ? launch_fail(l, -errno, NULL, "Personality=", NULL)
		       : 0;
}

/* set_mempolicy(2) takes the number of bits plus one: the kernel counts them down first. */
static int set_memory_policy(struct launch *l)
{
	const struct tlv_bytes *nodes = &l->plan.numa_nodes;

	if (!l->plan.numa_set) {
		return 0;
	}
	if (syscall(SYS_set_mempolicy, (int)l->plan.numa_policy, nodes->n ? nodes->data : NULL,
		    nodes->n ? (unsigned long)nodes->n * 8 + 1 : 0ul) < 0) {
		return launch_fail(l, -errno, NULL, "NUMAPolicy=", NULL);
	}
	return 0;
}

static int set_dump_filter(struct launch *l)
{
	AUTO_CLOSE int fd = -1;
	char text[24];

	if (!l->plan.coredump_filter_set) {
		return 0;
	}
	fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
	number_format_u64(text, l->plan.coredump_filter);
	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		return launch_fail(l, -errno, NULL, "CoredumpFilter=", NULL);
	}
	return 0;
}

static int set_memory_merge(struct launch *l)
{
	if (!l->plan.ksm_set) {
		return 0;
	}
	if (prctl(SET_MEMORY_MERGE, l->plan.ksm ? 1 : 0, 0, 0, 0) < 0) {
		/* A kernel that merges nothing does not have to be asked not to. */
		return !l->plan.ksm && errno == EINVAL
			       ? 0
			       : launch_fail(l, -errno, NULL, "MemoryKSM=", NULL);
	}
	return 0;
}

int launch_set_attributes(struct launch *l)
{
	static int (*const parts[])(struct launch *) = { set_personality, set_memory_policy,
		set_dump_filter, set_memory_merge };

	for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
		int r = parts[i](l);

		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int launch_link_keyring(struct launch *l)
{
	if (!l->plan.keyring_shared) {
		return 0;
	}
	if (syscall(SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING, 0,
		    0) < 0 &&
		errno != ENOSYS) {
		return launch_fail(l, -errno, NULL, "KeyringMode=shared", NULL);
	}
	return 0;
}
