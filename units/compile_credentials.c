// SPDX-License-Identifier: MIT
/* The rows of the unit's credentials, in the order in which their kinds count. */
#include <errno.h>

#include "compile.h"

int compile_credentials(struct compile_unit *cu)
{
	const struct list *list = &cu->unit->exec->credentials;
	const struct unit_credential *rows = list->items;

	for (uint32_t kind = 0; kind < PLAN_CREDENTIAL_KIND_COUNT; kind++) {
		for (size_t i = 0; i < list->n; i++) {
			struct plan_credential *to;

			if (rows[i].kind != kind) {
				continue;
			}
			to = compile_array_push(cu->c->arena, &cu->base.credentials, sizeof(*to));
			if (!to) {
				return -ENOMEM;
			}
			*to = (struct plan_credential) {
				.kind = kind,
				.name = rows[i].name,
				.source = rows[i].source,
				.data = { rows[i].data, rows[i].size },
				.origin = rows[i].origin,
			};
		}
	}
	return 0;
}
