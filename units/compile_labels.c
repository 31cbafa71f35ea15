// SPDX-License-Identifier: MIT
/* AppArmorProfile=, SELinuxContext=, SmackProcessLabel=. */
#include <errno.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "compile.h"

int compile_labels(struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;
	const struct {
		enum plan_label_kind kind;
		const char *setting;
		const char *value;
	} rows[] = {
		{ PLAN_LABEL_SELINUX, "SELinuxContext", e->selinux_context },
		{ PLAN_LABEL_APPARMOR, "AppArmorProfile", e->apparmor_profile },
		{ PLAN_LABEL_SMACK, "SmackProcessLabel", e->smack_label },
	};

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		const char *value = rows[i].value;
		bool optional = value && *value == '-';
		struct plan_label *row;

		value += optional;
		if (!value || !*value) {
			continue;
		}
		if (strlen(value) >= LIMIT_LABEL || strpbrk(value, " \t\n")) {
			return compile_refuse(cu, unit_setting_origin(cu->unit, rows[i].setting),
				"%s=%s is not a label", rows[i].setting, value);
		}
		row = compile_array_push(cu->c->arena, &cu->base.labels, sizeof(*row));
		if (!row) {
			return -ENOMEM;
		}
		row->kind = rows[i].kind;
		/* Where there is no AppArmor everything is unconfined. */
		row->optional = optional || (rows[i].kind == PLAN_LABEL_APPARMOR &&
						    strcmp(value, "unconfined") == 0);
		row->text = value;
		row->origin = unit_setting_origin(cu->unit, rows[i].setting);
	}
	return 0;
}
