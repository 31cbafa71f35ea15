// SPDX-License-Identifier: MIT
#include "caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/sysx.h"

int caps_get(struct caps *ret)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0) {
		return -errno;
	}
	ret->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	ret->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	ret->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

int caps_set(const struct caps *c)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)c->effective, (uint32_t)c->permitted, (uint32_t)c->inheritable },
		{ (uint32_t)(c->effective >> 32), (uint32_t)(c->permitted >> 32),
			(uint32_t)(c->inheritable >> 32) },
	};

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int caps_act_as(uint32_t uid)
{
	int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	struct caps c;
	int r = caps_get(&c);

	if (r < 0) {
		return r;
	}
	if (sysx_seteuid(uid) < 0) {
		return -errno;
	}
	sysx_setfsuid(getuid());
	prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0); /* the change has reset it */
	/* Cleared for who is root no more; the permitted ones stay, for the real id does. */
	return caps_set(&c);
}
