// SPDX-License-Identifier: MIT
#include "credstores.h"

#include <fcntl.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../plan/plan.h"
#include "dirs.h"

#define SYSTEM_STORES 2

/* First those that the machine was given, then the administrator's, then the distribution's. */
static const char *const stores[CREDSTORES] = {
	PLAN_CREDENTIALS_DIR "/@system",
	"/run/supd/credentials",
	"/etc/credstore",
	"/run/credstore",
	"/usr/local/lib/credstore",
	"/usr/lib/credstore",
};

int credstore_open(size_t i)
{
	return dir_open(stores[i]);
}

int credstores_system_has(const char *name)
{
	if (!plan_credential_name_is_valid(name)) {
		return 0;
	}
	for (size_t i = 0; i < SYSTEM_STORES; i++) {
		AUTO_CLOSE int dir = credstore_open(i);

		if (dir >= 0 && faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
			return 1;
		}
	}
	return 0;
}
