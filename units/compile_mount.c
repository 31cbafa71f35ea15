// SPDX-License-Identifier: MIT
/* Mounts and swaps: what supd compares with the kernel's lists and shows. */
#include <errno.h>

#include "compile.h"

int compile_mount(struct compile_unit *cu, struct manifest_unit *m)
{
	const struct unit_mount *from = cu->unit->mount;
	struct manifest_mount *to;

	if (!from) {
		return 0;
	}
	to = compile_array_push(cu->c->arena, &m->mount, sizeof(*to));
	if (!to) {
		return -ENOMEM;
	}
	*to = (struct manifest_mount) { from->what, from->where, from->fs_type, from->options };
	return 0;
}
