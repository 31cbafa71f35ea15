// SPDX-License-Identifier: MIT
/*
 * Walls that a unit can ask for and that supd does not build. Such a unit is refused: it would run
 * less confined than its author believes. Where another setting of the unit already gives the same,
 * or the unit says itself that it can do without, it is accepted.
 */
#include <string.h>

#include "compile.h"

/* With a /dev of its own and without CAP_MKNOD there is no other device that could be denied. */
static bool devices_are_walled(const struct compile_unit *cu)
{
	return cu->unit->exec && cu->unit->exec->private_devices;
}

static int check_devices(struct compile_unit *cu)
{
	const struct unit_cgroup *g = &cu->unit->cgroup;
	const struct unit_device *rows = g->devices.items;
	const char *way_out =
		cu->unit->service ? "use PrivateDevices=yes with BindPaths= of the nodes instead"
				  : "use PrivateDevices=yes in its services";

	if (g->devices.n) {
		return compile_refuse(cu, rows[0].origin,
			"DeviceAllow=%s: device lists are not supported; %s", rows[0].node,
			way_out);
	}
	if (g->device_policy == DEVICE_AUTO ||
		(g->device_policy == DEVICE_CLOSED && devices_are_walled(cu))) {
		return 0;
	}
	return compile_refuse(cu, unit_setting_origin(cu->unit, "DevicePolicy"),
		"DevicePolicy=%s: device lists are not supported; %s",
		device_policy_to_string(g->device_policy), way_out);
}

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
	int r = check_devices(cu);

	return r < 0 ? r : check_label(cu);
}
