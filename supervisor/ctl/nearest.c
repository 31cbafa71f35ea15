// SPDX-License-Identifier: MIT
#include "nearest.h"

#include <string.h>

#include "../../runtime/base/unitname.h"

unsigned nearest_distance(const char *a, const char *b)
{
	unsigned row[LIMIT_UNIT_NAME + 1], n = (unsigned)strlen(b);

	if (n > LIMIT_UNIT_NAME || strlen(a) > LIMIT_UNIT_NAME) {
		return LIMIT_UNIT_NAME;
	}
	for (unsigned j = 0; j <= n; j++) {
		row[j] = j;
	}
	for (unsigned i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (unsigned j = 1; j <= n; j++) {
			unsigned best = diagonal + (a[i] != b[j - 1]);

			diagonal = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[n];
}

void nearest_unit(struct ctl *c, const char *unit, char ret[LIMIT_UNIT_NAME])
{
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
	const char *type = strrchr(unit, '.'), *name;
	unsigned best;
	int r;

	if (!type || ctl_try_connect(c) < 0 ||
		ctl_manager(c, "ListUnitsByPatterns", NULL, &reply, "asas", 0, 0) < 0) {
		return;
	}
	/* The type's letters do not count: they are the same. */
	best = (unsigned)(type - unit) / 3 + 1;
	r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
	while (r >= 0 && (r = sd_bus_message_read(reply, "(ssssssouso)", &name, NULL, NULL, NULL,
				  NULL, NULL, NULL, NULL, NULL, NULL)) > 0) {
		unsigned d = unit_name_is_valid(name) ? nearest_distance(unit, name) : best;

		if (d > 0 && d < best) {
			best = d;
			strcpy(ret, name);
		}
	}
}
