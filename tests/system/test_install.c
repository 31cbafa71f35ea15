// SPDX-License-Identifier: MIT
/*
 * What supctl writes with its caller's rights: [Install] links, drop-ins, transient units. And
 * what a reload says, and takes.
 */
#include "check.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"

#define SLEEPER "[Service]\nExecStart=/bin/sleep infinity\n"

static bool exists(const char *path)
{
	char full[256];
	struct stat st;

	snprintf(full, sizeof(full), "%s/%s", s->dir, path);
	return lstat(full, &st) == 0;
}

static void test_enable(void **state)
{
	(void)state;
	load("web.service", SLEEPER "[Install]\nWantedBy=default.target\nAlias=site.service\n");
	CHECK(sys_ctl(s, "is-enabled web") == 1 && sys_said(s, "disabled"));
	CHECK(sys_ctl(s, "enable --now web") == 0);
	CHECK(sys_said(s, "Created symlink "));
	CHECK(exists("units/default.target.wants/web.service"));
	CHECK(exists("units/site.service"));
	CHECK(sys_ctl(s, "is-enabled web") == 0 && sys_said(s, "enabled"));
	CHECK(property_equals("site.service", "ActiveState", "active"));
	CHECK(property_equals("default.target", "Wants", "web.service"));
	CHECK(sys_ctl(s, "disable --now web") == 0 && sys_said(s, "Removed "));
	CHECK(!exists("units/default.target.wants") && !exists("units/site.service"));
	CHECK(property_equals("web.service", "ActiveState", "inactive"));
	CHECK(sys_ctl(s, "enable gone.service") == 1 && sys_said(s, "does not exist"));
	CHECK(sys_ctl(s, "enable --runtime -q web") == 0 && s->output[0] == '\0');
	CHECK(exists("run/units/default.target.wants/web.service"));
	CHECK(sys_ctl(s, "is-enabled web") == 0 && sys_said(s, "enabled-runtime"));
	CHECK(sys_ctl(s, "disable --runtime web") == 0);
}

/* `supctl is-enabled`, which reads files, and supd, which was told, say the same. */
static void check_state(const char *unit, const char *state)
{
	sys_ctl(s, "is-enabled %s", unit);
	if (strncmp(s->output, state, strlen(state)) != 0 || s->output[strlen(state)] != '\n') {
		sys_fail(s, "is-enabled %s: not %s", unit, state);
	}
	if (!property_equals(unit, "UnitFileState", state)) {
		sys_fail(s, "UnitFileState of %s: not %s", unit, state);
	}
}

static void test_states(void **state)
{
	char path[192];

	(void)state;
	load("st.service", SLEEPER "[Install]\nWantedBy=default.target\nAlias=st2.service\n");
	load("plain.service", SLEEPER);
	load("also.service", SLEEPER "[Install]\nAlso=st.service\n");
	load("t@.service", SLEEPER "[Install]\nWantedBy=default.target\nDefaultInstance=a\n");
	check_state("plain.service", "static");
	check_state("st.service", "disabled");
	check_state("also.service", "indirect");
	CHECK(sys_ctl(s, "enable --runtime st") == 0);
	check_state("st.service", "enabled-runtime");
	CHECK(sys_ctl(s, "enable st t@b.service") == 0);
	check_state("st.service", "enabled");
	check_state("t@b.service", "enabled");
	CHECK(sys_ctl(s, "disable st") == 0 && sys_ctl(s, "disable --runtime st") == 0);
	check_state("st.service", "disabled");
	CHECK(sys_ctl(s, "disable t@b.service") == 0);
	CHECK(sys_ctl(s, "add-wants default.target plain") == 0);
	check_state("plain.service", "enabled");
	CHECK(sys_ctl(s, "disable plain") == 0);
	snprintf(path, sizeof(path), "%s/away.service", s->dir);
	sys_unit(s, "../away.service", SLEEPER);
	CHECK(sys_ctl(s, "link %s", path) == 0);
	check_state("away.service", "linked");
	CHECK(sys_ctl(s, "mask --runtime absent") == 0);
	check_state("absent.service", "masked-runtime");
	CHECK(sys_ctl(s, "unmask --runtime absent") == 0);
	CHECK(sys_ctl(s, "mask absent") == 0);
	check_state("absent.service", "masked");
	CHECK(sys_ctl(s, "unmask absent") == 0);
}

static void test_mask(void **state)
{
	(void)state;
	load("idle.service", SLEEPER);
	CHECK(sys_ctl(s, "mask idle") == 1 && sys_said(s, "already exists"));
	CHECK(sys_ctl(s, "mask --runtime idle") == 0);
	CHECK(sys_ctl(s, "unmask --runtime idle") == 0);
	CHECK(sys_ctl(s, "mask absent") == 0);
	CHECK(sys_ctl(s, "start absent") != 0 && sys_said(s, "masked"));
	CHECK(sys_ctl(s, "unmask absent") == 0);
	CHECK(!exists("units/absent.service"));
}

static void test_reload_report(void **state)
{
	long pid;

	(void)state;
	load("steady.service", SLEEPER "RestartSec=2\n");
	CHECK(sys_ctl(s, "start steady") == 0);
	pid = sys_number(s, "steady.service", "MainPID");
	sys_unit(s, "steady.service", SLEEPER "RestartSec=3\n[Unit]\nAfter=idle.service\n");
	sys_unit(s, "fresh.service", SLEEPER);
	CHECK(sys_ctl(s, "daemon-reload --dry-run") == 0);
	CHECK(sys_said(s, "steady.service: RestartSec: 2s → 3s\n"));
	CHECK(sys_said(s, "steady.service: After: (none) → idle.service\n"));
	CHECK(sys_said(s, "fresh.service: new\n"));
	CHECK(property_equals("steady.service", "RestartUSec", "2s"));
	CHECK(sys_ctl(s, "start fresh") == 5);
	CHECK(sys_ctl(s, "daemon-reload") == 0 && sys_said(s, "RestartSec: 2s → 3s\n"));
	CHECK(property_equals("steady.service", "RestartUSec", "3s"));
	CHECK(sys_ctl(s, "daemon-reload") == 0 && !sys_said(s, "→"));
	sys_unit(s, "steady.service", SLEEPER "RestartSec=4\nProtectSystem=maybe\n");
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(sys_said(s, "steady.service: broken file, the old definition is kept"));
	CHECK(property_equals("steady.service", "RestartUSec", "3s"));
	CHECK(sys_number(s, "steady.service", "MainPID") == pid);
	CHECK(sys_ctl(s, "restart steady") == 0);
	CHECK(sys_ctl(s, "stop steady") == 0);
	sys_remove_unit(s, "steady.service");
	CHECK(sys_ctl(s, "daemon-reload") == 0 && sys_said(s, "steady.service: gone\n"));
}

static void test_set_property(void **state)
{
	char text[256];

	(void)state;
	load("tuned.service", SLEEPER "RestartSec=2\n");
	CHECK(sys_ctl(s, "set-property tuned RestartSec=5 KillMode=mixed") == 0);
	CHECK(property_equals("tuned.service", "RestartUSec", "5s"));
	CHECK(property_equals("tuned.service", "KillMode", "mixed"));
	sys_file(s, "units/tuned.service.d/50-RestartSec.conf", text, sizeof(text));
	CHECK(strstr(text, "[Service]\nRestartSec=5\n"));
	CHECK(sys_ctl(s, "set-property tuned RestartSec=6 Restart=maybe") == 1);
	CHECK(sys_said(s, "Restart=: \"maybe\" is not a value"));
	CHECK(property_equals("tuned.service", "RestartUSec", "5s"));
	CHECK(sys_ctl(s, "set-property tuned RestrtSec=6") == 1 && sys_said(s, "no such setting"));
	CHECK(sys_ctl(s, "set-property gone.service RestartSec=6") == 1);
	CHECK(sys_ctl(s, "revert tuned") == 0);
	CHECK(!exists("units/tuned.service.d"));
	CHECK(property_equals("tuned.service", "RestartUSec", "2s"));
}

static void test_edit(void **state)
{
	(void)state;
	load("edited.service", SLEEPER "RestartSec=2\n");
	setenv("SUPD_EDITOR", "printf '[Service]\\nRestartSec=8\\n' >", 1);
	CHECK(sys_ctl(s, "edit nowhere") == 1 && sys_said(s, "nowhere.service: no unit file"));
	CHECK(!exists("units/nowhere.service.d"));
	CHECK(sys_ctl(s, "edit edited") == 0);
	CHECK(property_equals("edited.service", "RestartUSec", "8s"));
	CHECK(exists("units/edited.service.d/override.conf"));
	setenv("SUPD_EDITOR", "printf '[Service]\\nRestartSec=often\\n' >", 1);
	CHECK(sys_ctl(s, "edit edited") == 1 && sys_said(s, "not taken"));
	CHECK(property_equals("edited.service", "RestartUSec", "8s"));
	setenv("SUPD_EDITOR", "true", 1);
	CHECK(sys_ctl(s, "edit edited") == 0 && sys_said(s, "nothing is changed"));
	setenv("SUPD_EDITOR", "printf '" SLEEPER "RestartSec=9\\n' >", 1);
	CHECK(sys_ctl(s, "edit --full --runtime edited") == 0);
	CHECK(exists("run/units/edited.service"));
	unsetenv("SUPD_EDITOR");
}

static void test_run(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "run --wait --unit two --collect -- false") == 1);
	CHECK(sys_said(s, "Finished with result: exit-code"));
	CHECK(!exists("run/transient/two.service"));
	CHECK(sys_ctl(s, "run --pipe -q -- echo %%h $HOME 100%%") == 0);
	CHECK(sys_said(s, "%h $HOME 100%\n"));
	CHECK(sys_ctl(s, "run --unit three -p RestartSec=often -- true") == 1);
	CHECK(sys_said(s, "is not a time span"));
	CHECK(!exists("run/transient/three.service"));
	CHECK(sys_ctl(s, "run --unit four -p User=nobody -- sleep infinity") == 0);
	CHECK(sys_said(s, "Running service as unit: four.service"));
	CHECK(sys_ctl(s, "run --unit four -- sleep infinity") == 1 && sys_said(s, "already"));
	CHECK(property_equals("four.service", "Transient", "yes"));
	CHECK(property_equals("four.service", "User", "nobody"));
	CHECK(exists("run/transient/four.service"));
	CHECK(sys_ctl(s, "is-enabled four") == 1 && sys_said(s, "transient"));
	/* It survives supd, and its file goes with it. */
	sys_kill_supd(s);
	sys_wait(s, "four.service", "ActiveState", "active");
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(property_equals("four.service", "ActiveState", "active"));
	CHECK(sys_ctl(s, "stop four") == 0);
	CHECK(!exists("run/transient/four.service"));
	for (int i = 0; i < 20; i++) { /* more than there is room for catalogues */
		CHECK(sys_ctl(s, "daemon-reload --dry-run") == 0);
	}
	CHECK(sys_ctl(s, "run nosuchprogram") == 1 && sys_said(s, "no such program"));
}

static bool file_gone(struct sys *sys, void *name)
{
	(void)sys;
	return !exists(name);
}

/* What failed is there over reloads, with its file, until reset-failed: as in systemd. */
static void test_run_failed(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "run --unit bad -p RuntimeDirectory=bad -- false") == 0);
	sys_wait(s, "bad.service", "ActiveState", "failed");
	CHECK(sys_ctl(s, "run --wait -q --unit bad2 -- false") == 1);
	CHECK(sys_ctl(s, "run --unit bad3 --service-type oneshot -- false") == 1);
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	sys_kill_supd(s);
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	for (const char *name = "bad\0bad2\0bad3\0"; *name; name += strlen(name) + 1) {
		char unit[32];

		snprintf(unit, sizeof(unit), "%s.service", name);
		CHECK(property_equals(unit, "ActiveState", "failed"));
		CHECK(property_equals(unit, "Result", "exit-code"));
		CHECK(property_equals(unit, "LoadState", "loaded"));
		CHECK(property_equals(unit, "CollectMode", "inactive"));
	}
	CHECK(sys_ctl(s, "list --failed") == 0 && sys_said(s, "bad2.service"));
	CHECK(sys_ctl(s, "run --unit bad -- true") == 1);
	CHECK(sys_said(s, "already") && sys_said(s, "supctl reset-failed bad.service"));
	CHECK(sys_ctl(s, "reset-failed bad bad2 bad3") == 0);
	sys_wait_for(s, "bad's file", file_gone, (void *)(uintptr_t) "run/transient/bad.service");
	sys_wait_for(s, "bad2's file", file_gone, (void *)(uintptr_t) "run/transient/bad2.service");
	sys_wait_for(s, "bad3's file", file_gone, (void *)(uintptr_t) "run/transient/bad3.service");
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(sys_ctl(s, "status bad") == 4);
	CHECK(sys_ctl(s, "run --unit bad -G -p RuntimeDirectory=bad -- false") == 0);
	sys_wait_for(s, "bad's file", file_gone, (void *)(uintptr_t) "run/transient/bad.service");
}

static void test_names(void **state)
{
	(void)state;
	load("frontend.service", "[Unit]\nWants=backend.service\nAfter=backend.service\n" SLEEPER);
	load("backend.service", SLEEPER);
	CHECK(sys_ctl(s, "start fronted") == 5);
	CHECK(sys_said(s, "Unit fronted.service not found; did you mean frontend.service?"));
	CHECK(sys_ctl(s, "logs fronted") == 1);
	CHECK(sys_said(s, "no such unit") && sys_said(s, "did you mean frontend.service?"));
	CHECK(sys_ctl(s, "logs backend") == 0);
	CHECK(sys_ctl(s, "list-dependencies frontend") == 0);
	CHECK(sys_said(s, "frontend.service\n○ ├─") || sys_said(s, "├─backend.service"));
	CHECK(sys_ctl(s, "list-dependencies --reverse --plain backend") == 0);
	CHECK(sys_said(s, "frontend.service"));
	CHECK(sys_ctl(s, "list-dependencies --after --json frontend") == 0);
	CHECK(sys_said(s, "\"unit\":\"backend.service\",\"active\":\"inactive\",\"depth\":1"));
	CHECK(sys_ctl(s, "show-environment") == 1 && sys_said(s, "Environment="));
	CHECK(sys_ctl(s, "isolate frontend") != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_enable),
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_reload_report),
		cmocka_unit_test(test_set_property),
		cmocka_unit_test(test_edit),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_run_failed),
		cmocka_unit_test(test_names),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
