// SPDX-License-Identifier: MIT
/*
 * Stands in for supd-load: settings from two plain arguments, a catalogue of a few fixed entries.
 * Of the files of fake.h beside it the first lets it fail, the second hang; with the
 * third the settings are what hangs.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "../../../runtime/plan/catalogue.h"
#include "../../../runtime/plan/launchwire.h"
#include "../../../runtime/plan/plan.h"
#include "../../../runtime/plan/settings.h"
#include "fake.h"

static int write_settings(const char *dir, const char *cgroup)
{
	static struct settings s = {
		.magic = SETTINGS_MAGIC,
		.version = SETTINGS_VERSION,
		.supd_uid = 64001,
		.supd_gid = 64001,
		.load_uid = 64002,
		.load_gid = 64002,
		.log_uid = 64003,
		.log_gid = 64003,
		.n_units = 1,
	};

	snprintf(s.runtime_dir, sizeof(s.runtime_dir), "%s/run", dir);
	snprintf(s.state_dir, sizeof(s.state_dir), "%s/state", dir);
	snprintf(s.log_dir, sizeof(s.log_dir), "%s/log", dir);
	snprintf(s.cgroup, sizeof(s.cgroup), "%s", cgroup);
	snprintf(s.units[0], sizeof(s.units[0]), "a.service");
	return write(LOAD_FD_SETTINGS, &s, sizeof(s)) == (ssize_t)sizeof(s) ? 0 : 1;
}

static int write_catalogue(void)
{
	static const struct catalogue_unit_spec units[] = {
		{ .name = "a.service",
			.cgroup = "system.slice/a.service",
			.flags = CATALOGUE_UNIT_NOTIFY,
			.fdstore_max = 4 },
		{ .name = "b.service",
			.cgroup = "system.slice/b.service",
			.flags = CATALOGUE_UNIT_DELEGATE },
	};
	static const struct {
		uint32_t unit;
		enum entry_kind kind;
		uint32_t flags;
	} entries[FAKE_ENTRY_COUNT] = {
		[FAKE_SLEEP] = { 0, ENTRY_MAIN, 0 },
		[FAKE_EXIT3] = { 0, ENTRY_MAIN, 0 },
		[FAKE_CRASH] = { 0, ENTRY_MAIN, 0 },
		[FAKE_FAIL] = { 0, ENTRY_CONTROL, 0 },
		[FAKE_WORK] = { 0, ENTRY_WORK, 0 },
		[FAKE_CLEAN] = { 0, ENTRY_WORK, CATALOGUE_ENTRY_CLEAN },
		[FAKE_DISCARD] = { 0, ENTRY_WORK, CATALOGUE_ENTRY_DISCARD },
		[FAKE_SLEEP_B] = { 1, ENTRY_MAIN, 0 },
		[FAKE_WAIT] = { 0, ENTRY_CONTROL, 0 },
		[FAKE_FORGE] = { 0, ENTRY_MAIN, 0 },
		[FAKE_LATE] = { 0, ENTRY_MAIN, 0 },
		[FAKE_BORN] = { 0, ENTRY_MAIN,
			CATALOGUE_ENTRY_BORN | PLAN_NS_MOUNT << CATALOGUE_ENTRY_NS_SHIFT },
		[FAKE_PAYLOAD] = { 0, ENTRY_MAIN, CATALOGUE_ENTRY_NSINIT },
	};
	struct catalogue_builder b = { 0 };
	struct tlv_buf plan = { 0 };
	struct file_stamp stamp = { 0 };

	for (size_t i = 0; i < 2; i++) {
		if (catalogue_add_unit(&b, &units[i]) < 0) {
			return 1;
		}
	}
	for (size_t i = 0; i < FAKE_ENTRY_COUNT; i++) {
		if (catalogue_add_entry(
			    &b, entries[i].unit, entries[i].kind, entries[i].flags, &plan) < 0) {
			return 1;
		}
	}
	int r = catalogue_write(&b, &stamp, &stamp, LOAD_FD_PLANS);

	catalogue_builder_fini(&b);
	return r < 0 || write(LOAD_FD_MANIFEST, "manifest", 8) != 8;
}

static bool has_beside(const char *name)
{
	char path[256];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);

	if (n <= 0) {
		return false;
	}
	path[n] = 0;
	strcpy(strrchr(path, '/') + 1, name);
	return access(path, F_OK) == 0;
}

static void hang_while(const char *name)
{
	while (has_beside(name)) {
		usleep(20000);
	}
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "--settings") == 0) {
		hang_while(FAKE_SETTINGS_STALL);
		return write_settings(argv[3], argv[4]);
	}
	hang_while(FAKE_LOAD_STALLS);
	if (has_beside(FAKE_LOAD_FAILS)) {
		fputs("it was to fail", stderr);
		return 1;
	}
	return write_catalogue();
}
