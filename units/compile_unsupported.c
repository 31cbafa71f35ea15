// SPDX-License-Identifier: MIT
/*
 * Walls that a unit can ask for and that supd does not build. Such a unit is refused: it would run
 * less confined than its author believes. Where another setting of the unit already gives the same,
 * or the unit says itself that it can do without, it is accepted.
 */
#include <string.h>

#include "compile.h"

static int check_label(struct compile_unit *cu)
{
	const char *label = cu->unit->exec ? cu->unit->exec->apparmor_profile : NULL;
	const char *origin = unit_setting_origin(cu->unit, "AppArmorProfile");

	if (!label || !*label || strcmp(label, "unconfined") == 0) {
		return 0;
	}
	if (*label == '-') {
		compile_note(cu, SEVERITY_WARNING, origin,
			"AppArmorProfile=%s has no effect: AppArmor is not supported", label);
		return 0;
	}
	return compile_refuse(cu, origin,
		"AppArmorProfile=%s: AppArmor is not supported; \"-%s\" lets the unit run without",
		label, label);
}

int compile_unsupported(struct compile_unit *cu)
{
	return check_label(cu);
}
