// SPDX-License-Identifier: MIT
/* clean: supd checks the kinds and the units; the launcher removes. */
#include <errno.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "verbs.h"

#define KIND_MAX 64

/* "state,cache" as an array of strings. */
static int append_kinds(sd_bus_message *m, const char *what)
{
	char kind[KIND_MAX];
	int r = sd_bus_message_open_container(m, 'a', "s");

	while (r >= 0 && what && *what) {
		size_t n = strcspn(what, ",");

		if (n >= sizeof(kind)) {
			return -EINVAL;
		}
		memcpy(kind, what, n);
		kind[n] = '\0';
		r = sd_bus_message_append(m, "s", kind);
		what += n + (what[n] == ',');
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

/* It takes as long as there are files: TimeoutCleanSec= is the unit's. */
static int clean_one(struct ctl *c, const char *unit, sd_bus_error *error)
{
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(
		c->bus, &m, CTL_SERVICE, CTL_PATH, CTL_MANAGER, "CleanUnit");

	r = r < 0 ? r : sd_bus_message_append(m, "s", unit);
	r = r < 0 ? r : append_kinds(m, c->o.what);
	return r < 0 ? r : sd_bus_call(c->bus, m, UINT64_MAX, error, NULL);
}

int verb_clean(struct ctl *c, int n, char *const *args)
{
	return ctl_each_unit(c, n - 1, args + 1, clean_one);
}
