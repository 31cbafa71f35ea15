// SPDX-License-Identifier: MIT
#include "faultunits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../runtime/base/arenafmt.h"
#include "../../../runtime/base/cleanup.h"
#include "../../../units/load.h"

static const struct fault_unit units[] = {
	{ .name = "plain" },
	{ .name = "compat",
		.text = "[Container]\nProfile=compat\n"
			"[Service]\nExecStart=/bin/true\nRuntimeDirectory=fault\n"
			"PrivateTmp=yes\nLimitNOFILE=64\nNice=1\n"
			"Type=forking\nPIDFile=/run/fault.pid\n"
			"AppArmorProfile=-none\n",
		.steps = FAULT_STEP(STEP_LABEL) | FAULT_STEP(STEP_PIDFILE) },
	{ .name = "strict",
		.text = "[Container]\nProfile=strict\n"
			"[Service]\nExecStart=/bin/true $A\nUser=daemon\n"
			"RuntimeDirectory=fault fault/sub\nStateDirectory=fault:link\n"
			"CacheDirectory=fault\nLogsDirectory=fault\n"
			"LoadCredential=a:DIR/secret\nSetCredential=b:text\n"
			"EnvironmentFile=DIR/env\nBindPaths=DIR/bound:/mnt\n"
			"BindReadOnlyPaths=DIR/bound:/opt\n"
			"TemporaryFileSystem=/srv:size=1M\nInaccessiblePaths=/usr/local\n"
			"ExtensionDirectories=DIR/ext\n"
			"ReadWritePaths=/var/tmp\nNoExecPaths=/srv\nWorkingDirectory=/mnt\n"
			"LimitNOFILE=64\nNice=1\nOOMScoreAdjust=100\nIOSchedulingClass=idle\n"
			"CPUAffinity=0\nTimerSlackNSec=1000\nPersonality=x86-64\n"
			"DevicePolicy=strict\nDeviceAllow=/dev/null rw\nIPAddressDeny=any\n"
			"SocketBindDeny=any\nRestrictNetworkInterfaces=lo\n"
			"ProtectHostname=private:box\nKeyringMode=shared\n"
			"StandardInputText=hello\nStandardOutput=truncate:DIR/out\n",
		.steps = FAULT_STEP(STEP_CGROUP) | FAULT_STEP(STEP_DIRECTORIES) |
			 FAULT_STEP(STEP_ENVIRONMENT) | FAULT_STEP(STEP_STDIO) |
			 FAULT_STEP(STEP_CLONE) | FAULT_STEP(STEP_IDMAP) |
			 FAULT_STEP(STEP_NAMESPACES) | FAULT_STEP(STEP_RLIMITS) |
			 FAULT_STEP(STEP_KEYRING) | FAULT_STEP(STEP_MOUNTS) |
			 FAULT_STEP(STEP_PROCESS) | FAULT_STEP(STEP_WORKING_DIR) |
			 FAULT_STEP(STEP_CREDENTIALS) | FAULT_STEP(STEP_LANDLOCK) |
			 FAULT_STEP(STEP_DESCRIPTORS) | FAULT_STEP(STEP_SECCOMP) |
			 FAULT_STEP(STEP_EXEC) | FAULT_STEP(STEP_CREDENTIALS_DIR) },
	{ .name = "dynamic",
		.text = "[Container]\nProfile=standard\n"
			"[Service]\nExecStart=/bin/true\nDynamicUser=yes\nStateDirectory=dyn\n"
			"CacheDirectory=dyn\nLogsDirectory=dyn\nRuntimeDirectory=dyn\n"
			"PrivateTmp=yes\nPrivateIPC=yes\nProtectControlGroups=private\n" },
	{ .name = "rootdir",
		.text = "[Container]\nProfile=standard\n"
			"[Service]\nExecStart=/true\nRootDirectory=DIR/root\n"
			"BindReadOnlyPaths=DIR/env:/env\nStateDirectory=inroot\n"
			"TemporaryFileSystem=/tmp\n",
		.steps = FAULT_STEP(STEP_ROOT) },
	{ .name = "tmpfsroot",
		.text = "[Container]\nProfile=standard\n"
			"[Service]\nExecStart=/true\nTemporaryFileSystem=/\n"
			"BindReadOnlyPaths=DIR/root/true:/true\n" },
	{ .name = "image",
		.text = "[Container]\nProfile=standard\n"
			"[Service]\nExecStart=/true\nRootImage=DIR/disk\n"
			"MountImages=DIR/disk:/mnt\n",
		.needs_image = true,
		.stride = 4 },
};

const struct fault_unit *fault_unit_find(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(units); i++) {
		if (strcmp(units[i].name, name) == 0) {
			return &units[i];
		}
	}
	return NULL;
}

/* ---- what they name ---- */

/* By a shell, in the partner's directory. */
static int run(const struct fake *f, const char *what, const char *argument)
{
	char command[768];

	snprintf(command, sizeof(command), "cd '%s' && %s%s", f->dir, what, argument);
	return system(command) == 0 ? 0 : -EIO;
}

static int make_files(const struct fake *f, const char *program)
{
	static const char *const lines[] = {
		"mkdir -p root/proc root/sys root/dev root/run root/tmp root/mnt root/var/lib "
		"root/var/tmp",
		"mkdir bound && mkdir -p ext/usr/lib/extension-release.d && "
		"echo ID=_any >ext/usr/lib/extension-release.d/extension-release.ext && touch "
		"root/env && echo A=1 >env && echo secret >secret",
		"install -m 0755 -t root ",
	};
	int r = run(f, lines[0], "");

	r = r < 0 ? r : run(f, lines[1], "");
	return r < 0 ? r : run(f, lines[2], program);
}

static int make_image(const struct fake *f)
{
	if (access("/dev/loop-control", R_OK | W_OK) < 0) {
		return -EOPNOTSUPP;
	}
	return run(f, "truncate -s 8M disk && mkfs.ext4 -q -d root disk", "") < 0 ? -EOPNOTSUPP : 0;
}

/* ---- the unit ---- */

static int write_unit(const struct fake *f, const char *text, char *path)
{
	FILE *file;

	sprintf(path, "%s/fault.service", f->dir);
	file = fopen(path, "we");
	if (!file) {
		return -errno;
	}
	for (; *text; text++) {
		if (strncmp(text, "DIR", 3) == 0 && (text[3] == '/' || text[3] == '\n')) {
			fputs(f->dir, file);
			text += 2;
		} else {
			fputc(*text, file);
		}
	}
	return fclose(file) == 0 ? 0 : -errno;
}

static void show(const struct load *l)
{
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < l->diagnostics.rows.n; i++) {
		fprintf(stderr, "%s\n",
			diag_format(
				&arena, (const struct diagnostic *)l->diagnostics.rows.items + i));
	}
	arena_fini(&arena);
}

static int load(struct load *l, const struct settings *settings, const char *path, int plans_fd)
{
	const char *const files[] = { path, NULL };
	AUTO_CLOSE int table = memfd_create("table", MFD_CLOEXEC);
	AUTO_CLOSE int manifest = memfd_create("manifest", MFD_CLOEXEC);
	int r = load_run(l, settings, files, table);

	show(l);
	if (r == 0 && l->diagnostics.n_errors) {
		r = -EINVAL;
	}
	return r < 0 ? r : load_write(l, plans_fd, manifest);
}

/* The main command is the entry that is asked for. */
static int find_main(struct fake *f)
{
	struct stat st;
	struct catalogue c;
	void *base;
	int r;

	if (fstat(f->plans, &st) < 0) {
		return -errno;
	}
	base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, f->plans, 0);
	if (base == MAP_FAILED) {
		return -errno;
	}
	r = catalogue_open(base, (size_t)st.st_size, &c);
	for (uint32_t i = 0; r == 0 && i < c.header->n_entries; i++) {
		if (c.entries[i].kind == ENTRY_MAIN) {
			f->job.entry = i;
		}
	}
	munmap(base, (size_t)st.st_size);
	return r;
}

int fault_unit_compile(
	struct fake *f, const struct fault_unit *unit, const char *build_dir, const char *program)
{
	struct settings settings = { .runtime_dir = "/run/supd",
		.state_dir = "/var/lib/supd",
		.log_dir = "/var/log/supd",
		.id_pool_first = 0x40000000,
		.id_pool_ranges = 16383 };
	struct load l;
	char path[128];
	int r = make_files(f, program);

	r = r == 0 && unit->needs_image ? make_image(f) : r;
	r = r == 0 ? write_unit(f, unit->text, path) : r;
	if (r < 0) {
		return r;
	}
	r = load_init(&l);
	l.profile_dir = arena_printf(&l.arena, "%s/units/profiles", build_dir);
	f->plans = memfd_create("plans", MFD_CLOEXEC);
	r = r < 0 || f->plans < 0 ? -ENOMEM : load(&l, &settings, path, f->plans);
	load_fini(&l);
	return r < 0 ? r : find_main(f);
}
