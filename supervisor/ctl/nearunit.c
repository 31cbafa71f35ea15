// SPDX-License-Identifier: MIT
#include "nearunit.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/unitname.h"
#include "nearest.h"
#include "unitpath.h"

static void offer_loaded(struct nearest *n, struct ctl *c)
{
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
	const char *name, *load;
	int r;

	if (ctl_try_connect(c) < 0 ||
		ctl_manager(c, "ListUnitsByPatterns", NULL, &reply, "asas", 0, 0) < 0) {
		return;
	}
	r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
	while (r >= 0 && (r = sd_bus_message_read(reply, "(ssssssouso)", &name, NULL, &load, NULL,
				  NULL, NULL, NULL, NULL, NULL, NULL)) > 0) {
		if (strcmp(load, "not-found") != 0) {
			nearest_offer(n, name);
		}
	}
}

static void offer_files(struct nearest *n, const char *root, const char *dir)
{
	AUTO_FREE char *path = NULL;
	struct dirent *entry;
	DIR *d;

	if (asprintf(&path, "%s%s", root ? root : "", dir) < 0) {
		path = NULL;
		return;
	}
	d = opendir(path);
	while (d && (entry = readdir(d))) {
		if (entry->d_type == DT_REG || entry->d_type == DT_LNK ||
			entry->d_type == DT_UNKNOWN) {
			nearest_offer(n, entry->d_name);
		}
	}
	if (d) {
		closedir(d);
	}
}

void nearest_unit(struct ctl *c, const char *unit, char *ret)
{
	AUTO(unitpath_fini) struct unitpath path = { .n = 0 };
	struct nearest n;

	*ret = '\0';
	if (!unit_name_is_valid(unit)) {
		return;
	}
	nearest_init(&n, unit);
	if (c->o.root) {
		unitpath_init_default(&path);
	} else {
		offer_loaded(&n, c);
		unitpath_init(&path, c);
	}
	for (size_t i = 0; i < path.n; i++) {
		offer_files(&n, c->o.root, path.dirs[i]);
	}
	if (n.same && c->bus) {
		snprintf(ret, NEAREST_HINT, "; its file is there: supctl daemon-reload reads it");
	} else if (*n.name) {
		snprintf(ret, NEAREST_HINT, "; did you mean %s?", n.name);
	}
}

void nearest_say_missing(struct ctl *c, const char *unit)
{
	char hint[NEAREST_HINT];

	nearest_unit(c, unit, hint);
	ctl_error(c, "Unit %s could not be found%s", unit, *hint ? hint : ".");
}

bool nearest_is_missing(struct ctl *c, const char *unit)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO(props_fini) struct props p = { 0 };

	if (ctl_try_connect(c) < 0) {
		return false;
	}
	if (ctl_unit_props(c, unit, &p, &error) >= 0
			? strcmp(props_string(&p, "LoadState"), "not-found") != 0
			: !sd_bus_error_has_name(&error, CTL_SERVICE ".NoSuchUnit")) {
		return false;
	}
	nearest_say_missing(c, unit);
	return true;
}
